"""Every scorer keeps one promise; a model's answer counts only if it is a number in range."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.session import Session
from botocore.stub import ANY, Stubber

from signal9_core.adapters import make_scorer
from signal9_core.bootstrap import App
from signal9_core.errors import ScoringError, ScoringUnavailableError
from signal9_core.ports import SentimentScorer
from signal9_core.sentiment.bedrock import BedrockScorer
from signal9_core.sentiment.scorer import LexiconScorer
from signal9_core.settings import Settings

MODEL = "amazon.nova-micro-v1:0"
Answer = Callable[..., None]


def converse(text: str, **changes: object) -> dict[str, Any]:
    """Return a response of Converse as the service sends it."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 93, "outputTokens": 4, "totalTokens": 97},
        "metrics": {"latencyMs": 211},
        **changes,
    }


class Model:
    """A client of `bedrock-runtime` whose service is played by a stub."""

    def __init__(self) -> None:
        self.client = Session().create_client(
            "bedrock-runtime",
            region_name="us-east-1",
            aws_access_key_id="none",
            aws_secret_access_key="none",  # no request is ever sent
        )
        self.stub = Stubber(self.client)
        self.scorer = BedrockScorer(self.client, MODEL)

    def answers(self, response: dict[str, Any], expected: dict[str, Any] | None = None) -> None:
        self.stub.add_response("converse", response, expected)


@pytest.fixture
def model() -> Iterator[Model]:
    model = Model()
    with model.stub:
        yield model
        model.stub.assert_no_pending_responses()


@pytest.fixture(params=["lexicon", "bedrock"])
def scorer(request: pytest.FixtureRequest) -> Iterator[SentimentScorer]:
    if request.param == "lexicon":
        yield LexiconScorer()
        return
    model = Model()
    for text in ("0.8", "-0.75", "0"):
        model.answers(converse(text))
    with model.stub:
        yield model.scorer


def test_a_scorer_has_a_name_and_tells_good_from_bad_within_bounds(scorer: SentimentScorer) -> None:
    good = scorer.score("Apple beats expectations: record profit, shares soar\nRevenue rose.")
    bad = scorer.score("Retailer files for bankruptcy after losses widened")
    plain = scorer.score("The company met on Tuesday in Ohio.")

    assert -1 <= bad < plain == 0 < good <= 1
    assert scorer.name
    assert scorer.most_at_once is None or scorer.most_at_once > 0


def test_a_model_is_asked_once_for_a_bounded_part_of_a_text(model: Model) -> None:
    text = "Apple soars. " * 1_000
    model.answers(
        converse(" 0.25\n"),
        {
            "modelId": MODEL,
            "system": ANY,
            "messages": [{"role": "user", "content": [{"text": text[:2_000]}]}],
            "inferenceConfig": {"maxTokens": 10, "temperature": 0.0},
        },
    )

    assert model.scorer.score(text) == 0.25


@pytest.mark.parametrize("text", ["1", "-1", "0", "+0.5", "1.00", "-0.333333", "0.0"])
def test_numbers_in_range_are_scores(text: str, model: Model) -> None:
    model.answers(converse(text))

    assert model.scorer.score("Apple") == float(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bullish",
        "0.5 because profit rose",
        "1.01",
        "-2",
        "nan",
        "inf",
        "1e-1",
        ".5",
        "\u0660",
        "0,5",
    ],
)
def test_any_other_answer_is_an_error_that_quotes_it(text: str, model: Model) -> None:
    model.answers(converse(text))

    with pytest.raises(ScoringError, match="is not a number from -1 to 1") as caught:
        model.scorer.score("Apple")

    assert not caught.value.transient
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "response",
    [
        converse("0.5", stopReason="max_tokens"),
        converse("0.5", stopReason="guardrail_intervened"),
        converse("0.5", output={"message": {"role": "assistant", "content": []}}),
        converse(
            "0.5",
            output={
                "message": {"role": "assistant", "content": [{"text": "0.5"}, {"text": "0.6"}]}
            },
        ),
        converse(
            "0.5",
            output={
                "message": {
                    "role": "assistant",
                    "content": [{"toolUse": {"toolUseId": "1", "name": "x", "input": {}}}],
                }
            },
        ),
    ],
)
def test_an_answer_that_is_not_whole_is_an_error(response: dict[str, Any], model: Model) -> None:
    model.answers(response)

    with pytest.raises(ScoringError, match="no whole answer"):
        model.scorer.score("Apple")


@pytest.mark.parametrize(
    ("code", "status", "transient"),
    [
        ("ThrottlingException", 429, True),
        ("ServiceUnavailableException", 503, True),
        ("InternalServerException", 500, True),
        ("AccessDeniedException", 403, False),
        ("ValidationException", 400, False),
    ],
)
def test_errors_name_their_code_and_no_account(
    code: str, status: int, transient: bool, model: Model
) -> None:
    model.stub.add_client_error(
        "converse", code, "arn:aws:sts::123456789012:role is not welcome", status
    )

    with pytest.raises(ScoringError) as caught:
        model.scorer.score("Apple")

    assert caught.value.transient is transient
    assert isinstance(caught.value, ScoringUnavailableError) is transient
    assert code in str(caught.value)
    assert MODEL in str(caught.value)
    assert "123456789012" not in str(caught.value)


def test_the_settings_choose_the_scorer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert App(Settings()).scorer.name == "lexicon"
    assert make_scorer(Settings(sentiment_model=MODEL)).name == f"bedrock {MODEL}"
