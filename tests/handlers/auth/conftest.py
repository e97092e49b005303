from collections.abc import Iterator

import pytest

from signal9_handlers.auth.keys import SigningKeys
from signal9_handlers.auth.tokens import TokenVerifier

from .issuers import AUDIENCE, Issuer


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture
def verify(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(issuer.url, AUDIENCE, SigningKeys(issuer.url))
