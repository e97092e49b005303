"""Versions have one order, whatever the order in which they arrived."""

from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from signal9_core.ports import Item
from signal9_core.repositories.optimistic import Version, fingerprint, just_after, merge_versions
from tests.fakes import NOW

CONTENTS: tuple[Item, ...] = ({"value": 1}, {"value": 2}, {"value": None})
times = st.integers(0, 5).map(lambda hours: NOW + timedelta(hours=hours))
received = st.lists(
    st.builds(lambda content, at: Version(content, at, at), st.sampled_from(CONTENTS), times),
    min_size=1,
    max_size=8,
)


@given(received, st.randoms(), st.integers(0, 8))
def test_the_newest_is_the_same_in_any_order_and_in_parts(
    versions: list[Version], random: Random, cut: int
) -> None:
    merged = merge_versions(versions)
    shuffled = random.sample(versions, len(versions))

    in_parts = merge_versions([*merge_versions(shuffled[:cut]), *shuffled[cut:]])

    assert merge_versions(shuffled) == merged
    assert in_parts[-1].content == merged[-1].content
    assert in_parts[-1].last == merged[-1].last == max(version.last for version in versions)


def test_a_content_that_comes_back_is_a_version_of_its_own() -> None:
    first, second, third = (
        Version(content, NOW + timedelta(hours=hour), NOW + timedelta(hours=hour))
        for hour, content in enumerate((CONTENTS[0], CONTENTS[1], CONTENTS[0]))
    )

    assert merge_versions([first, third]) == [Version(CONTENTS[0], NOW, third.last)]
    assert merge_versions([first, third, second]) == [first, second, third]


def test_of_one_moment_the_one_that_just_came_is_newer() -> None:
    known = [Version(CONTENTS[0], NOW, NOW)]

    assert just_after(known, CONTENTS[0], NOW) == NOW
    assert just_after(known, CONTENTS[1], NOW + timedelta(seconds=1)) == NOW + timedelta(seconds=1)
    later = just_after(known, CONTENTS[1], NOW)
    assert later > NOW
    assert just_after([*known, Version(CONTENTS[1], later, later)], CONTENTS[0], NOW) > later


def test_a_fingerprint_stands_for_values_and_not_for_their_types() -> None:
    exact = Decimal("0.12345678901234567890123456789012345678")

    assert fingerprint({"value": 1, "list": [2]}) == fingerprint(
        {"list": [Decimal("2.0")], "value": Decimal("1.00")}
    )
    assert fingerprint({"value": exact}) != fingerprint({"value": Decimal(f"{exact:f}"[:-1] + "9")})
    assert fingerprint({"value": None}) != fingerprint({"value": "None"})
