"""`signal9 check`, and what other commands say of a store that is damaged, full or read-only."""

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .shell import Shell

STATEMENT = "partition = 'AAPL' AND sort LIKE 'income_statement.annual#2012%'"


@contextmanager
def connected(shell: Shell) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(shell.home / "signal9.db", isolation_level=None)) as connection:
        yield connection


def change_a_digit(shell: Shell) -> None:
    """Change the first digit of a revenue."""
    with connected(shell) as connection:
        place = f"FROM Financials WHERE {STATEMENT}"
        ((body,),) = connection.execute(f"SELECT body {place}").fetchall()
        at = body.index('"totalRevenue":') + len('"totalRevenue":')
        changed = f"{body[:at]}{(int(body[at]) + 1) % 10 or 1}{body[at + 1 :]}"
        connection.execute(f"UPDATE Financials SET body = ? WHERE {STATEMENT}", (changed,))


def test_a_store_that_is_whole_ends_with_zero(own_shell: Shell) -> None:
    outcome = own_shell.run("check")

    assert outcome.code == 0
    assert "Assets" in outcome.out
    assert "as it was written" in outcome.err


def test_a_changed_digit_is_one_clean_line_and_never_an_answer(own_shell: Shell) -> None:
    change_a_digit(own_shell)

    outcome = own_shell.run("financials", "AAPL")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: Financials AAPL/income_statement.annual#2012-09-29: ")
    assert "`signal9 check --repair`" in outcome.err
    assert outcome.err.count("\n") == 1


def test_damage_is_listed_with_exit_code_one(own_shell: Shell) -> None:
    change_a_digit(own_shell)

    outcome, answer = own_shell.run("check", width=200), own_shell.run("check", "--json")

    assert (outcome.code, answer.code) == (1, 1)
    assert "income_statement.annual#2012-09-29" in outcome.out
    assert "--repair" in outcome.err
    assert json.loads(answer.out)["damaged"] == [
        {
            "table": "Financials",
            "key": "AAPL/income_statement.annual#2012-09-29",
            "reason": "its checksum differs",
            "repaired": None,
        }
    ]


def test_what_a_repair_cannot_rebuild_is_named_and_comes_with_the_next_ingest(
    own_shell: Shell,
) -> None:
    before = own_shell.run("financials", "AAPL", "--json").out
    change_a_digit(own_shell)

    repaired = own_shell.run("check", "--repair", "--json")

    assert repaired.code == 1
    [damage] = json.loads(repaired.out)["damaged"]
    assert damage["repaired"] is False
    assert "no stored raw response" in damage["reason"]
    assert own_shell.run("check").code == 0
    own_shell.run("ingest", "AAPL")
    assert own_shell.run("financials", "AAPL", "--json").out == before


def test_a_file_that_cannot_be_opened_says_what_to_do(own_shell: Shell) -> None:
    path = own_shell.home / "signal9.db"
    path.write_bytes(path.read_bytes()[:100] + bytes(8092) + path.read_bytes()[8192:])

    outcome = own_shell.run("check")

    assert outcome.code == 1
    assert "move the file away and run `signal9 replay`" in outcome.err + outcome.out
    assert "Traceback" not in outcome.err


@pytest.fixture
def shared_shell(sample_home: Path) -> Iterator[Shell]:
    """A copy of the sample where others may look, which pytest's own folders do not allow."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        shutil.copytree(sample_home, Path(name, "home"))
        yield Shell(Path(name, "home"))


@contextmanager
def read_only(home: Path) -> Iterator[None]:
    """Be a user for whom permissions count, in a home without any to write."""
    for path in (home, *home.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        home.chmod(0o755)


@pytest.mark.parametrize(
    "command", ["prices AAPL", "show AAPL", "financials IBM", "news", "search ibm", "status"]
)
def test_a_read_only_home_can_be_read(shared_shell: Shell, command: str) -> None:
    before = shared_shell.run(*command.split(), "--json")

    with read_only(shared_shell.home):
        outcome = shared_shell.run(*command.split(), "--json")

    assert outcome == before
    assert outcome.code == 0


def test_a_read_only_home_says_so_where_something_is_written(shared_shell: Shell) -> None:
    shared_shell.run("ingest", "AAPL")
    with connected(shared_shell) as connection:
        connection.execute("DELETE FROM News")

    with read_only(shared_shell.home):
        outcome = shared_shell.run("ingest", "AAPL")

    assert (outcome.code, outcome.out) == (1, "")
    assert "read-only, since the file or its folder is not writable" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_file_of_something_else_says_what_it_is_and_what_to_do(empty_shell: Shell) -> None:
    empty_shell.home.mkdir(parents=True)
    with connected(empty_shell) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")

    outcome = empty_shell.run("prices", "AAPL")

    assert outcome.code == 1
    assert "not a Signal9 database; move it away, or choose another folder" in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_empty_file_is_a_store_without_data(empty_shell: Shell) -> None:
    empty_shell.home.mkdir(parents=True)
    (empty_shell.home / "signal9.db").touch()

    outcome = empty_shell.run("prices", "AAPL")

    assert outcome.code == 1
    assert "nothing is stored" in outcome.err
    assert "ingest` first" in outcome.err


def test_two_ingests_at_once_are_quiet(empty_shell: Shell) -> None:
    started = [empty_shell.start("ingest", "IBM") for _ in range(2)]

    for process in started:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert [line for line in err.splitlines() if "stamina" in line or "retry" in line] == []
