"""No key gets out, over real connections, whatever the provider echoes and however much is logged.

Looked at are messages, tracebacks, the whole chain of causes, requests and responses in it, logs of
every library down to the wire, and what the cache keeps.
"""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.errors import ProviderError
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.raw_archive import FolderFiles, RawArchive
from tests.fakes import NOW
from tests.simulator import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS, Simulator

KEY = "secret-key-of-tests"
NO_FAULT = "no_articles"


@pytest.fixture
def cache(tmp_path: Path) -> RawArchive:
    return RawArchive(FolderFiles(tmp_path))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    for name in ("httpcore2", "httpx2", "stamina"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


@pytest.mark.parametrize("name", [each for each in ALPHAVANTAGE_FAULTS if each != NO_FAULT])
def test_no_fault_of_alphavantage_brings_the_key_to_light(
    simulator: Simulator, address: str, cache: RawArchive, log: pytest.LogCaptureFixture, name: str
) -> None:
    simulator.trouble = lambda _: name
    with (
        AlphaVantageClient(SecretStr(KEY), base_url=address, cache=cache) as client,
        pytest.raises(ProviderError) as raised,
    ):
        client.overview("IBM")

    assert KEY not in _told(raised.value, log, cache)


@pytest.mark.parametrize("name", ALPACA_FAULTS)
def test_no_fault_of_alpaca_brings_a_key_to_light(
    simulator: Simulator, address: str, cache: RawArchive, log: pytest.LogCaptureFixture, name: str
) -> None:
    simulator.trouble = lambda _: name
    secret = SecretStr(KEY)
    with (
        AlpacaClient(secret, secret, trading_url=address, data_url=address, cache=cache) as client,
        pytest.raises(ProviderError) as raised,
    ):
        client.news(["IBM"], NOW)

    assert KEY not in _told(raised.value, log, cache)


def test_nobody_listening_brings_no_key_to_light(log: pytest.LogCaptureFixture) -> None:
    with (
        AlphaVantageClient(SecretStr(KEY), base_url="http://127.0.0.1:9") as client,
        pytest.raises(ProviderError, match="not reachable") as raised,
    ):
        client.overview("IBM")

    assert KEY not in _told(raised.value, log, None)


def _told(error: BaseException, log: pytest.LogCaptureFixture, cache: RawArchive | None) -> str:
    """Return whatever somebody might see afterwards; something must have been logged."""
    kept = [] if cache is None else [(each.file, each.read()) for each in cache.copies()]
    assert "httpcore2" in {record.name.partition(".")[0] for record in log.records}
    said = [f"{record.getMessage()} {vars(record)}" for record in log.records]
    seen = [_seen(each) for each in _chain(error)]
    return "\n".join([*traceback.format_exception(error), *said, *seen, str(kept)])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _seen(error: BaseException) -> str:
    found = [repr(error), str(error), str(error.args), str(vars(error))]
    request = vars(error).get("_request")
    if isinstance(request, httpx2.Request):
        found += [repr(request), str(request.url), str(request.headers.multi_items())]
    return " ".join(found)
