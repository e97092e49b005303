"""The health check of a stage whose provider has no key yet."""

import httpx2
import pytest

from tests.e2e.place import Place, eventually

KEYLESS = {"SIGNAL9_PROVIDER": "alphavantage"}


def test_a_secret_at_its_placeholder_is_told_by_the_function_and_by_health(
    place: Place, api: httpx2.Client
) -> None:
    if not place.emulated:
        pytest.skip("a real stage has its secrets already")
    functions = place.client("lambda")
    name = f"signal9-{place.settings.stage}-Plan"
    before = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]

    def run(variables: dict[str, str]) -> str:
        functions.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
        done = functions.invoke(FunctionName=name, Payload=b"{}")
        return str(done["Payload"].read())

    def told() -> tuple[int, str, list[str]]:
        answer = api.get("/health")
        found = answer.json()
        return answer.status_code, found["status"], found.get("problems", [])

    try:
        failed = run(before | KEYLESS)
        status, word, problems = eventually(
            lambda: found if (found := told())[1] == "degraded" else None, within_s=30
        )
    finally:
        run(before)

    assert (
        f"secret signal9/alphavantage/{place.settings.stage} still holds its placeholder" in failed
    )
    assert (status, word, len(problems)) == (200, "degraded", 1)
    assert "secret" not in str(problems)
    assert eventually(lambda: told() == (200, "ok", []), within_s=30)
