from signal9_core.events import AssetDataUpdated
from signal9_core.publishers import MemoryNotifier, MemoryPublisher
from tests.fakes import NOW

from .test_sns import notification


def test_events_are_taken_once_and_in_order() -> None:
    publisher = MemoryPublisher()
    first, second = (
        AssetDataUpdated(at=NOW, tickers=(ticker,), data_set="overview") for ticker in ("A", "B")
    )

    publisher.publish([first])
    publisher.publish([second])

    assert publisher.take() == [first, second]
    assert publisher.take() == []


def test_a_notification_that_comes_twice_is_kept_once() -> None:
    notifier = MemoryNotifier()

    notifier.notify([notification("AAPL"), notification("MSFT")])
    notifier.notify([notification("AAPL")])

    assert [each.ticker for each in notifier.sent] == ["AAPL", "MSFT"]
