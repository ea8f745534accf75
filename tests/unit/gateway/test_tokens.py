"""Tokens prove what they say, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from services.gateway.tokens import BadToken, Tokens, WeakSecret

SECRET = "a secret for tests, of more than 32 characters"


def claims(**changed: Any) -> dict[str, Any]:
    """Good claims, some of them changed; None takes one away."""
    good: dict[str, Any] = {
        "iss": "muster",
        "aud": "muster",
        "sub": "E1",
        "role": "technician",
        "regions": ["R1"],
        "exp": datetime.now(UTC) + timedelta(minutes=5),
    }
    return {name: value for name, value in (good | changed).items() if value is not None}


def test_what_was_signed_is_read_back() -> None:
    """A token says who, which role, which regions, until when."""
    tokens = Tokens(SECRET)
    who = tokens.read(tokens.sign("E1", "technician", ["R1", "R2"], 60))
    assert (who.subject, who.role, who.regions, who.customer) == ("E1", "technician", ("R1", "R2"), None)
    assert who.sees("R2")
    assert not who.sees("R3")
    assert timedelta(seconds=50) < who.expires_at - datetime.now(UTC) <= timedelta(seconds=60)


def test_the_star_is_every_region() -> None:
    """`*` among the regions means all of them."""
    tokens = Tokens(SECRET)
    assert tokens.read(tokens.sign("d", "dispatcher", ["*"], 60)).sees("anywhere")


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "somebody else"},
        {"aud": "another service"},
        {"exp": datetime(2020, 1, 1, tzinfo=UTC)},
        {"exp": None},
        {"iss": None},
        {"aud": None},
        {"sub": None},
        {"sub": "a name with spaces"},
        {"role": "admin"},
        {"role": ["technician"]},
        {"role": None},
        {"regions": None},
        {"regions": "*"},
        {"regions": [1]},
        {"regions": [""]},
        {"role": "customer"},
        {"role": "customer", "customer": 7},
    ],
    ids=str,
)
def test_a_token_that_lacks_something_is_refused(wrong: dict[str, Any]) -> None:
    """Issuer, audience, expiry, subject, role, regions and a customer's customer are all needed."""
    token = jwt.encode(claims(**wrong), SECRET, algorithm="HS256")
    with pytest.raises(BadToken):
        Tokens(SECRET).read(token)


def test_only_hs256_with_our_secret_is_read() -> None:
    """Neither `none`, nor another algorithm, nor another secret, nor noise."""
    good = claims()
    for token in (
        jwt.encode(good, "", algorithm="none"),
        jwt.encode(good, SECRET * 2, algorithm="HS512"),
        jwt.encode(good, SECRET[::-1], algorithm="HS256"),
        "",
        "a.b.c",
        "x" * 10_000,
    ):
        with pytest.raises(BadToken):
            Tokens(SECRET).read(token)


def test_a_refusal_does_not_repeat_the_token() -> None:
    """What is told about a bad token holds nothing of it."""
    token = jwt.encode(claims(iss="evil"), SECRET, algorithm="HS256")
    with pytest.raises(BadToken) as refused:
        Tokens(SECRET).read(token)
    assert not any(part in str(refused.value) for part in token.split("."))


def test_a_short_secret_signs_nothing() -> None:
    """Below 32 characters there is no signing (RFC 7518 section 3.2)."""
    with pytest.raises(WeakSecret):
        Tokens("x" * 31)
