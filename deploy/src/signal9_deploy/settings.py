"""What may differ between stages: one file each, overridable by environment, checked at load."""

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

__all__ = ["EDGE_REGION", "LOCAL", "Network", "Parts", "Quotas", "StageSettings"]

LOCAL: Final = "local"
"""The stage that lives on an emulator."""

EDGE_REGION: Final = "us-east-1"
"""Where CloudFront looks for certificates and firewalls, wherever the rest is."""

_FROZEN: Final = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
_EXPRESSION: Final = r"^(cron|rate|at)\(.+\)$"
_RETENTION: Final = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)
_PREFIX_LISTS: Final = {"dynamodb": "pl-02cd2c6b", "s3": "pl-63a5400a"}


def _network(value: str) -> str:
    return str(IPv4Network(value))


def _retention(days: int) -> int:
    if days not in _RETENTION:
        raise ValueError(f"CloudWatch keeps logs for {', '.join(map(str, _RETENTION))} days only")
    return days


Domain: TypeAlias = Annotated[
    str, Field(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", max_length=253)
]
Label: TypeAlias = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Origin: TypeAlias = Annotated[str, Field(pattern=r"^https?://[a-z0-9.-]+(:\d{1,5})?$")]
Recipient: TypeAlias = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Issuer: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^(https://[a-z0-9.-]+|http://(127\.0\.0\.1|localhost))(:\d{1,5})?(/[\w.~-]+)*/?$"
    ),
]
PrefixList: TypeAlias = Annotated[str, Field(pattern=r"^pl-[0-9a-f]{8,17}$")]
Schedule: TypeAlias = Annotated[str, Field(pattern=_EXPRESSION)]


class Network(BaseModel):
    """The VPC that functions live in."""

    model_config = _FROZEN

    enabled: bool = Field(True, description="Whether functions live in a VPC at all.")
    cidr: Annotated[str, AfterValidator(_network)] = Field(
        "10.0.0.0/16", description="The addresses of the VPC."
    )
    az_count: int = Field(2, ge=2, le=6, description="How many availability zones it spans.")
    nat_gateways: NonNegativeInt = Field(
        1, description="How many NAT gateways, at most one per zone; without one nothing goes out."
    )
    prefix_lists: dict[str, PrefixList] = Field(
        default_factory=lambda: dict(_PREFIX_LISTS),
        description="The region's prefix lists of DynamoDB and S3, which closed functions reach.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.nat_gateways > self.az_count:
            raise ValueError(f"nat_gateways: {self.nat_gateways} for {self.az_count} zones")
        if set(self.prefix_lists) != set(_PREFIX_LISTS):
            raise ValueError("prefix_lists: needs dynamodb and s3, and nothing else")
        return self


class Quotas(BaseModel):
    """How much the API takes."""

    model_config = _FROZEN

    requests_per_day: PositiveInt | None = Field(
        None, description="What the usage plan allows a day; unset makes no plan."
    )
    rate_per_s: PositiveInt = Field(100, description="Requests a second, over all callers.")
    burst: PositiveInt = Field(200, description="Requests at once, over all callers.")
    requests_per_address: int = Field(
        2000, ge=10, description="Requests of one address in five minutes before it is blocked."
    )


class Parts(BaseModel):
    """What a stage may go without."""

    model_config = _FROZEN

    alarms: bool = Field(
        True, description="Alarms on everything; without them only on the API and on failures."
    )
    archive_days: PositiveInt | None = Field(
        30, description="How long the bus keeps events for replay; 0 is not at all."
    )
    dashboard: bool = Field(True, description="A dashboard of API and pipeline.")
    edge: bool = Field(True, description="The distribution in front of site and API.")
    exports: bool = Field(True, description="Nightly exports of the tables to the backup bucket.")
    firewall: bool = Field(True, description="Web firewalls before API and distribution.")
    schemas: bool = Field(True, description="The registry of events' schemas.")
    tracing: bool = Field(True, description="X-Ray traces.")
    trail: bool = Field(True, description="The record of who touched which object.")

    @model_validator(mode="before")
    @classmethod
    def _none_is_no_archive(cls, given: object) -> object:
        # TOML has no null, and neither has an environment variable.
        if isinstance(given, dict) and str(given.get("archive_days")) == "0":
            return {**given, "archive_days": None}
        return given


class StageSettings(BaseSettings):
    """The settings of one stage, immutable; `load_stage` reads them and says what is wrong."""

    model_config = SettingsConfigDict(
        env_prefix="SIGNAL9_DEPLOY__",
        env_nested_delimiter="__",
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    stage: str = Field(pattern=r"^[a-z][a-z0-9]{0,11}$", description="The stage, as its file.")
    account: str | None = Field(
        None, pattern=r"^\d{12}$", description="The AWS account; prod must have one."
    )
    region: str = Field(
        "us-east-1",
        pattern=r"^[a-z]{2}(-[a-z]+)+-\d$",
        description="The region of all but the edge.",
    )
    domain: Domain | None = Field(
        None, description="The DNS zone; unset makes no names and no certificates."
    )
    zone_id: str | None = Field(
        None, pattern=r"^Z[A-Z0-9]{1,31}$", description="The zone where it exists; unset makes it."
    )
    app_host: Label = Field("app", description="The distribution's name in the domain.")
    api_host: Label = Field("api", description="The API's name in the domain.")
    mail: dict[Domain, int] = Field(
        default_factory=dict, description="Hosts that take the domain's mail, with preference."
    )
    aliases: dict[Label, Domain] = Field(
        default_factory=dict, description="Further names in the domain, and what they stand for."
    )
    origins: tuple[Origin, ...] = Field((), description="Web origins that may call the API.")
    recipients: tuple[Recipient, ...] = Field((), description="Who is told of alarms, by e-mail.")
    retain: bool = Field(
        False, description="Whether data outlives the stacks and is protected against deletion."
    )
    log_retention_days: Annotated[int, AfterValidator(_retention)] = Field(
        30, description="How long logs are kept."
    )
    issuer: Issuer | None = Field(
        None, description="Who issues the tokens that the API takes; only local goes without."
    )
    audience: str | None = Field(
        None,
        pattern=r"^\S{1,255}$",
        description="For which API tokens must be issued; goes with the issuer.",
    )
    provider: Literal["sample", "alphavantage", "alpaca"] = Field(
        "sample", description="Where market data comes from."
    )
    refresh_batch: PositiveInt = Field(25, description="Companies that one polling refreshes.")
    polling: Schedule = Field("cron(0 6 * * ? *)", description="When providers are polled, UTC.")
    export_schedule: Schedule = Field(
        "cron(30 2 * * ? *)", description="When tables are exported, UTC."
    )
    network: Network = Field(default_factory=Network, description="The VPC.")
    quotas: Quotas = Field(default_factory=Quotas, description="How much the API takes.")
    parts: Parts = Field(default_factory=Parts, description="What the stage may go without.")

    @property
    def emulated(self) -> bool:
        """Whether the stage lives on an emulator of AWS."""
        return self.stage == LOCAL

    @property
    def app_name(self) -> str | None:
        """The distribution's full name, if there is a domain."""
        return self.domain and f"{self.app_host}.{self.domain}"

    @property
    def api_name(self) -> str | None:
        """The API's full name, if there is a domain."""
        return self.domain and f"{self.api_host}.{self.domain}"

    @property
    def title(self) -> str:
        """What stacks, tags and the dashboard are called after."""
        return f"Signal9-{self.stage}"

    @model_validator(mode="after")
    def _domain_comes_first(self) -> Self:
        if self.domain is None:
            for name in ("zone_id", "mail", "aliases"):
                if getattr(self, name):
                    raise ValueError(f"{name}: needs a domain")
        return self

    @model_validator(mode="after")
    def _prod_is_careful(self) -> Self:
        if self.stage == "prod":
            if self.account is None:
                raise ValueError("account: prod must name the account that it is deployed to")
            if not self.retain:
                raise ValueError("retain: prod must keep its data")
            if self.parts.alarms and not self.recipients:
                raise ValueError("recipients: somebody must hear prod's alarms")
        return self

    @model_validator(mode="after")
    def _somebody_issues_tokens(self) -> Self:
        if not self.emulated:
            if self.issuer is None:
                raise ValueError(
                    f"issuer: {self.stage} must name who issues the tokens that its API takes, "
                    "in its file or in SIGNAL9_DEPLOY__ISSUER"
                )
            if not self.issuer.startswith("https://"):
                raise ValueError("issuer: must start with https://")
        if self.issuer and not self.audience:
            raise ValueError("audience: an issuer's tokens must say that they are for this API")
        return self
