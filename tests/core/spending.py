"""A process that makes as many calls as a shared budget lets it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from signal9_core.aws import aws_client
from signal9_core.errors import QuotaExhaustedError
from signal9_core.ports import Store
from signal9_core.quota import Plan, SharedQuota
from signal9_core.repositories.state import QuotaRepository
from signal9_core.stores.dynamodb import DynamoStore
from signal9_core.stores.sqlite import SqliteStore
from tests.fakes import SetClock

BUDGET = 200
PLAN = Plan("shared", "day", BUDGET)


def spend_in_file(path: Path) -> int:
    """Call until the budget in a SQLite file is used up, and return how often."""
    with SqliteStore.open(path, clock=SetClock()) as store:
        return spend(store)


def spend_in_table(endpoint_url: str, table: str) -> int:
    """Call until the budget in a DynamoDB table is used up, and return how often."""
    client = aws_client("dynamodb", endpoint_url=endpoint_url)
    return spend(DynamoStore(client, {"State": table}, clock=SetClock()))


def spend(store: Store) -> int:
    quota = SharedQuota(PLAN, QuotaRepository(store), SetClock(), timedelta(0))
    calls = 0
    while True:
        try:
            quota.reserve()
        except QuotaExhaustedError:
            break
        calls += 1
    return calls


def calls_of_processes(
    *where: str, processes: int = 8, environment: Mapping[str, str] | None = None
) -> int:
    """Return how many calls some processes make together until their budget is used up."""
    command = [sys.executable, "-m", "tests.core.spending", *where]
    running = [
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        for _ in range(processes)
    ]
    outputs = [process.communicate(timeout=120)[0] for process in running]
    assert [process.returncode for process in running] == [0] * processes
    return sum(map(int, outputs))


if __name__ == "__main__":
    where = sys.argv[1:]
    spent = spend_in_table(*where) if len(where) > 1 else spend_in_file(Path(where[0]))
    sys.stdout.write(f"{spent}\n")
