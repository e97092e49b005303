import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.errors import PublishError
from signal9_core.publishers import LARGEST, Delivery, Refusal


class Receiver:
    """Takes numbers, refusing each as often as it is told to."""

    def __init__(self, refusals: dict[int, int] | None = None, *, passing: bool = True) -> None:
        self.taken: list[int] = []
        self.batches: list[list[int]] = []
        self._left = dict(refusals or {})
        self._passing = passing

    def __call__(self, batch: list[int]) -> list[Refusal]:
        self.batches.append(list(batch))
        refused = []
        for place, entry in enumerate(batch):
            if self._left.get(entry, 0):
                self._left[entry] -= 1
                refused.append(Refusal(place, "Throttled", self._passing))
            else:
                self.taken.append(entry)
        return refused


class Waiting:
    """Time that passes only by waiting."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def elapsed(self) -> float:
        return sum(self.waits)


def delivery(waiting: Waiting, *, attempts: int = 8, chance: float = 1.0) -> Delivery:
    return Delivery(
        attempts=attempts,
        sleep=waiting.sleep,
        random=lambda: chance,
        elapsed=waiting.elapsed,
    )


def nothing(_: int) -> int:
    return 0


@given(count=st.integers(0, 35), refusals=st.dictionaries(st.integers(0, 34), st.integers(1, 6)))
def test_every_entry_is_taken_exactly_once_however_often_it_is_refused(
    count: int, refusals: dict[int, int]
) -> None:
    receiver = Receiver(refusals)

    delivery(Waiting())("numbers", range(count), nothing, receiver)

    assert sorted(receiver.taken) == list(range(count))
    assert all(len(batch) <= 10 for batch in receiver.batches)


def test_only_what_was_refused_is_sent_again() -> None:
    receiver = Receiver({2: 1, 5: 2})

    delivery(Waiting())("numbers", range(7), nothing, receiver)

    assert receiver.batches == [[0, 1, 2, 3, 4, 5, 6], [2, 5], [5]]


def test_waits_grow_up_to_a_bound_and_are_scattered() -> None:
    longest, half = Waiting(), Waiting()

    delivery(longest)("numbers", [1], nothing, Receiver({1: 7}))
    delivery(half, chance=0.5)("numbers", [1], nothing, Receiver({1: 7}))

    assert longest.waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0])
    assert half.waits == pytest.approx([wait / 2 for wait in longest.waits])


def test_entries_refused_to_the_end_are_counted_by_code_and_the_others_go_out() -> None:
    receiver = Receiver({1: 99, 12: 99, 13: 1})

    with pytest.raises(PublishError, match=r"^numbers: 2 of 25 refused: 2 Throttled$"):
        delivery(Waiting(), attempts=3)("numbers", range(25), nothing, receiver)

    assert sorted(receiver.taken) == [each for each in range(25) if each not in {1, 12}]


def test_a_refusal_for_good_is_not_repeated() -> None:
    receiver, waiting = Receiver({3: 1}, passing=False), Waiting()

    with pytest.raises(PublishError, match="1 of 5 refused: 1 Throttled"):
        delivery(waiting)("numbers", range(5), nothing, receiver)

    assert receiver.batches == [[0, 1, 2, 3, 4]]
    assert not waiting.waits


def test_the_deadline_ends_it_before_the_attempts_do() -> None:
    waiting = Waiting()

    with pytest.raises(PublishError):
        delivery(waiting, attempts=1000)("numbers", [1], nothing, Receiver({1: 1000}))

    assert 20 < waiting.elapsed() <= 30


@given(sizes=st.lists(st.integers(0, LARGEST), max_size=30))
def test_no_batch_carries_more_bytes_than_a_request_may(sizes: list[int]) -> None:
    receiver = Receiver()

    delivery(Waiting())("numbers", range(len(sizes)), sizes.__getitem__, receiver)

    assert receiver.taken == list(range(len(sizes)))
    assert all(sum(sizes[each] for each in batch) <= LARGEST for batch in receiver.batches)
