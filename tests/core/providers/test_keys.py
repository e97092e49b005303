"""No key in any message, log, representation or kept body, whatever a provider echoes."""

import logging
import traceback

import httpx2
import pytest
from pydantic import SecretStr

from signal9_core.errors import ProviderError, SettingsError
from signal9_core.providers.alphavantage.client import AlphaVantageClient
from signal9_core.providers.http import Redactor

from .wire import KEY, SECRET, Shelf, alpaca, alphavantage, answer

ECHO = f"We have detected your API key as {KEY} and our rate limit is 25 requests per day."


def test_the_key_is_sent_and_nothing_else_knows_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shelf = Shelf()
    client, wire = alphavantage(answer({"Note": f"Hello {KEY}, {KEY}!"}), shelf=shelf)

    with pytest.raises(ProviderError) as caught:
        client.overview("IBM")

    told = "".join(traceback.format_exception(caught.value))
    assert wire.params[0]["apikey"] == KEY
    assert KEY not in f"{told} {caplog.text} {client!r} {vars(client.source)} {shelf.kept}"
    assert "[key]" in str(caught.value)
    assert "HTTP Request: GET" in caplog.text


@pytest.mark.parametrize(
    "failure", [answer({"message": f"{KEY}? {SECRET}!"}, 401), httpx2.ReadError("reset")]
)
def test_headers_are_sent_and_never_told(
    failure: httpx2.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client, wire = alpaca(failure)

    with pytest.raises(ProviderError) as caught:
        client.assets()

    told = "".join(traceback.format_exception(caught.value))
    assert wire.asked[0].headers["apca-api-key-id"] == KEY
    assert wire.asked[0].headers["apca-api-secret-key"] == SECRET
    assert KEY not in f"{told} {caplog.text} {client!r}"
    assert SECRET not in f"{told} {caplog.text} {client!r}"


def test_an_error_that_the_library_raises_holds_a_request_without_the_key() -> None:
    client, _ = alphavantage(httpx2.ReadError("reset"))

    with pytest.raises(ProviderError) as caught:
        client.overview("IBM")

    cause = caught.value.__cause__
    assert isinstance(cause, httpx2.ReadError)
    assert KEY not in str(cause.request.url)


@pytest.mark.parametrize("spelling", ["5ecr3t%2F5ecr3t%2B5ecr3t", "5ecr3t\\/5ecr3t+5ecr3t"])
def test_every_spelling_of_a_key_is_cut_out(spelling: str) -> None:
    redactor = Redactor([SECRET])

    assert redactor.body(f'{{"key":"{spelling}"}}'.encode()) == b'{"key":"[key]"}'
    assert redactor.text(SECRET.upper()) == "[key]"


def test_a_short_key_is_cut_out_only_as_a_word() -> None:
    redactor = Redactor(["ABC123"])

    assert redactor.text("key=ABC123, XABC1234") == "key=[key], XABC1234"


def test_a_key_that_is_not_ours_is_cut_out_where_it_is_called_one() -> None:
    assert KEY not in Redactor([]).text(ECHO)


def test_the_public_key_is_a_word_like_any_other() -> None:
    assert Redactor(["demo"]).text("a demo of demo") == "a demo of demo"


@pytest.mark.parametrize("key", [None, "", "  "])
def test_a_missing_key_is_named_by_its_setting(key: str | None) -> None:
    with pytest.raises(SettingsError, match="SIGNAL9_ALPHAVANTAGE_KEY is not set"):
        AlphaVantageClient(None if key is None else SecretStr(key))


def test_a_key_that_can_be_none_is_refused_and_not_told() -> None:
    key = SecretStr(f"open\n{KEY}")

    with pytest.raises(SettingsError, match="characters that no key has") as caught:
        AlphaVantageClient(key)

    assert KEY not in "".join(traceback.format_exception(caught.value))
