"""Getting what a provider knows into the tables: only what changed is written and announced."""

from .announcing import Announcer
from .calendar import IngestCalendar
from .company import DATA_SETS, IngestCompany
from .everything import IngestEverything
from .listing import IngestListing
from .outcome import Failure, Outcome
from .refresh import RefreshStalest

__all__ = [
    "DATA_SETS",
    "Announcer",
    "Failure",
    "IngestCalendar",
    "IngestCompany",
    "IngestEverything",
    "IngestListing",
    "Outcome",
    "RefreshStalest",
]
