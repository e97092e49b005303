"""What every provider's raw answers mean."""

from ..replay import Dialect, Library

__all__ = ["make_library"]


def make_library() -> Library:
    """Return how to read what providers sent."""
    from ..providers.alpaca import parsers as alpaca
    from ..providers.alpaca.spelling import canonical as canonical_at_alpaca
    from ..providers.alphavantage import parsers as alphavantage
    from ..providers.alphavantage.spelling import canonical as canonical_at_alphavantage
    from ..providers.sessions import last_finished_day

    dialects = {
        name: Dialect(
            spoken.PARSERS, canonical, spoken.DATA_SETS, spoken.TELL_ACTIONS, spoken.is_whole
        )
        for name, spoken, canonical in (
            ("alpaca", alpaca, canonical_at_alpaca),
            ("alphavantage", alphavantage, canonical_at_alphavantage),
        )
    }
    return Library(dialects, last_finished_day)
