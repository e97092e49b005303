import pytest

from signal9_core.errors import (
    BurstError,
    CredentialsError,
    DailyQuotaError,
    PremiumEndpointError,
    PremiumParameterError,
    ProviderError,
    RequestRefusedError,
    UnknownSymbolError,
    UnknownTextError,
)
from signal9_core.providers.alphavantage.parsers import PARSERS

from .bodies import body

SITE = "https://www.alphavantage.co"
THANKS = "Thank you for using Alpha Vantage!"
SUBSCRIBE = f"You may subscribe to any of the premium plans at {SITE}/premium/"
TEXTS: list[tuple[type[ProviderError], str, str]] = [
    (
        BurstError,
        "Information",
        (
            f"{THANKS} Please consider spreading out your free API requests more sparingly (1 "
            f"request per second). {SUBSCRIBE} to lift the free key rate limit (25 requests per "
            "day) and instantly remove all daily rate limits."
        ),
    ),
    (
        BurstError,
        "Note",
        f"{THANKS} Our standard API call frequency is 5 calls per minute and 500 calls per day.",
    ),
    (
        DailyQuotaError,
        "Information",
        (
            "We have detected your API key as ABC123 and our standard API rate limit is 25 "
            f"requests per day. {SUBSCRIBE} to instantly remove all daily rate limits."
        ),
    ),
    (
        PremiumEndpointError,
        "Information",
        f"{THANKS} This is a premium endpoint. {SUBSCRIBE} to unlock all premium endpoints",
    ),
    (
        PremiumParameterError,
        "Information",
        (
            f"{THANKS} The outputsize=full parameter value is a premium feature for the "
            f"TIME_SERIES_DAILY endpoint. {SUBSCRIBE} to unlock all premium features"
        ),
    ),
    (
        CredentialsError,
        "Error Message",
        (
            "the parameter apikey is invalid or missing. Please claim your free API key on "
            f"({SITE}/support/#api-key). It should take less than 20 seconds."
        ),
    ),
    (
        CredentialsError,
        "Information",
        "The **demo** API key is for demo purposes only. Please claim your free API key.",
    ),
    (
        UnknownSymbolError,
        "Error Message",
        (
            f"Invalid API call. Please retry or visit the documentation ({SITE}/documentation/) "
            "for TIME_SERIES_DAILY."
        ),
    ),
    (RequestRefusedError, "Information", f"Invalid inputs. Please refer to {SITE}/documentation"),
    (UnknownTextError, "Information", "Servers are on holiday, API key as ABC123."),
]


@pytest.mark.parametrize(("kind", "name", "text"), TEXTS)
@pytest.mark.parametrize("function", ["OVERVIEW", "LISTING_STATUS", "TIME_SERIES_DAILY"])
def test_every_text_means_one_error_whatever_was_asked(
    function: str, kind: type[ProviderError], name: str, text: str
) -> None:
    with pytest.raises(kind, match=f"^alphavantage {function}.* IBM: ") as caught:
        list(PARSERS[function](body({name: text}), "IBM"))

    assert type(caught.value) is kind
    assert "ABC123" not in str(caught.value)


def test_a_text_that_nobody_met_before_is_quoted() -> None:
    with pytest.raises(UnknownTextError, match=r"on holiday, API key as \[key\]"):
        list(PARSERS["OVERVIEW"](body({"Note": "Gone on holiday, API key as ABC123."}), "IBM"))


@pytest.mark.parametrize("function", sorted(PARSERS))
@pytest.mark.parametrize("nothing", [b"{}", body({"Information": "No articles found. Please ..."})])
def test_nothing_is_no_error(function: str, nothing: bytes) -> None:
    assert list(PARSERS[function](nothing, "IBM")) == []
