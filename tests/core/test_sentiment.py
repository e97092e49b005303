"""The tone of a headline follows from its words, and from those near by."""

import csv
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signal9_core.sentiment.scorer import LEXICON, LexiconScorer, Role

FACTS = Path(
    os.environ.get("SIGNAL9_SAMPLE_FACTS", Path(__file__).parents[3] / "shared" / "sample")
)
SCORE = LexiconScorer().score
TONES = sorted(
    phrase
    for phrase, entry in LEXICON.items()
    if entry.weight and entry.role is None and "#" not in phrase
)
NEGATIONS = sorted(phrase for phrase, entry in LEXICON.items() if entry.role is Role.NEGATION)
GOOD = [phrase for phrase in TONES if LEXICON[phrase].weight > 0]
FILLERS = ["the company", "in march", "said", "of 12 dollars", "on tuesday", "today"]

headlines = st.lists(st.sampled_from([*LEXICON, *FILLERS]), max_size=12).map(" ".join)


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=300), headlines))
def test_any_text_scores_within_bounds_in_six_decimals_and_always_the_same(text: str) -> None:
    score = SCORE(text)

    assert -1 <= score <= 1
    assert score == round(score, 6)
    assert score == LexiconScorer().score(text)


@pytest.mark.parametrize("text", ["", " \n", "42", "...!?", "The company met on Tuesday in Ohio."])
def test_a_text_without_known_words_scores_zero(text: str) -> None:
    assert SCORE(text) == 0


@settings(max_examples=100)
@given(st.sampled_from(TONES))
def test_negation_turns_the_tone_and_weakens_it(phrase: str) -> None:
    plain, negated = SCORE(phrase), SCORE(f"not {phrase}")

    assert plain * negated < 0
    assert abs(negated) < abs(plain)


def test_a_negation_counts_for_the_three_words_after_it_and_for_none_before_it() -> None:
    assert SCORE("not strong") < 0
    assert SCORE("not of a strong kind") < 0
    assert SCORE("not in all of march strong") == SCORE("strong")
    assert SCORE("strong, not for nothing") == SCORE("strong") > 0
    assert SCORE("profit rose, which it did not last year") == SCORE("profit rose")
    assert SCORE("weak demand never ends") == SCORE("weak demand ends")


@settings(max_examples=200)
@given(st.sampled_from(TONES), st.sampled_from(NEGATIONS), st.integers(0, 4))
def test_a_negation_reaches_three_words_ahead_and_none_back(
    phrase: str, negation: str, between: int
) -> None:
    gap = "march " * between

    assert SCORE(f"{phrase} {gap}{negation}") == SCORE(phrase)
    turned = SCORE(f"{negation} {gap}{phrase}") * SCORE(phrase) < 0
    assert turned == (between < 3)


def test_two_negations_cancel_each_other() -> None:
    assert SCORE("never without strong demand") > 0


@settings(max_examples=100)
@given(headlines, st.sampled_from(GOOD))
def test_one_more_good_word_never_makes_a_text_worse(text: str, word: str) -> None:
    assert SCORE(f"{text}. {word}") > SCORE(text)


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("Revenue rose", "Revenue fell"),
        ("Losses narrowed", "Losses widened"),
        ("Cutting costs", "Cutting dividends"),
        ("Costs were reduced", "Costs surged"),
        ("Earnings above estimates", "Earnings below estimates"),
        ("Better than what analysts had expected", "Fewer sales than expected: short of forecasts"),
        ("Regulators end their investigation", "Regulators open an investigation"),
        ("The retailer avoids bankruptcy", "The retailer is near bankruptcy"),
        ("Shares up 5 percent", "Shares down 5%"),
        ("Raises its full year guidance", "Cuts its guidance"),
        ("Record profit", "Record loss"),
        ("The forecast isn\u2019t weak", "The forecast isn't strong"),
        ("Margins no longer shrink", "Margins no longer grow"),
    ],
)
def test_moves_count_by_what_moves(good: str, bad: str) -> None:
    assert SCORE(good) > 0 > SCORE(bad)


def test_degrees_strengthen_and_weaken_the_word_beside_them() -> None:
    assert SCORE("profit fell slightly") > SCORE("profit fell") > SCORE("profit fell sharply")
    assert SCORE("a very strong quarter") > SCORE("a strong quarter")
    assert SCORE("a fairly strong quarter") < SCORE("a strong quarter")


def test_negation_ends_with_its_clause() -> None:
    assert SCORE("it was not so. strong demand") == SCORE("strong demand")
    assert SCORE("no comment but strong demand") == SCORE("strong demand")


def test_set_phrases_are_read_as_a_whole() -> None:
    assert SCORE("not only strong") == SCORE("strong")
    assert SCORE("the bottom line of its track record") == 0
    assert SCORE("all-time high") > SCORE("high demand")


def test_spelling_and_case_of_a_word_do_not_matter() -> None:
    assert SCORE("SHARES SURGED") == SCORE("shares surged") == SCORE("Shares, surged")


def test_every_phrase_of_the_lexicon_is_spelled_as_a_text_is_read() -> None:
    for phrase, entry in LEXICON.items():
        assert phrase == phrase.lower().strip()
        assert "-" not in phrase
        assert not {"a", "an", "the", "its"} & set(phrase.split())
        assert 0 < entry.weight < 2 if entry.role is Role.DEGREE else -3 <= entry.weight <= 3


@pytest.mark.skipif(
    not (FACTS / "events.csv").is_file(),
    reason=f"no events.csv in {FACTS}: set SIGNAL9_SAMPLE_FACTS",
)
def test_the_sign_agrees_with_a_readers_judgement_of_the_bundled_events() -> None:
    with (FACTS / "events.csv").open(newline="", encoding="utf-8") as file:
        judged = [(row["what_happened"], float(row["tone"])) for row in csv.DictReader(file)]

    spoken = [(SCORE(text), tone) for text, tone in judged if tone and SCORE(text)]
    agreeing = [score for score, tone in spoken if score * tone > 0]

    assert len(spoken) >= 40
    assert len(agreeing) >= 0.85 * len(spoken)
