import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal9_core.search import core, words


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Apple Inc.", "apple"),
        ("MICROSOFT CORP", "microsoft"),
        ("BERKSHIRE HATHAWAY INC", "berkshire hathaway"),
        ("Alibaba Group Holding Ltd", "alibaba"),
        ("JOHNSON & JOHNSON", "johnson johnson"),
        ("ELI LILLY & Co", "eli lilly"),
        ("AT&T INC.", "at t"),
        ("S&P Global Inc.", "sp global"),
        ("HUNT J B TRANSPORT SERVICES INC", "hunt jb transport services"),
        ("British American Tobacco p.l.c.", "british american tobacco"),
        ("Dick's Sporting Goods, Inc.", "dicks sporting goods"),
        ("America M\u00f3vil", "america movil"),
        ("AMERICA MOVIL SAB DE CV/", "america movil"),
        ("BANK OF AMERICA CORP /DE/", "bank of america"),
        ("COSTCO WHOLESALE CORP /NEW", "costco wholesale"),
        ("VERTEX PHARMACEUTICALS INC / MA", "vertex pharmaceuticals"),
        ("Geely Automobile Holdings Limited/ADR", "geely automobile"),
        ("The Group Inc.", "group"),
        ("The", "the"),
        ("...", ""),
    ],
)
def test_names_lose_case_accents_punctuation_and_endings(name: str, expected: str) -> None:
    assert " ".join(core(words(name))) == expected


@given(st.text(max_size=60))
def test_words_hold_no_space_and_something_always_stays_of_them(text: str) -> None:
    found = words(text)

    assert all(word and not any(sign.isspace() for sign in word) for word in found)
    assert bool(core(found)) == bool(found)
