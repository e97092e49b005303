"""What keeps a stage from working as it should, in words that anybody may read."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

from ..errors import StoreError
from ..repositories import StateRepository

__all__ = ["NO_DATA", "NO_KEY", "ListProblems"]

NO_KEY: Final = "Nothing is refreshed: the data provider is not set up, its key maybe not set."
NO_DATA: Final = "What is stored cannot be read at the moment."

_KEPT_S: Final = 10.0


class ListProblems:
    """What is known to be wrong; whoever asks often causes one reading in ten seconds.

    Names of secrets, tables and errors are for the log: the health check is open to everybody.
    """

    def __init__(
        self, state: Callable[[], StateRepository], passed: Callable[[], float] = monotonic
    ) -> None:
        self._state = state
        self._passed = passed
        self._known: tuple[float, Sequence[str]] | None = None

    def __call__(self) -> Sequence[str]:
        """Return a sentence for each problem."""
        now = self._passed()
        if self._known is None or now - self._known[0] >= _KEPT_S:
            self._known = now, self._found()
        return self._known[1]

    def _found(self) -> Sequence[str]:
        try:
            return [] if self._state().refresh_blocked_since() is None else [NO_KEY]
        except StoreError:
            return [NO_DATA]
