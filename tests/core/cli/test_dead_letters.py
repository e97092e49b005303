"""`signal9 failures` and `signal9 redrive`, as an operator runs them."""

import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from signal9_core.bootstrap import App
from signal9_core.domain.queues import DEAD_LETTERS, DeadLetter
from signal9_core.settings import load_settings
from tests.emulator import CREDENTIALS
from tests.fakes import NOW

from .shell import Shell

EVENT = json.dumps(
    {
        "detail-type": "Prices Updated",
        "detail": {
            "version": 1,
            "at": "2024-01-08T12:00:00Z",
            "ticker": "AAPL",
            "first": "2013-02-28",
            "last": "2013-03-01",
            "count": 2,
        },
    }
)


def letter(id_: str, body: str) -> DeadLetter:
    return DeadLetter(
        id=id_, queue="insights", reason="ValueError: why", failed_at=NOW, tries=3, body=body
    )


@pytest.fixture
def failed(own_shell: Shell) -> Shell:
    """A home in which two events failed: one whose cause is mended, and one that is poison."""
    with App(load_settings(home=Path(own_shell.home))) as app:
        app.pipeline.dead_letters.add(letter("mended", EVENT))
        app.pipeline.dead_letters.add(letter("poison", "{"))
    return own_shell


def test_failures_are_listed_with_their_reasons(failed: Shell) -> None:
    shown = failed.run("failures")
    found = json.loads(failed.run("failures", "--json").out)

    assert shown.code == 0
    assert shown.out.count("ValueError: why") == 2
    assert "signal9 redrive" in shown.err
    assert found["items"][0] == {
        "id": "mended",
        "queue": "insights",
        "reason": "ValueError: why",
        "failedAt": "2024-01-08T12:00:00Z",
        "tries": 3,
        "body": EVENT,
    }


def test_where_nothing_failed_it_says_so(shell: Shell) -> None:
    outcome = shell.run("failures")

    assert (outcome.code, outcome.out) == (0, "")
    assert "nothing has failed for good" in outcome.err


def test_one_is_redriven_by_its_id(failed: Shell) -> None:
    outcome = failed.run("redrive", "mended")

    assert (outcome.code, outcome.out) == (0, "")
    assert "1 put back" in outcome.err
    assert "mended" not in failed.run("failures").out


def test_what_fails_again_stays_and_ends_with_one(failed: Shell) -> None:
    outcome = failed.run("redrive", "--all")

    assert outcome.code == 1
    assert "no event" in outcome.out
    left = json.loads(failed.run("failures", "--json").out)["items"]
    assert [(item["id"], item["tries"]) for item in left] == [("poison", 4)]


@pytest.mark.parametrize("arguments", [[], ["mended", "--all"]])
def test_ids_or_all_must_be_said(failed: Shell, arguments: list[str]) -> None:
    outcome = failed.run("redrive", *arguments)

    assert outcome.code == 2
    assert "--all: pass either ids or --all" in outcome.err


def test_an_unknown_id_is_named(failed: Shell) -> None:
    outcome = failed.run("redrive", "made-up")

    assert outcome.code == 1
    assert "no dead letter 'made-up'" in outcome.err


def test_the_same_commands_work_on_the_queues_of_a_stage(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="signal9-dev-insights")["QueueUrl"]
        dead = sqs.create_queue(QueueName=f"signal9-dev-insights{DEAD_LETTERS}")["QueueUrl"]
        sqs.send_message(QueueUrl=dead, MessageBody=EVENT)

        (found,) = json.loads(shell.run("failures", "--stage", "dev", "--json").out)["items"]
        outcome = shell.run("redrive", found["id"], "--stage", "dev", "--json")

        (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
        assert json.loads(outcome.out) == {"redriven": [found["id"]], "left": []}
        assert message["Body"] == EVENT
