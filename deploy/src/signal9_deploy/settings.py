"""The settings of a stage: a file per stage, overridable by environment variables."""

from ipaddress import IPv4Network
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    PositiveInt,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = [
    "COST_TAG",
    "EDGE_REGION",
    "LOCAL",
    "Canary",
    "Network",
    "Parts",
    "Quotas",
    "StageSettings",
]

LOCAL: Final = "local"
"""The stage that runs on an emulator."""

EDGE_REGION: Final = "us-east-1"
"""The region in which CloudFront requires certificates and firewalls."""

COST_TAG: Final = "Stage"
"""The tag by which the costs of a stage are told from others."""

_MAX_RECIPIENTS: Final = 10

_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_EXPRESSION: Final = r"^(cron|rate|at)\(.+\)$"
NONCURRENT_DAYS: Final = 30
"""How long a bucket keeps what was replaced or has expired."""

_RETENTION: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)
_PREFIX_LISTS: Final = ("dynamodb", "s3")


def _network(value: str) -> str:
    return str(IPv4Network(value))


def _retention(days: int) -> int:
    if days not in _RETENTION:
        raise ValueError(f"must be one of {', '.join(map(str, _RETENTION))}")
    return days


Domain: TypeAlias = Annotated[
    str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=253)
]
Label: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Country: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Host: TypeAlias = Annotated[str, Field(pattern=r"^(@|[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$")]
Spf: TypeAlias = Annotated[str, Field(pattern=r"^v=spf1 .*[-~]all$", max_length=255)]
Dmarc: TypeAlias = Annotated[
    str, Field(pattern=r"^v=DMARC1; *p=(none|quarantine|reject)\b.*$", max_length=255)
]
Origin: TypeAlias = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")]
Recipient: TypeAlias = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Issuer: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^(https://[a-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:\d{1,5})?(/[\w.~-]+)*/?$"
    ),
]
Model: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]+\.[a-z0-9-]+(:[a-z0-9]+)*$")]
PrefixList: TypeAlias = Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")]
Schedule: TypeAlias = Annotated[str, Field(pattern=_EXPRESSION)]


class Network(BaseModel):
    """The VPC of the functions."""

    model_config = _FROZEN

    enabled: bool = Field(True, description="Whether functions run in a VPC.")
    cidr: Annotated[str, AfterValidator(_network)] = Field(
        "10.0.0.0/16", description="The VPC's addresses."
    )
    az_count: int = Field(2, ge=2, le=6, description="The number of availability zones.")
    nat_gateways: NonNegativeInt = Field(
        1, description="NAT gateways, at most one per zone; 0: no internet access."
    )
    prefix_lists: dict[str, PrefixList] | None = Field(
        None,
        description="The prefix lists of DynamoDB and S3 in the region; unset: looked up.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.nat_gateways > self.az_count:
            raise ValueError(f"nat_gateways: must be at most {self.az_count}, the number of zones")
        if self.prefix_lists is not None and set(self.prefix_lists) != set(_PREFIX_LISTS):
            raise ValueError("prefix_lists: must have exactly the keys dynamodb and s3")
        return self


class Quotas(BaseModel):
    """The limits of the API."""

    model_config = _FROZEN

    rate_per_s: PositiveInt = Field(100, description="Requests per second from all callers.")
    burst: PositiveInt = Field(200, description="Burst of requests from all callers.")
    requests_per_address: int = Field(
        2000, ge=10, description="Requests per address in five minutes before it is blocked."
    )
    requests_per_token: int = Field(
        1000, ge=10, description="Requests with one token in five minutes before it is blocked."
    )


class Canary(BaseModel):
    """The function that checks the stage after every deployment."""

    model_config = _FROZEN

    minutes: int = Field(
        0, ge=0, le=60, description="How often it checks the stage afterwards as well; 0: never."
    )
    sign_in: bool = Field(
        False,
        description="Whether it signs in, as the client in the secret `signal9/canary/<stage>`.",
    )


class Parts(BaseModel):
    """The optional parts of a stage."""

    model_config = _FROZEN

    alarms: bool = Field(
        True, description="Alarms on everything; otherwise only on the API and on failed events."
    )
    archive_days: PositiveInt | None = Field(
        30, description="Days that the bus archives events for replay; 0: no archive."
    )
    dashboard: bool = Field(True, description="A dashboard of the API and the pipeline.")
    edge: bool = Field(True, description="The distribution in front of the site and the API.")
    exports: bool = Field(True, description="Nightly exports of the tables to the backup bucket.")
    firewall: bool = Field(True, description="Firewalls in front of the API and the distribution.")
    schemas: bool = Field(True, description="A registry of event schemas.")
    tracing: bool = Field(True, description="X-Ray traces.")
    trail: bool = Field(True, description="A CloudTrail trail of reads and writes of S3 objects.")

    @model_validator(mode="before")
    @classmethod
    def _zero_means_no_archive(cls, values: object) -> object:
        # Neither TOML nor an environment variable can say null.
        if isinstance(values, dict) and str(values.get("archive_days")) == "0":
            return {**values, "archive_days": None}
        return values


class StageSettings(BaseSettings):
    """The settings of one stage, read and checked by `load_stage`."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNAL9_DEPLOY__",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    stage: str = Field(pattern=r"^[a-z][a-z0-9]{0,11}$", description="The stage's name.")
    account: str | None = Field(
        None, pattern=r"^\d{12}$", description="The account; required for prod, ignored for local."
    )
    region: str = Field(
        "us-east-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="The region of everything but the edge.",
    )
    domain: Domain | None = Field(
        None, description="The DNS zone; unset: no custom names and no certificates."
    )
    zone_id: str | None = Field(
        None,
        pattern=r"^Z[A-Z0-9]{1,31}$",
        description="The id of an existing zone; unset: a new one.",
    )
    site_hosts: tuple[Host, ...] = Field(
        (), description="Further host names that the distribution serves; @: the domain itself."
    )
    app_host: Label = Field("app", description="The distribution's host name in the domain.")
    api_host: Label = Field("api", description="The API's host name in the domain.")
    mail: dict[Domain, int] = Field(
        default_factory=dict, description="The domain's mail hosts, with preferences."
    )
    spf: Spf | None = Field(None, description="Who may send the domain's mail; required with mail.")
    dmarc: Dmarc | None = Field(
        None, description="What receivers do with forged mail; required with mail."
    )
    aliases: dict[Label, Domain] = Field(
        default_factory=dict, description="Further CNAMEs in the domain and their targets."
    )
    origins: tuple[Origin, ...] = Field((), description="Web origins that may call the API (CORS).")
    allowed_countries: tuple[Country, ...] = Field(
        (), description="Countries whose callers are let in, such as DE; none: all."
    )
    denied_countries: tuple[Country, ...] = Field(
        (), description="Countries whose callers are refused."
    )
    recipients: tuple[Recipient, ...] = Field(
        (), description="Addresses that alarms are mailed to."
    )
    runbooks: str = Field(
        "docs/runbooks.md",
        pattern=r"^[^\s#]{1,300}$",
        description="Where the runbooks are, to which alarms link; by default in the repository.",
    )
    monthly_budget_usd: PositiveInt | None = Field(
        None,
        description="The stage's budget in dollars a month; recipients are told at 80 % of it, and "
        "when more is forecast; unset: no budget.",
    )
    anomaly_usd: PositiveInt | None = Field(
        None, description="Unusual costs that recipients are told of, in dollars; unset: never."
    )
    anomaly_monitor: str | None = Field(
        None,
        pattern=r"^arn:aws:ce::\d{12}:anomalymonitor/[0-9a-f-]+$",
        description="An existing monitor of costs; unset: a new one of the stage's tag, which only "
        "the management account of an organization may have.",
    )
    mail_sender: Recipient | None = Field(
        None,
        description="The address that users' notifications are mailed from, in a domain that SES "
        "has verified; unset: no mail.",
    )
    retain: bool = Field(
        False, description="Whether data is protected, and kept when stacks are deleted."
    )
    log_retention_days: Annotated[int, AfterValidator(_retention)] = Field(
        30, description="Days that logs are kept."
    )
    issuer: Issuer | None = Field(
        None, description="The issuer of the API's access tokens; required except for local."
    )
    audience: str | None = Field(
        None,
        pattern=r"^\S{1,255}$",
        description="The audience of the API's access tokens; required with an issuer.",
    )
    require_scopes: bool = Field(
        False, description="Whether a token without any of the API's scopes may do nothing."
    )
    provider: Literal["sample", "alphavantage", "alpaca"] = Field(
        "sample", description="The provider of market data."
    )
    provider_per_minute: PositiveInt | None = Field(
        None, description="Requests per minute of the provider's plan; unset: of its free plan."
    )
    allow_sample: bool = Field(
        False, description="Whether stages other than local and dev may serve the sample data."
    )
    sentiment_model: Model | None = Field(
        None,
        description="The foundation model of Amazon Bedrock that scores news; unset: the lexicon.",
    )
    polling: Schedule = Field(
        "cron(0 6 * * ? *)", description="When market data is polled in any case, UTC."
    )
    planning: Schedule = Field(
        "rate(15 minutes)", description="How often what is due is planned and sent to the workers."
    )
    rotation_days: NonNegativeInt = Field(
        30,
        description="Days after which Auth0's client secret is rotated; 0: never, an alarm reports "
        "its age.",
    )
    export_schedule: Schedule = Field(
        "cron(30 2 * * ? *)", description="When tables are exported, UTC."
    )
    recovery_days: int = Field(
        35, ge=1, le=35, description="Days back to which a table can be restored."
    )
    export_days: PositiveInt = Field(400, description="Days that exports of the tables are kept.")
    gradual: bool = Field(
        False,
        description="Whether functions have versions, which CodeDeploy gives a tenth of the "
        "requests for five minutes first; errors roll the deployment back.",
    )
    snap_start: bool = Field(
        False,
        description="Whether the API's functions start from snapshots, which cost by the hour.",
    )
    canary: Canary = Field(default_factory=Canary, description="The canary.")
    emulator_port: int = Field(
        4566, ge=1, le=65_535, description="The emulator's port; `deploy:local` sets it."
    )
    network: Network = Field(default_factory=Network, description="The VPC.")
    quotas: Quotas = Field(default_factory=Quotas, description="The limits of the API.")
    parts: Parts = Field(default_factory=Parts, description="The optional parts of the stage.")

    @property
    def emulated(self) -> bool:
        """Whether the stage runs on an emulator of AWS."""
        return self.stage == LOCAL

    @property
    def api_base(self) -> str | None:
        """The URL of the API behind its own name or the distribution's, if there is a zone."""
        return self.domain and f"https://{self.api_name}"

    @property
    def rotates(self) -> bool:
        """Whether Auth0's client secret is rotated; the emulator has no such schedules."""
        return self.rotation_days > 0 and not self.emulated

    @property
    def behind_edge(self) -> bool:
        """Whether the API is reached through the distribution only."""
        return self.parts.edge and self.parts.firewall and not self.emulated

    @property
    def app_name(self) -> str | None:
        """The distribution's domain name, if there is a zone."""
        return self.domain and f"{self.app_host}.{self.domain}"

    @property
    def site_names(self) -> list[str]:
        """All domain names of the distribution, none without a zone."""
        if not (self.domain and self.app_name):
            return []
        hosts = [f"{host}.".removeprefix("@.") + self.domain for host in self.site_hosts]
        api = [f"{self.api_host}.{self.domain}"] if self.behind_edge else []
        return list(dict.fromkeys((self.app_name, *hosts, *api)))

    @property
    def api_name(self) -> str | None:
        """The API's domain name, if there is a zone."""
        return self.domain and f"{self.api_host}.{self.domain}"

    @property
    def backup_days(self) -> int:
        """How long what is deleted from the tables stays in backups and in the archive of events.

        An export that has expired is a noncurrent version of its object for another month.
        """
        exports = self.export_days + NONCURRENT_DAYS if self.parts.exports else 0
        return max(self.recovery_days, self.parts.archive_days or 0, exports)

    @property
    def title(self) -> str:
        """The prefix of stack names, and the dashboard's name."""
        return f"Signal9-{self.stage}"

    @model_validator(mode="after")
    def _dns_requires_a_domain(self) -> Self:
        if self.domain is None:
            for name in ("zone_id", "mail", "aliases", "site_hosts"):
                if getattr(self, name):
                    raise ValueError(f"{name}: requires a domain")
        return self

    @model_validator(mode="after")
    def _mail_requires_the_internet(self) -> Self:
        if self.mail_sender and self.network.enabled and not self.network.nat_gateways:
            raise ValueError("mail_sender: requires a NAT gateway, or no VPC")
        return self

    @model_validator(mode="after")
    def _records_lead_somewhere(self) -> Self:
        for name, target in self.aliases.items():
            if target in self.site_names:
                raise ValueError(f"aliases.{name}: the distribution serves only its site_hosts")
        for host in self.mail:
            if host == self.domain or host.endswith(f".{self.domain}"):
                raise ValueError(f"mail: {host} has no address: the stage makes none in its domain")
        if bool(self.mail) != bool(self.spf) or bool(self.mail) != bool(self.dmarc):
            raise ValueError("mail, spf and dmarc: must be set together")
        return self

    @model_validator(mode="after")
    def _data_is_live(self) -> Self:
        if self.provider == "sample" and self.provider_per_minute is not None:
            raise ValueError("provider_per_minute: requires a live provider")
        may_be_sample = self.allow_sample or self.stage in (LOCAL, "dev")
        if self.provider == "sample" and not may_be_sample:
            raise ValueError(
                f"provider: must be live for {self.stage}, or allow_sample must be true"
            )
        return self

    @model_validator(mode="after")
    def _canary_reaches_the_api(self) -> Self:
        if self.canary.minutes and self.behind_edge and self.domain is None:
            raise ValueError("canary.minutes: requires a domain, or the API without parts.edge")
        if self.network.enabled and not self.network.nat_gateways and self.canary.minutes:
            raise ValueError("canary.minutes: requires a NAT gateway, or no VPC")
        return self

    @model_validator(mode="after")
    def _countries_need_a_firewall(self) -> Self:
        if self.allowed_countries and self.denied_countries:
            raise ValueError("allowed_countries, denied_countries: only one can be set")
        if (self.allowed_countries or self.denied_countries) and not self.parts.firewall:
            raise ValueError("allowed_countries, denied_countries: require parts.firewall")
        return self

    @model_validator(mode="after")
    def _prod_is_protected(self) -> Self:
        if self.stage == "prod":
            if self.account is None:
                raise ValueError("account: is required for prod")
            if not self.retain:
                raise ValueError("retain: must be true for prod")
            if not self.recipients:
                raise ValueError(
                    "recipients: are required for prod's alarms: set them in the file or in "
                    "SIGNAL9_DEPLOY__RECIPIENTS"
                )
        return self

    @model_validator(mode="after")
    def _recipients_get_their_mail(self) -> Self:
        new_domain = None if self.zone_id or self.mail else self.domain
        for recipient in self.recipients:
            if recipient.partition("@")[2] == new_domain:
                raise ValueError(f"recipients: {new_domain} is a new domain without mail")
        return self

    @model_validator(mode="after")
    def _costs_are_told(self) -> Self:
        if self.monthly_budget_usd and not 0 < len(self.recipients) <= _MAX_RECIPIENTS:
            raise ValueError(f"monthly_budget_usd: requires 1 to {_MAX_RECIPIENTS} recipients")
        if self.anomaly_usd and not self.monthly_budget_usd:
            raise ValueError("anomaly_usd: requires monthly_budget_usd")
        if self.anomaly_monitor and not self.anomaly_usd:
            raise ValueError("anomaly_monitor: requires anomaly_usd")
        return self

    @model_validator(mode="after")
    def _tokens_have_an_issuer(self) -> Self:
        if not self.emulated:
            if self.issuer is None:
                raise ValueError(
                    f"issuer: is required for {self.stage}: set it in the file or in "
                    "SIGNAL9_DEPLOY__ISSUER"
                )
            if not self.issuer.startswith("https://"):
                raise ValueError("issuer: must start with https://")
        if self.issuer and not self.audience:
            raise ValueError("audience: is required with an issuer")
        return self
