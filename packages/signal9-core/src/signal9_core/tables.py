"""The six tables: the one source of their keys for every store, test and deployment.

Attribute names are the API's names, so that a person who opens the AWS console can read them. An
attribute that joins several values is called after all of them, as in `reportType#date`.
"""

from dataclasses import dataclass
from typing import Final

TTL_ATTRIBUTE: Final = "expiresAt"
"""Seconds since 1970 after which an item counts as gone, in every table that has a time to live."""


@dataclass(frozen=True, slots=True)
class IndexSpec:
    """A second order over a table; items without its key attributes are not in it.

    `include` names what it carries beside all keys; `None` means the whole item.
    """

    name: str
    partition_key: str
    sort_key: str
    include: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table's name, keys (all strings), indexes, and its time-to-live attribute if it has one."""

    name: str
    partition_key: str
    sort_key: str | None = None
    indexes: tuple[IndexSpec, ...] = ()
    ttl_attribute: str | None = None

    @property
    def key_attributes(self) -> tuple[str, ...]:
        """The partition key, and the sort key where there is one."""
        return (
            (self.partition_key,) if self.sort_key is None else (self.partition_key, self.sort_key)
        )


COMPANY_NAME_INDEX: Final = IndexSpec(
    "CompanyNameIndex",
    "status",
    "nameKey",
    ("ticker", "name", "exchange", "sector", "cik", "rank", "formerTickers"),
)
"""Listed companies by name in lower case (prefix search, browsing)."""

STALENESS_INDEX: Final = IndexSpec(
    "StalenessIndex",
    "status",
    "checkedAt",
    (
        "ticker",
        "name",
        "exchange",
        "cik",
        "rank",
        "identity",
        "freshness",
        "requested",
        "failures",
        "problems",
        "pending",
    ),
)
"""Companies by when a provider was last asked about them, never-asked first."""

UNPUBLISHED_INDEX: Final = IndexSpec("UnpublishedIndex", "status", "unpublishedSince", ())
"""Companies with unpublished events, by when the first of them happened; keys only."""

EMAIL_INDEX: Final = IndexSpec("EmailIndex", "email", "userId", ())
"""Users by e-mail address; keys only."""

DATE_INDEX: Final = IndexSpec("DateIndex", "reportType", "date")
"""Reports of one type over all companies, by date."""

MONTH_INDEX: Final = IndexSpec("MonthIndex", "month", "timestamp")
"""Every article once, by month and time; only one copy of an article carries `month`."""

WAITING_INDEX: Final = IndexSpec("WaitingIndex", "delivery", "deliverAt#userId")
"""Notifications that wait to be sent, by when that is due."""

USERS: Final = TableSpec("Users", "userId", indexes=(EMAIL_INDEX,))
ASSETS: Final = TableSpec(
    "Assets", "ticker", indexes=(COMPANY_NAME_INDEX, STALENESS_INDEX, UNPUBLISHED_INDEX)
)
FINANCIALS: Final = TableSpec("Financials", "ticker", "reportType#date", (DATE_INDEX,))
NEWS: Final = TableSpec("News", "ticker", "timestamp", (MONTH_INDEX,))
TIME_SERIES: Final = TableSpec("TimeSeries", "ticker#dataType", "timestamp")
STATE: Final = TableSpec("State", "name", "item", (WAITING_INDEX,), TTL_ATTRIBUTE)

TABLES: Final = (USERS, ASSETS, FINANCIALS, NEWS, TIME_SERIES, STATE)

SINGLE: Final = "-"
"""The `item` of a record in State that is the only one under its name."""


def state_key(name: str, item: str = SINGLE) -> dict[str, str]:
    """Return the key of a record in State."""
    return {"name": name, "item": item}
