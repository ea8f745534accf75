"""Signed tokens: JWT with HS256 alone; issuer, audience, expiry, role and regions are checked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from pydantic import TypeAdapter, ValidationError

from schemas.api import ROLES, Role
from schemas.base import Id
from schemas.exercises import exercise_of, real_region

ISSUER = "muster"
AUDIENCE = "muster"
ALGORITHM = "HS256"
EVERYWHERE = "*"
MIN_SECRET_CHARS = 32
MAX_TOKEN_CHARS = 8192

OUTSIDE_DRILLS: frozenset[Role] = frozenset({"technician", "customer"})
"""Who never sees a drill of their region: they have a phone or a site there."""

_IDS: TypeAdapter[str] = TypeAdapter(Id)


class WeakSecret(ValueError):
    """The signing key is missing or too short to sign anything with."""


class BadToken(ValueError):
    """A token that proves nothing: forged, expired, for somebody else, or without role or regions."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: a subject in one role with its regions; a technician's subject is their engineer id."""

    subject: str
    role: Role
    regions: tuple[str, ...]
    expires_at: datetime
    customer: str | None = None

    def sees(self, region: str) -> bool:
        """Whether the region is one of theirs; whoever runs a region sees its drills, no technician does."""
        if EVERYWHERE in self.regions or region in self.regions:
            return True
        return self.role not in OUTSIDE_DRILLS and real_region(region) in self.regions

    @property
    def own_regions(self) -> frozenset[str]:
        """The regions that the token names, and their drills where those are shown to the role."""
        drills = () if self.role in OUTSIDE_DRILLS else (exercise_of(name) for name in self.regions)
        return frozenset(self.regions) | frozenset(drills)

    @property
    def everywhere(self) -> bool:
        """Whether all regions are theirs."""
        return EVERYWHERE in self.regions


class Tokens:
    """Signs and reads tokens with one secret; WeakSecret below 32 characters (RFC 7518 section 3.2)."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_SECRET_CHARS:
            raise WeakSecret(f"MUSTER_SECRET must be set to at least {MIN_SECRET_CHARS} characters")
        self._secret = secret

    def sign(
        self, subject: str, role: Role, regions: list[str], ttl_s: float, customer: str | None = None
    ) -> str:
        """A token for `subject`, good for `ttl_s` seconds from now."""
        now = datetime.now(UTC)
        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "role": role,
            "regions": regions,
            "iat": now,
            "exp": now + timedelta(seconds=ttl_s),
        }
        if customer is not None:
            claims["customer"] = customer
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def read(self, token: str) -> Identity:
        """Who the token names; BadToken where it proves nothing."""
        if len(token) > MAX_TOKEN_CHARS:
            raise BadToken("the token is too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise BadToken(f"the token is not accepted: {type(error).__name__}") from error
        return _identity(claims)


def _identity(claims: dict[str, Any]) -> Identity:
    regions, customer = claims.get("regions"), claims.get("customer")
    role = next((known for known in ROLES if known == claims.get("role")), None)
    if role is None:
        raise BadToken("the token names no known role")
    if not isinstance(regions, list) or not all(isinstance(region, str) and region for region in regions):
        raise BadToken("the token names no list of regions")
    if role == "customer" and not isinstance(customer, str):
        raise BadToken("a customer's token names its customer")
    try:
        subject = _IDS.validate_python(claims["sub"])
        if customer is not None:
            customer = _IDS.validate_python(customer)
        expires_at = datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (ValidationError, ValueError, TypeError, OverflowError, OSError) as error:
        raise BadToken("the token's subject, customer or expiry is no such thing") from error
    return Identity(subject, role, tuple(regions), expires_at, customer)
