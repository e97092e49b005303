"""What holds for every provider: errors, retries, quota, cache, and keys that never leak."""

import gzip
import traceback
from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.errors import (
    CredentialsError,
    DailyQuotaError,
    PayloadError,
    PlanError,
    ProviderError,
    ProviderUnavailableError,
    QuotaExhaustedError,
    RateLimitError,
    RequestRefusedError,
    SettingsError,
)
from signal9_core.provider_port import LARGEST_BODY
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.calendar import last_finished_day
from signal9_core.providers.http import Redactor
from tests.fakes import NOW, SetClock

from .wire import (
    KEY,
    SECRET,
    Broken,
    CountingQuota,
    MemoryCache,
    Reply,
    alpaca,
    alphavantage,
    response,
)

ASSETS = [{"symbol": "AAPL", "name": "Apple Inc.", "status": "active", "tradable": True}]
DAILY = "Thank you! Our standard API rate limit is 25 requests per day."
ECHO = f"We have detected your API key as {KEY} and our rate limit is 25 requests per day."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, PayloadError),
        (400, RequestRefusedError),
        (401, CredentialsError),
        (403, PlanError),
        (404, RequestRefusedError),
        (418, PayloadError),
        (422, RequestRefusedError),
    ],
)
def test_each_status_has_its_error_and_is_not_retried(
    status: int, kind: type[ProviderError]
) -> None:
    client, wire = alpaca(response({"code": 1, "message": "because"}, status))

    with pytest.raises(kind, match=rf"alpaca assets: .*HTTP {status}.*because") as caught:
        client.assets()

    assert type(caught.value) is kind
    assert len(wire.requests) == 1


def test_a_rejected_key_is_not_sent_again_for_a_minute() -> None:
    clock, quota = SetClock(), CountingQuota()
    client, wire = alpaca(response({}, 401), response(ASSETS), clock=clock, quota=quota)

    for problem in ("HTTP 401", "alpaca assets: not sent, since alpaca assets: .*HTTP 401"):
        with pytest.raises(CredentialsError, match=problem):
            client.assets()
    assert (len(wire.requests), quota.reserved) == (1, 1)

    clock.move(minutes=1)
    assert len(client.assets()) == 1


@pytest.mark.parametrize(
    "failure",
    [
        httpx2.ConnectError("refused"),
        httpx2.ReadTimeout("slow"),
        httpx2.RemoteProtocolError("gone"),
        response(b"<html>oops</html>", 502, {"content-type": "text/html"}),
        response({"message": "down"}, 500),
        response({"message": "slow down"}, 429),
    ],
)
def test_transient_errors_are_retried_and_each_try_counts(failure: Reply) -> None:
    quota = CountingQuota()
    client, wire = alpaca(failure, failure, response(ASSETS), quota=quota)

    assert [asset.ticker for asset in client.assets()] == ["AAPL"]
    assert len(wire.requests) == quota.reserved == 3


def test_a_body_that_breaks_off_is_requested_again() -> None:
    broken = httpx2.Response(200, stream=Broken(b'[{"symbol"', httpx2.ReadTimeout("slow")))
    cache = MemoryCache()
    client, _ = alpaca(broken, response(ASSETS), cache=cache)

    assert len(client.assets()) == len(cache.responses) == 1


def test_retrying_ends() -> None:
    client, wire = alpaca(httpx2.ReadError("reset"))

    with pytest.raises(ProviderUnavailableError, match="alpaca assets: connection failed: reset"):
        client.assets()

    assert len(wire.requests) == 4


def test_calls_that_were_never_sent_are_given_back() -> None:
    quota = CountingQuota()
    client, _ = alpaca(httpx2.ConnectTimeout(""), response(ASSETS), quota=quota)

    client.assets()

    assert (quota.reserved, quota.refunded) == (2, 1)


def test_a_response_that_trickles_in_is_given_up() -> None:
    client, _ = alpaca(response(ASSETS))
    ticks = iter(range(0, 1_000_000, 500))
    client.trading.elapsed_s = lambda: float(next(ticks))

    with pytest.raises(ProviderUnavailableError, match="no whole response within 120 s"):
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
def test_the_provider_says_when_to_retry(headers: dict[str, str], after_s: int | None) -> None:
    quota = CountingQuota()
    client, _ = alpaca(response({}, 429, headers), quota=quota)

    with pytest.raises(RateLimitError) as caught:
        client.assets()

    until = None if after_s is None else NOW + timedelta(seconds=after_s)
    assert caught.value.until == until
    assert quota.closed == ([] if until is None else [until] * 4)
    delay = client.trading.retry_delay(caught.value)
    assert delay is True if after_s is None else after_s <= float(delay) <= after_s + 1


def test_waits_longer_than_a_minute_are_left_to_the_caller() -> None:
    client, wire = alpaca(response({}, 503, {"retry-after": "3600"}))

    with pytest.raises(ProviderUnavailableError) as caught:
        client.assets()

    assert caught.value.until == NOW + timedelta(hours=1)
    assert len(wire.requests) == 1


@pytest.mark.parametrize("status", [200, 400])
def test_the_last_call_of_a_minute_closes_the_quota(status: int) -> None:
    quota = CountingQuota()
    reset = int(NOW.timestamp()) + 40
    headers = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset)}
    client, _ = alpaca(response(ASSETS, status, headers), quota=quota)

    if status == 200:
        client.assets()
    else:
        with pytest.raises(RequestRefusedError):
            client.assets()

    assert quota.closed == [datetime.fromtimestamp(reset, UTC)]


def test_nothing_is_sent_without_quota() -> None:
    quota = CountingQuota(refuse=lambda: QuotaExhaustedError("alpaca", NOW))
    client, wire = alpaca(response(ASSETS), quota=quota)

    with pytest.raises(QuotaExhaustedError):
        client.assets()

    assert wire.requests == []


def test_the_end_of_the_daily_quota_closes_it_and_is_not_retried() -> None:
    quota = CountingQuota()
    client, wire = alphavantage(response({"Information": DAILY}), quota=quota)

    with pytest.raises(DailyQuotaError, match="alphavantage OVERVIEW IBM") as caught:
        client.overview("IBM")

    assert len(wire.requests) == 1
    assert quota.closed == [None]
    assert caught.value.until == datetime(2024, 1, 9, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (b"<!doctype html><p>Hi", "text/html; charset=utf-8", "an HTML page"),
        (b"  <html>", "application/json", "an HTML page"),
        (b"\x89PNG", "image/png", "image/png instead of data"),
        (b'[{"symbol": "AAPL", "sta', "application/json", "(malformed|truncated)"),
        (b"", "application/json", "(malformed|truncated)"),
        (b'{"message": "?"}', "application/json", "missing required field `symbol`"),
        (b'["AAPL"]', "application/json", "Expected `object`, got `str`"),
    ],
)
def test_a_body_without_data_is_explained_and_not_retried(
    content: bytes, kind: str, problem: str
) -> None:
    client, wire = alpaca(response(content, 200, {"content-type": kind}))

    with pytest.raises(PayloadError, match=f"alpaca assets: .*{problem}"):
        client.assets()

    assert len(wire.requests) == 1


def test_a_body_without_end_is_given_up_and_not_cached() -> None:
    parts = [b" " * (1 << 20)] * 1_000
    cache, bomb = MemoryCache(), gzip.compress(b" " * (LARGEST_BODY + 1))
    zipped = {"content-encoding": "gzip", "content-type": "application/json"}
    client, wire = alpaca(
        httpx2.Response(200, content=iter(parts)),
        response(bomb, headers=zipped),
        cache=cache,
    )

    for _ in range(2):
        with pytest.raises(PayloadError, match="alpaca assets: the body has more than 67,108,864"):
            client.assets()

    assert (len(wire.requests), cache.responses) == (2, [])


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b'[{"symbol": "AAPL", "status": "active", "x": 1, "x": 2}]', "'x' occurs twice"),
        (b'[{"symbol": "AAPL", "status": "active", "": 2}]', "a field has no name"),
        (b'[{"symbol": "AAPL", "status": "active", "x": 1e400}]', "1e400 has too many digits"),
        (b'[{"symbol": "AAPL", "status": "active", "x": "%s"}]' % (b"x" * 100_001), "100,001"),
        (b'[{"symbol": "AAPL", "status": "active", "x": %s}]' % (b"[" * 30 + b"]" * 30), "nested"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_what_a_decoder_passes_over_and_no_store_can_hold_is_refused(
    body: bytes, problem: str
) -> None:
    client, _ = alpaca(response(body))

    with pytest.raises(PayloadError, match=f"alpaca assets: .*{problem}"):
        client.assets()


def test_a_body_that_cannot_be_decompressed_is_an_error() -> None:
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    stream = Broken(b"no gzip", httpx2.ReadError("reset"))
    client, _ = alpaca(httpx2.Response(200, stream=stream, headers=headers))

    with pytest.raises(PayloadError, match="cannot be decompressed"):
        client.assets()


def test_every_whole_response_is_cached_before_it_is_parsed() -> None:
    cache = MemoryCache()
    client, _ = alphavantage(response({"Symbol": "MSFT"}), cache=cache)

    with pytest.raises(PayloadError, match="about"):
        client.overview("IBM")

    (cached,) = cache.responses
    assert (cached.provider, cached.function, cached.ticker) == ("alphavantage", "OVERVIEW", "IBM")
    assert cached.request == {"function": "OVERVIEW", "symbol": "IBM"}
    assert (cached.body, cached.received_at) == (b'{"Symbol": "MSFT"}', NOW)


def test_a_client_closes_its_connections() -> None:
    client, _ = alpaca(response([]))

    with client:
        client.assets()

    assert client.trading.client.is_closed
    assert client.data.client.is_closed


@pytest.mark.parametrize("spelling", ["5ecr3t%2F5ecr3t%2B5ecr3t", "5ecr3t\\/5ecr3t+5ecr3t"])
def test_every_spelling_of_a_key_is_redacted(spelling: str) -> None:
    redactor = Redactor([SECRET])

    assert redactor.redact(f'{{"key":"{spelling}"}}'.encode()) == b'{"key":"[key]"}'
    assert redactor.redact(SECRET.upper().encode()) == b"[key]"


def test_a_short_key_is_redacted_only_as_a_word_and_the_public_one_not_at_all() -> None:
    assert Redactor(["ABC123"]).redact(b"key=ABC123, XABC1234") == b"key=[key], XABC1234"
    assert Redactor(["demo"]).redact(b"a demo of demo") == b"a demo of demo"
    assert KEY.encode() not in Redactor([]).redact(ECHO.encode())


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_missing_key_is_named_by_its_setting(key: str | None) -> None:
    with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_KEY is not set"):
        AlphaVantageClient(None if key is None else SecretStr(key))


def test_a_malformed_key_is_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="characters that are not allowed") as caught:
        AlphaVantageClient(SecretStr(f"open\n{KEY}"))

    assert KEY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("now", "day"),
    [
        ("2024-01-08T21:29:00Z", date(2024, 1, 7)),
        ("2024-01-08T21:30:00Z", date(2024, 1, 8)),
        ("2024-07-08T20:29:00Z", date(2024, 7, 7)),
        ("2024-07-08T20:30:00Z", date(2024, 7, 8)),
    ],
)
def test_a_day_is_finished_half_an_hour_after_the_close_in_new_york(now: str, day: date) -> None:
    assert last_finished_day(datetime.fromisoformat(now)) == day
