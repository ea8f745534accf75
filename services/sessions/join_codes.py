"""Short codes that let somebody in for a while: kept by their hash, used a few times, then gone."""

from __future__ import annotations

from dataclasses import dataclass
from random import SystemRandom
from typing import Any

from schemas.assist_log import PartyRole
from services.assist.codes import make_code, normalised
from services.sessions.keys import code_key
from services.sessions.store import Ask

CODE_TTL_S = 15 * 60
CODE_USES = 10

REDEEM = """
local found = redis.call('HMGET', KEYS[1], 'session_id', 'admits', 'uses')
if not found[1] then return {} end
if tonumber(found[3]) <= 1 then redis.call('DEL', KEYS[1])
else redis.call('HINCRBY', KEYS[1], 'uses', -1) end
return {found[1], found[2]}
"""


@dataclass(frozen=True, slots=True)
class Admission:
    """What a code lets somebody into, and as what."""

    session_id: str
    role: PartyRole


class JoinCodes:
    """Issues and redeems codes."""

    def __init__(self, ask: Ask, prefix: str) -> None:
        self._ask = ask
        self._prefix = prefix
        self._chance = SystemRandom()

    async def issue(self, session_id: str, admits: PartyRole) -> str:
        """A new code, good for 15 minutes and 10 uses."""
        code = make_code(self._chance)
        key = code_key(self._prefix, normalised(code) or "")
        await self._ask("HSET", key, "session_id", session_id, "admits", admits, "uses", CODE_USES)
        await self._ask("EXPIRE", key, CODE_TTL_S)
        return code

    async def redeem(self, typed: str) -> Admission | None:
        """Use a code once; None where it is none, or not any more."""
        code = normalised(typed)
        if code is None:
            return None
        found = await self._ask("EVAL", REDEEM, 1, code_key(self._prefix, code))
        if not found:
            return None
        role: Any = found[1].decode()
        return Admission(found[0].decode(), role)
