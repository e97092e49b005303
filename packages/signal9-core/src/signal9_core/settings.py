"""Everything that differs between a laptop, dev and prod, from `SIGNAL9_` variables."""

import json
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .domain.model import Ticker
from .errors import SettingsError

_URL: Final = r"^https?://[^\s?#@]+$"
_ADDRESS: Final = r"^[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+$"
_MODEL: Final = r"^[a-z0-9.-]{1,120}(:[a-z0-9]+)*$"
_ORIGIN: Final = r"^https?://[^\s/?#@*,]+$"


def _default_home() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  # only without a home

    return user_data_path("signal9", appauthor=False)


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _from_json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError("not valid JSON") from error


class Settings(BaseSettings):
    """The settings; `load_settings` reads them and explains what is wrong."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        env_prefix="SIGNAL9_",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    stage: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,19}$")] = Field(
        "local", description="Name of the stage, as the health check shows it."
    )
    home: Path = Field(
        default_factory=_default_home, description="Folder of everything that is stored locally."
    )
    store: Literal["sqlite", "dynamodb"] = Field(
        "sqlite", description="Where the tables are: in a file in the home, or in DynamoDB."
    )
    table_prefix: str = Field("signal9-", description="Prefix of the names of DynamoDB tables.")
    tables: Annotated[dict[str, str], NoDecode, BeforeValidator(_from_json)] = Field(
        default_factory=dict,
        description='Names of tables that have no such prefix: `{"Assets": "my-assets"}`.',
    )
    provider: Literal["sample", "alphavantage", "alpaca"] = Field(
        "sample", description="Source of market data."
    )
    companies: Annotated[tuple[Ticker, ...], NoDecode, BeforeValidator(_split)] = Field(
        (),
        description="Tickers of the companies that are kept fresh, separated by commas; unset "
        "means all of the listing.",
    )
    alphavantage_key: SecretStr | None = Field(None, description="API key of AlphaVantage.")
    alphavantage_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://www.alphavantage.co", description="Address of AlphaVantage."
    )
    alphavantage_per_minute: PositiveInt | None = Field(
        None,
        description="Requests per minute of a premium plan; unset means the free plan, 25 a day.",
    )
    alpaca_key: SecretStr | None = Field(None, description="API key id of Alpaca.")
    alpaca_secret: SecretStr | None = Field(None, description="API secret key of Alpaca.")
    alpaca_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://paper-api.alpaca.markets",
        description="Address of Alpaca's trading API; live accounts have another one.",
    )
    alpaca_data_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://data.alpaca.markets", description="Address of Alpaca's market data API."
    )
    alpaca_feed: Literal["sip", "iex"] = Field(
        "sip", description="Bars of all exchanges, or of IEX only."
    )
    alpaca_per_minute: PositiveInt = Field(
        200, description="Requests per minute of the plan; the free one has 200."
    )
    quota_patience_s: NonNegativeFloat = Field(
        65, description="Seconds that a request may wait for its turn in a provider's quota."
    )
    cache_bucket: str | None = Field(
        None, description="Bucket for raw responses of providers; unset stores them in the home."
    )
    event_bus: str | None = Field(
        None, description="Name of the EventBridge bus; unset handles events in the process."
    )
    notification_topic: str | None = Field(
        None,
        description="ARN of the SNS topic for notifications; unset stores them in the inbox only.",
    )
    queue_prefix: str | None = Field(
        None,
        description="Prefix of the names of the stage's SQS queues; unset works without queues.",
    )
    mail_sender: Annotated[str, Field(pattern=_ADDRESS)] | None = Field(
        None, description="Address that SES mails notifications from; unset mails none."
    )
    app_url: Annotated[str, Field(pattern=_URL)] | None = Field(
        None, description="Address of the app, for the links in mails."
    )
    overview_max_age_days: PositiveInt = Field(
        30, description="Days after which a company's description is requested again."
    )
    financials_max_age_days: PositiveInt = Field(
        90, description="Days after which reports are requested again; sooner after a report date."
    )
    late_after_hours: PositiveInt = Field(
        26, description="Hours after which data that is due counts as late, in status and health."
    )
    news_max_age_hours: PositiveInt = Field(
        1, description="Hours after which news are requested again."
    )
    sentiment_model: Annotated[str, Field(pattern=_MODEL)] | None = Field(
        None,
        description="Id of the Amazon Bedrock model that scores articles without a sentiment; "
        "unset means the lexicon.",
    )
    sentiment_window_days: PositiveInt = Field(
        30, description="Days of news that the rolling sentiment covers."
    )
    backup_days: NonNegativeInt = Field(
        0, description="Days that deleted data stay in backups; users are told when they delete."
    )
    issuer: str | None = Field(
        None, description="Issuer (`iss`) of the tokens that the API accepts."
    )
    audience: str | None = Field(
        None, description="Audience (`aud`) of the tokens that the API accepts."
    )
    require_scopes: bool = Field(
        False, description="Whether tokens without any scope of the API are refused."
    )
    cors_origins: Annotated[
        tuple[Annotated[str, Field(pattern=_ORIGIN)], ...], NoDecode, BeforeValidator(_split)
    ] = Field((), description="Origins of web pages that may call the API, separated by commas.")

    @model_validator(mode="after")
    def _expand_home(self) -> Self:
        object.__setattr__(self, "home", self.home.expanduser())
        return self

    def table_name(self, table: str) -> str:
        """Return the physical name of a DynamoDB table."""
        return self.tables.get(table, f"{self.table_prefix}{table}")

    @property
    def location(self) -> str:
        """Where the tables are, for people to read."""
        return str(self.database) if self.store == "sqlite" else f"DynamoDB {self.table_name('*')}"

    @property
    def cache(self) -> Path:
        """The folder of raw responses, unless they are in a bucket."""
        return self.home / "cache"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "signal9.db"


def load_settings(**overrides: object) -> Settings:
    """Read the settings; overrides that are not `None` count before the environment.

    `SettingsError` names every invalid variable, without its value.
    """
    chosen = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings.model_validate(Settings(**chosen))  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"SIGNAL9_{str(problem['loc'][0]).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        raise SettingsError(problems) from error
