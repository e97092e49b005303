"""Everything that differs between a laptop, dev and prod, read from `SIGNAL9_` variables."""

import json
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveInt,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from .errors import SettingsError

__all__ = ["Settings", "load_settings"]

_URL: Final = r"^https?://[^\s?#@]+$"
_ORIGIN: Final = r"^https?://[^\s/?#@*,]+$"


def _default_home() -> Path:
    from platformdirs import user_data_path  # noqa: PLC0415  # only where no home is given

    return user_data_path("signal9", appauthor=False)


def _listed(value: object) -> object:
    return [each.strip() for each in value.split(",")] if isinstance(value, str) else value


def _from_json(value: object) -> object:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError as error:
        raise ValueError("not valid JSON") from error


class Settings(BaseSettings):
    """The settings, immutable; `load_settings` reads them and explains what is wrong."""

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
        "local", description="The stage's name, shown by the health check."
    )
    home: Path = Field(
        default_factory=_default_home, description="The folder for everything that is kept locally."
    )
    store: Literal["sqlite", "dynamodb"] = Field(
        "sqlite", description="Where the tables live: a file in the home, or DynamoDB."
    )
    table_prefix: str = Field(
        "signal9-", description="What the names of DynamoDB tables start with, unless named below."
    )
    tables: Annotated[dict[str, str], NoDecode, BeforeValidator(_from_json)] = Field(
        default_factory=dict,
        description='Names of DynamoDB tables, as JSON: `{"Assets": "my-assets"}`.',
    )
    provider: Literal["sample", "alphavantage", "alpaca"] = Field(
        "sample", description="Where market data comes from."
    )
    alphavantage_key: SecretStr | None = Field(None, description="Key of AlphaVantage.")
    alphavantage_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://www.alphavantage.co", description="Where AlphaVantage is."
    )
    alphavantage_per_minute: PositiveInt | None = Field(
        None,
        description="Calls a minute of a premium plan; unset is the free one, of 25 a day.",
    )
    alpaca_key: SecretStr | None = Field(None, description="Key id of Alpaca.")
    alpaca_secret: SecretStr | None = Field(None, description="Secret key of Alpaca.")
    alpaca_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://paper-api.alpaca.markets",
        description="Where Alpaca's list of assets is; keys of a live account have another host.",
    )
    alpaca_data_url: Annotated[str, Field(pattern=_URL)] = Field(
        "https://data.alpaca.markets", description="Where Alpaca's market data are."
    )
    alpaca_feed: Literal["sip", "iex"] = Field(
        "sip", description="Bars of all exchanges, or of IEX alone."
    )
    alpaca_per_minute: PositiveInt = Field(
        200, description="Calls a minute of the plan at Alpaca; the free one has 200."
    )
    quota_patience_s: NonNegativeFloat = Field(
        65, description="How many seconds a call may wait for its turn in a provider's quota."
    )
    cache_bucket: str | None = Field(
        None, description="Bucket for raw answers of providers; unset keeps them in the home."
    )
    event_bus: str | None = Field(
        None, description="Name of the EventBridge bus; unset keeps events in the process."
    )
    notification_topic: str | None = Field(
        None,
        description="ARN of the SNS topic for users; unset keeps notifications in the process.",
    )
    refresh_batch: PositiveInt = Field(
        25, description="How many companies a scheduled run refreshes at most."
    )
    sentiment_window_days: PositiveInt = Field(
        90, description="How many days of news the rolling sentiment covers."
    )
    issuer: str | None = Field(
        None, description="Who issues the tokens that the API takes, as their `iss` says."
    )
    audience: str | None = Field(
        None, description="For which API the tokens must be issued, as their `aud` says."
    )
    require_scopes: bool = Field(
        False, description="Whether a token without any scope of the API is refused everywhere."
    )
    cors_origins: Annotated[
        tuple[Annotated[str, Field(pattern=_ORIGIN)], ...], NoDecode, BeforeValidator(_listed)
    ] = Field((), description="Origins of pages that may read answers, with commas between.")

    @model_validator(mode="after")
    def _home_is_spelled_out(self) -> Self:
        object.__setattr__(self, "home", self.home.expanduser())
        return self

    def table_name(self, table: str) -> str:
        """Return the physical name of a DynamoDB table."""
        return self.tables.get(table, f"{self.table_prefix}{table}")

    @property
    def location(self) -> str:
        """Where the tables are, in words for a person."""
        return str(self.database) if self.store == "sqlite" else f"DynamoDB {self.table_name('*')}"

    @property
    def cache(self) -> Path:
        """The folder of raw answers, where no bucket is named."""
        return self.home / "cache"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.home / "signal9.db"


def load_settings(**given: object) -> Settings:
    """Read the settings; what is `given` (and not `None`) counts before the environment.

    `SettingsError` names each variable that is wrong, without its value.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings.model_validate(Settings(**chosen))  # type: ignore[arg-type]
    except ValidationError as error:
        problems = "; ".join(
            f"SIGNAL9_{str(each['loc'][0]).upper()}: {each['msg']}" for each in error.errors()
        )
        raise SettingsError(problems) from error
