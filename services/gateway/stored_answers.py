"""The same Idempotency-Key gives the same answer for 24 hours: answers kept in Redis by (subject, key).

Without Redis commands still work: the event's id comes from (subject, key), so the fold drops the repeat.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

import orjson

from schemas.read_models import answer_key
from services.gateway.problems import ProblemError, RedisAway
from services.gateway.read_models import RedisLink


def event_id_of(subject: str, key: str) -> str:
    """The id of the event that (subject, Idempotency-Key) stands for: 32 hex digits of SHA-256."""
    return hashlib.sha256(f"{len(subject)}\n{subject}\n{key}".encode()).hexdigest()[:32]


def fingerprint_of(method: str, path: str, body: bytes) -> str:
    """What a key was used for: method, path and body."""
    return hashlib.sha256(b"\n".join((method.encode(), path.encode(), body))).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given: status, media type, body, Location."""

    status: int
    media_type: str
    body: bytes
    location: str = ""


class StoredAnswers:
    """Claims keys and keeps their answers; silent where Redis is away."""

    def __init__(self, link: RedisLink, prefix: str, ttl_s: int) -> None:
        self._link = link
        self._prefix = prefix
        self._ttl_s = ttl_s

    async def claim(self, event_id: str, fingerprint: str) -> StoredAnswer | None:
        """Take the key for this request, or hand back its answer; a 422 problem for another request."""
        claimed = orjson.dumps({"fingerprint": fingerprint})
        key = answer_key(self._prefix, event_id)
        try:
            if await self._link.ask("SET", key, claimed, "EX", self._ttl_s, "NX"):
                return None
            before = await self._link.ask("GET", key)
        except RedisAway:
            return None
        if before is None:
            return None
        found = orjson.loads(before)
        if found["fingerprint"] != fingerprint:
            raise ProblemError(
                "idempotency-key-reused",
                "This Idempotency-Key was used for another request; choose a new one.",
            )
        if "status" not in found:
            return None
        return StoredAnswer(
            found["status"], found["media_type"], base64.b64decode(found["body"]), found["location"]
        )

    async def keep(self, event_id: str, fingerprint: str, answer: StoredAnswer) -> None:
        """Remember the answer for whoever asks again with the key."""
        kept = orjson.dumps(
            {
                "fingerprint": fingerprint,
                "status": answer.status,
                "media_type": answer.media_type,
                "body": base64.b64encode(answer.body).decode(),
                "location": answer.location,
            }
        )
        key = answer_key(self._prefix, event_id)
        try:
            await self._link.ask("SET", key, kept, "EX", self._ttl_s)
        except RedisAway:
            return
