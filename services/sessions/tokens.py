"""Tokens of a session: one opens a connection once, a ticket lets the same party come back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import jwt
from pydantic import TypeAdapter, ValidationError

from schemas.assist_log import PartyRole
from schemas.base import Id
from services.sessions.keys import spent_key
from services.sessions.store import Ask

ALGORITHM = "HS256"
ISSUER = "muster"
FOR_SIGNAL, FOR_RETURN = "muster-relay", "muster-assist-ticket"
FOR_EVIDENCE, FOR_GLANCE = "muster-assist-evidence", "muster-assist-glance"
TOKEN_TTL_S = 60
TICKET_TTL_S = 12 * 3600
EVIDENCE_TTL_S = 3600
GLANCE_TTL_S = 300
MAX_TOKEN_CHARS = 4096
ROLES: tuple[str, ...] = get_args(PartyRole)
_IDS: TypeAdapter[str] = TypeAdapter(Id)


class BadPartyToken(ValueError):
    """A token that opens nothing here: forged, expired, of another session, or used before."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who comes to which session, and as what; `token_id` names the token."""

    session_id: str
    subject: str
    role: PartyRole
    token_id: str
    expires_at: datetime


class PartyTokens:
    """Signs and reads the tokens of sessions with the installation's secret, for audiences of their own."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def token(self, session_id: str, subject: str, role: PartyRole) -> tuple[str, datetime]:
        """A signalling token and when it expires."""
        return self._signed(FOR_SIGNAL, session_id, subject, role, TOKEN_TTL_S)

    def ticket(self, session_id: str, subject: str, role: PartyRole) -> str:
        """What lets this party come back, and upload and read stills."""
        return self._signed(FOR_RETURN, session_id, subject, role, TICKET_TTL_S)[0]

    def evidence(self, session_id: str, subject: str) -> tuple[str, datetime]:
        """What lets its bearer read this session's evidence from the nodes, and when it expires."""
        return self._signed(FOR_EVIDENCE, session_id, subject, "observer", EVIDENCE_TTL_S)

    def glance(self, session_id: str, subject: str) -> tuple[str, datetime]:
        """What lets somebody look at the small pictures without coming, and when it expires."""
        return self._signed(FOR_GLANCE, session_id, subject, "observer", GLANCE_TTL_S)

    def _signed(
        self, audience: str, session_id: str, subject: str, role: PartyRole, ttl_s: int
    ) -> tuple[str, datetime]:
        now = datetime.now(UTC)
        expires_at = (now + timedelta(seconds=ttl_s)).replace(microsecond=0)
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "sub": subject,
            "sid": session_id,
            "role": role,
            "jti": secrets.token_urlsafe(12),
            "iat": now,
            "exp": expires_at,
        }
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM), expires_at

    def read_token(self, token: str, session_id: str, *, expired: bool = False) -> Party:
        """Whom a signalling token lets in; `expired` reads one that has expired. Raises BadPartyToken."""
        return self._read(FOR_SIGNAL, token, session_id, expired=expired)

    def read_ticket(self, ticket: str, session_id: str) -> Party:
        """Whose ticket it is. Raises BadPartyToken."""
        return self._read(FOR_RETURN, ticket, session_id, expired=False)

    def read_evidence(self, token: str, session_id: str) -> Party:
        """Who may read the evidence. Raises BadPartyToken."""
        return self._read(FOR_EVIDENCE, token, session_id, expired=False)

    def read_glance(self, token: str, session_id: str) -> Party:
        """Who looks. Raises BadPartyToken."""
        return self._read(FOR_GLANCE, token, session_id, expired=False)

    def _read(self, audience: str, token: str, session_id: str, *, expired: bool) -> Party:
        if len(token) > MAX_TOKEN_CHARS:
            raise BadPartyToken("the token is too long")
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "sid", "jti"], "verify_exp": not expired},
            )
        except jwt.PyJWTError as error:
            raise BadPartyToken(f"the token is not accepted: {type(error).__name__}") from error
        party = _party(claims)
        if party.session_id != session_id:
            raise BadPartyToken("the token is of another session")
        return party


def _party(claims: dict[str, Any]) -> Party:
    role: Any = claims.get("role")
    if role not in ROLES:
        raise BadPartyToken("the token names no role")
    try:
        return Party(
            session_id=_IDS.validate_python(claims["sid"]),
            subject=_IDS.validate_python(claims["sub"]),
            role=role,
            token_id=_IDS.validate_python("t" + str(claims["jti"])),
            expires_at=datetime.fromtimestamp(float(claims["exp"]), UTC),
        )
    except (ValidationError, ValueError, TypeError, OverflowError, OSError) as error:
        raise BadPartyToken("the token's session, subject or expiry is no such thing") from error


async def spend(ask: Ask, prefix: str, party: Party) -> None:
    """Use a signalling token up, on whichever node; BadPartyToken where it was used before."""
    left_s = max(1, int((party.expires_at - datetime.now(UTC)).total_seconds()) + 5)
    if not await ask("SET", spent_key(prefix, party.token_id), "1", "EX", left_s, "NX"):
        raise BadPartyToken("the token was used before")
