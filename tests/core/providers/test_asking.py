"""What holds for every provider: in time, within the quota, and again where that can help."""

import socket
import threading
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.errors import (
    BurstError,
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RequestRefusedError,
    UnknownSymbolError,
)
from signal9_core.providers.alpaca.client import AlpacaClient
from tests.fakes import NOW, SetClock

from .wire import KEY, Broken, Budget, Shelf, Wire, alpaca, alphavantage, answer

ASSETS = [{"symbol": "AAPL", "name": "Apple Inc.", "status": "active", "tradable": True}]
DAILY = "Thank you! Our standard API rate limit is 25 requests per day."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, PayloadError),
        (400, RequestRefusedError),
        (401, CredentialsError),
        (403, PlanError),
        (404, UnknownSymbolError),
        (422, RequestRefusedError),
        (418, PayloadError),
    ],
)
def test_a_refusal_is_told_apart_and_not_tried_again(
    status: int, kind: type[ProviderError]
) -> None:
    client, wire = alpaca(answer({"code": 1, "message": "because"}, status))

    with pytest.raises(kind, match=rf"alpaca assets: .*HTTP {status}.*because") as caught:
        client.assets()

    assert type(caught.value) is kind
    assert len(wire.asked) == 1


def test_a_refused_key_is_not_sent_again_for_a_minute() -> None:
    clock, budget = SetClock(), Budget()
    wire = Wire([answer({}, 401), answer(ASSETS)])
    client = AlpacaClient(
        SecretStr(KEY), SecretStr(KEY), quota=budget, clock=clock, transport=wire.transport
    )

    for problem in ("HTTP 401", "alpaca assets: not asked, since alpaca assets: .*HTTP 401"):
        with pytest.raises(CredentialsError, match=problem):
            client.assets()
    assert (len(wire.asked), budget.reserved) == (1, 1)

    clock.move(minutes=1)
    assert len(client.assets()) == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ConnectTimeout("slow"),
        httpx2.ReadTimeout("slow"),
        httpx2.ReadError("reset"),
        httpx2.RemoteProtocolError("gone"),
        answer(b"<html>oops</html>", 502, {"content-type": "text/html"}),
        answer({"message": "down"}, 500),
        answer({"message": "slow down"}, 429),
    ],
)
def test_what_may_pass_is_tried_again_and_then_answers(
    failure: httpx2.Response | Exception,
) -> None:
    budget = Budget()
    client, wire = alpaca(failure, failure, answer(ASSETS), budget=budget)

    assert [asset.ticker for asset in client.assets()] == ["AAPL"]
    assert len(wire.asked) == 3
    assert budget.reserved == 3


def test_a_body_that_breaks_off_is_asked_for_again() -> None:
    broken = httpx2.Response(200, stream=Broken(b'[{"symbol"', httpx2.ReadTimeout("slow")))
    shelf = Shelf()
    client, _ = alpaca(broken, answer(ASSETS), shelf=shelf)

    assert len(client.assets()) == 1
    assert len(shelf.kept) == 1


def test_trying_again_ends() -> None:
    client, wire = alpaca(httpx2.ReadError("reset"))

    with pytest.raises(ProviderUnavailableError, match="alpaca assets: broken off: reset"):
        client.assets()

    assert len(wire.asked) == 4


def test_what_was_never_sent_is_given_back() -> None:
    budget = Budget()
    client, _ = alpaca(httpx2.ConnectTimeout(""), answer(ASSETS), budget=budget)

    client.assets()

    assert (budget.reserved, budget.refunded) == (2, 1)


def test_a_slow_trickle_is_given_up() -> None:
    client, _ = alpaca(answer(ASSETS))
    ticks = iter(range(0, 1_000_000, 500))
    object.__setattr__(client._trading, "elapsed_s", lambda: float(next(ticks)))

    with pytest.raises(ProviderUnavailableError, match="no whole answer within 120 s"):
        client.assets()


@pytest.mark.parametrize(
    ("headers", "after_s"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "Mon, 08 Jan 2024 12:00:09 GMT"}, 9),
        ({"x-ratelimit-reset": str(int(NOW.timestamp()) + 30)}, 30),
        ({"retry-after": "soon", "x-ratelimit-reset": "never"}, None),
    ],
)
def test_the_provider_says_when_to_come_back(headers: dict[str, str], after_s: int | None) -> None:
    budget = Budget()
    client, _ = alpaca(answer({}, 429, headers), budget=budget)

    with pytest.raises(BurstError) as caught:
        client.assets()

    until = None if after_s is None else NOW + timedelta(seconds=after_s)
    assert caught.value.until == until
    assert budget.closed == ([] if until is None else [until] * 4)
    pause = client._trading.pause(caught.value)
    if after_s is None:
        assert pause is True
    else:
        assert after_s <= float(pause) <= after_s + 1


def test_nobody_waits_for_longer_than_a_minute() -> None:
    client, wire = alpaca(answer({}, 503, {"retry-after": "3600"}))

    with pytest.raises(ProviderUnavailableError) as caught:
        client.assets()

    assert caught.value.until == NOW + timedelta(hours=1)
    assert len(wire.asked) == 1


def test_the_last_call_of_a_minute_closes_the_budget_before_the_next_is_refused() -> None:
    budget = Budget()
    reset = int(NOW.timestamp()) + 40
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    client, _ = alpaca(answer(ASSETS, 200, headers), budget=budget)

    client.assets()

    assert budget.closed == [datetime.fromtimestamp(reset, UTC)]


def test_without_a_budget_nothing_is_sent() -> None:
    budget = Budget(refuse=lambda: QuotaExhaustedError("alpaca", NOW))
    client, wire = alpaca(answer(ASSETS), budget=budget)

    with pytest.raises(QuotaExhaustedError):
        client.assets()

    assert wire.asked == []


def test_the_end_of_the_day_is_told_to_the_budget_and_not_tried_again() -> None:
    budget = Budget()
    client, wire = alphavantage(answer({"Information": DAILY}), budget=budget)

    with pytest.raises(DailyQuotaError, match="alphavantage OVERVIEW IBM") as caught:
        client.overview("IBM")

    assert len(wire.asked) == 1
    assert budget.closed == [None]
    assert caught.value.until == datetime(2024, 1, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"<!doctype html><p>Hi", "text/html; charset=utf-8", "an HTML page"),
        (b"  <html>", "application/json", "an HTML page"),
        (b"\x89PNG", "image/png", "image/png"),
        (b'[{"symbol": "AAPL", "sta', "application/json", "no whole JSON"),
        (b"", "application/json", "no whole JSON"),
        (b'{"message": "?"}', "application/json", "field symbol, status is missing"),
        (b'["AAPL"]', "application/json", "in place of a list of objects"),
        (b"[{}]", "application/json", "field symbol, status is missing; there is nothing"),
    ],
)
def test_what_is_no_data_is_named_and_not_tried_again(body: bytes, kind: str, problem: str) -> None:
    client, wire = alpaca(answer(body, 200, {"content-type": kind}))

    with pytest.raises(PayloadError, match=f"alpaca assets: .*{problem}"):
        client.assets()

    assert len(wire.asked) == 1


def test_a_body_that_cannot_be_unpacked_is_named() -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    wire = Wire(
        [
            httpx2.Response(
                200, stream=Broken(b"no gzip", httpx2.ReadError("reset")), headers=headers
            )
        ]
    )
    client = AlpacaClient(SecretStr(KEY), SecretStr(KEY), transport=wire.transport)

    with pytest.raises(PayloadError, match="cannot be unpacked"):
        client.assets()


def test_every_whole_answer_is_kept_with_its_question_before_it_is_judged() -> None:
    shelf = Shelf()
    client, _ = alphavantage(answer({"Symbol": "MSFT"}), shelf=shelf)

    with pytest.raises(PayloadError, match="about"):
        client.overview("IBM")

    (kept,) = shelf.kept
    assert (kept.provider, kept.function, kept.ticker) == ("alphavantage", "OVERVIEW", "IBM")
    assert kept.request == {"function": "OVERVIEW", "symbol": "IBM"}
    assert kept.body == b'{"Symbol": "MSFT"}'
    assert kept.received_at == NOW


def test_a_server_that_hangs_up_in_mid_body_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
        thread = threading.Thread(target=_hang_up, args=(server, 4))
        thread.start()
        url = f"http://{host}:{port}"
        with (
            AlpacaClient(SecretStr(KEY), SecretStr(KEY), trading_url=url) as client,
            pytest.raises(ProviderUnavailableError, match="broken off"),
        ):
            client.assets()
        thread.join()


def _hang_up(server: socket.socket, times: int) -> None:
    for _ in range(times):
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n[{")
