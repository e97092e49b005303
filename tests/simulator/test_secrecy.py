"""No key leaks over real connections, whatever a provider echoes and however much is logged.

Checked are messages, tracebacks, the whole chain of causes with the requests in it, the logs of
every library down to the wire, and the raw cache.
"""

import logging
import traceback
from collections.abc import Callable, Iterator

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.errors import ProviderError
from signal9_core.providers.alpaca.client import AlpacaClient
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.simulator.replies import ALPACA_FAULTS, ALPHAVANTAGE_FAULTS
from signal9_core.providers.simulator.simulator import Simulator
from tests.core.providers.wire import MemoryCache
from tests.fakes import NOW

from .conftest import KEY

SECRET = SecretStr(KEY)


def _alphavantage(address: str, cache: MemoryCache) -> object:
    with AlphaVantageClient(SECRET, base_url=address, cache=cache) as client:
        return client.overview("IBM")


def _alpaca(address: str, cache: MemoryCache) -> object:
    with AlpacaClient(SECRET, SECRET, data_url=address, cache=cache) as client:
        return client.news("IBM", NOW)


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        *((_alphavantage, name) for name in ALPHAVANTAGE_FAULTS),
        *((_alpaca, name) for name in ALPACA_FAULTS),
        (_alphavantage, None),
    ],
)
def test_no_fault_reveals_a_key(
    simulator: Simulator,
    address: str,
    caplog: pytest.LogCaptureFixture,
    ask: Callable[[str, MemoryCache], object],
    name: str | None,
) -> None:
    for logger in ("", "httpcore2", "httpx2", "stamina"):
        caplog.set_level(logging.DEBUG, logger=logger)
    simulator.trouble = lambda _: name
    cache = MemoryCache()

    with pytest.raises(ProviderError) as raised:
        # Without a fault nobody listens.
        ask(address if name else "http://127.0.0.1:9", cache)

    logged = [f"{record.getMessage()} {vars(record)}" for record in caplog.records]
    causes = [_shown(error) for error in _chain(raised.value)]
    shown = [*traceback.format_exception(raised.value), *logged, *causes, str(cache.responses)]
    assert "httpcore2" in {record.name.partition(".")[0] for record in caplog.records}
    assert KEY not in "\n".join(shown)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _shown(error: BaseException) -> str:
    parts = [repr(error), str(error), str(error.args), str(vars(error))]
    request = vars(error).get("_request")
    if isinstance(request, httpx2.Request):
        parts += [repr(request), str(request.url), str(request.headers.multi_items())]
    return " ".join(parts)
