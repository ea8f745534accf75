"""A session's log in Redis: appended only at its end, only by who knows that end, and by its node's epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from pydantic import Field, TypeAdapter

from schemas.assist_log import AnnotationMade, Entry, SessionChanged
from services.assist.chain import line_of
from services.assist.session import Session, folded
from services.sessions.keys import SessionKeys, sessions_key

MAX_ENTRIES = 20_000
KEPT_S = 7 * 24 * 3600
READ_AT_ONCE = 500
_ENTRY: TypeAdapter[Entry] = TypeAdapter(
    Annotated[SessionChanged | AnnotationMade, Field(discriminator="kind")]
)

APPEND = """
local meta = redis.call('HMGET', KEYS[1], 'seq', 'epoch')
local seq, epoch = tonumber(meta[1] or '0'), tonumber(meta[2] or '0')
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= epoch then return 'fenced' end
if tonumber(ARGV[1]) ~= seq then return 'behind' end
if seq + #ARGV - 6 > tonumber(ARGV[3]) and ARGV[6] ~= 'last' then return 'full' end
for i = 7, #ARGV do
  seq = seq + 1
  redis.call('XADD', KEYS[2], seq .. '-0', 'e', ARGV[i])
end
redis.call('HSET', KEYS[1], 'seq', seq, 'view', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 'appended'
"""
"""KEYS meta, log; ARGV expected seq, epoch ('' for no node), most entries, kept s, view, last, entries."""

CLAIM = """
local meta = redis.call('HMGET', KEYS[1], 'seq', 'epoch')
if not meta[1] then return 0 end
local epoch = tonumber(meta[2] or '0')
if epoch ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'node', ARGV[2], 'epoch', epoch + 1)
return epoch + 1
"""
"""KEYS meta; ARGV the epoch that was seen, the new node. Answers the new epoch, 0 for who was too slow."""

PUBLISHED = """
local before = tonumber(redis.call('HGET', KEYS[1], 'published') or '0')
if redis.call('EXISTS', KEYS[1]) == 1 and before < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'published', ARGV[1])
end
return 1
"""


class Ask(Protocol):
    """One command to Redis; what it raises where Redis does not answer is its own affair."""

    async def __call__(self, *words: str | bytes | int) -> Any:
        """The command's answer, texts as bytes."""


class StoreRefused(Exception):
    """The log was not added to.

    StoreRefused
    ├─ Behind           somebody else was faster: read on and decide again
    ├─ Fenced           another node owns the session by now: let go of it
    ├─ LogFull          the session has as many entries as one may have
    └─ UnknownSession   there is none of this id
    """


class Behind(StoreRefused):
    """Somebody else was faster: read on and decide again."""


class Fenced(StoreRefused):
    """Another node owns the session by now."""


class LogFull(StoreRefused):
    """The session has as many entries as one may have; only its end still fits."""


class UnknownSession(StoreRefused):
    """There is no session of this id."""


_OUTCOMES: dict[bytes, type[StoreRefused]] = {b"behind": Behind, b"fenced": Fenced, b"full": LogFull}


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a session stands: its node and epoch, the last entry, and the last that the broker has."""

    node: str | None
    epoch: int
    seq: int
    published: int
    offset_ms: int


class SessionStore:
    """Reads and appends logs; everything that writes as a node names the epoch that it owns."""

    def __init__(self, ask: Ask, prefix: str) -> None:
        self.ask = ask
        self.prefix = prefix

    def keys(self, session_id: str) -> SessionKeys:
        """The session's keys."""
        return SessionKeys(self.prefix, session_id)

    async def append(self, after: Session, entries: Sequence[Entry], epoch: int | None) -> None:
        """Add the entries that follow those of `after` before they were applied to it.

        `after` is the session as it will be, `epoch` None for who is no node. Raises a StoreRefused.
        """
        keys, ends = self.keys(after.session_id), after.ended
        outcome: bytes = await self.ask(
            *("EVAL", APPEND, 2, keys.meta, keys.log),
            *(entries[0].seq - 1, "" if epoch is None else epoch, MAX_ENTRIES, KEPT_S),
            *(after.view().model_dump_json(exclude_none=True), "last" if ends else ""),
            *(line_of(entry) for entry in entries),
        )
        refused = _OUTCOMES.get(outcome)
        if refused is not None:
            raise refused(f"{after.session_id}: {refused.__doc__}")

    async def begin(self, session: Session, offset_ms: int, opened_ms: int) -> None:
        """List a session that is about to be opened; its log's time is `offset_ms` ahead of the wall's."""
        await self.ask("HSETNX", self.keys(session.session_id).meta, "offset_ms", offset_ms)
        await self.ask("ZADD", sessions_key(self.prefix), "NX", opened_ms, session.session_id)

    async def entries_after(self, session_id: str, seq: int) -> list[Entry]:
        """The entries with higher numbers, in order."""
        entries: list[Entry] = []
        key = self.keys(session_id).log
        while True:
            found = await self.ask("XRANGE", key, f"{seq + 1}-0", "+", "COUNT", READ_AT_ONCE)
            entries += [_ENTRY.validate_json(fields[1]) for _, fields in _records(found)]
            if len(found) < READ_AT_ONCE:
                return entries
            seq = entries[-1].seq

    async def load(self, session_id: str) -> Session:
        """The session as its log makes it. Raises UnknownSession."""
        entries = await self.entries_after(session_id, 0)
        if not entries:
            raise UnknownSession(f"There is no session {session_id}.")
        return folded(session_id, entries)

    async def placement(self, session_id: str) -> Placement:
        """Where the session stands. Raises UnknownSession."""
        node, epoch, seq, published, offset_ms = await self.ask(
            "HMGET", self.keys(session_id).meta, "node", "epoch", "seq", "published", "offset_ms"
        )
        if seq is None:
            raise UnknownSession(f"There is no session {session_id}.")
        return Placement(
            node.decode() if node else None,
            int(epoch or 0),
            int(seq),
            int(published or 0),
            int(offset_ms or 0),
        )

    async def claim(self, session_id: str, seen_epoch: int, node: str) -> int | None:
        """Give the session to a node: the new epoch, or None where somebody was faster."""
        epoch: int = await self.ask("EVAL", CLAIM, 1, self.keys(session_id).meta, seen_epoch, node)
        return epoch or None

    async def note_published(self, session_id: str, seq: int) -> None:
        """Remember that the broker has everything up to `seq`."""
        await self.ask("EVAL", PUBLISHED, 1, self.keys(session_id).meta, seq)

    async def view(self, session_id: str) -> bytes | None:
        """The session's SessionView as JSON."""
        found: bytes | None = await self.ask("HGET", self.keys(session_id).meta, "view")
        return found

    async def open_sessions(self, limit: int) -> list[str]:
        """Listed sessions, newest first: open, or ended with something left to publish."""
        found = await self.ask("ZREVRANGE", sessions_key(self.prefix), 0, limit - 1)
        return [session_id.decode() for session_id in found]

    async def listed(self, limit: int) -> list[tuple[str, int]]:
        """The oldest listed sessions, with when they were opened in milliseconds since 1970."""
        found = await self.ask("ZRANGE", sessions_key(self.prefix), 0, limit - 1)
        times = [await self.ask("ZSCORE", sessions_key(self.prefix), name) for name in found]
        return [(name.decode(), int(at or 0)) for name, at in zip(found, times, strict=True)]

    async def has_ended(self, session_id: str) -> bool:
        """Whether the session is over."""
        view = await self.view(session_id)
        return view is not None and b'"state":"ended"' in view

    async def unlist(self, session_id: str) -> None:
        """The session has ended and the broker has all of it."""
        await self.ask("ZREM", sessions_key(self.prefix), session_id)

    async def keep_still(self, session_id: str, still_id: str, octets: bytes, media_type: str) -> None:
        """Keep a still as long as the log."""
        key = self.keys(session_id).still(still_id)
        await self.ask("HSET", key, "octets", octets, "media_type", media_type)
        await self.ask("EXPIRE", key, KEPT_S)

    async def still(self, session_id: str, still_id: str) -> tuple[bytes, str] | None:
        """A still and its media type."""
        octets, media_type = await self.ask(
            "HMGET", self.keys(session_id).still(still_id), "octets", "media_type"
        )
        return None if octets is None else (octets, media_type.decode())

    async def drop_stills(self, session: Session) -> None:
        """Forget the stills of a session without consent to a recording."""
        for still_id in session.stills:
            await self.ask("DEL", self.keys(session.session_id).still(still_id))


def _records(found: Any) -> list[tuple[bytes, list[bytes]]]:
    """XRANGE's answer as (id, [field, value]), whichever of its two forms the client hands out."""
    return [
        (record_id, [b"e", fields[b"e"]] if isinstance(fields, dict) else fields)
        for record_id, fields in found
    ]
