"""A small stage for sessions: parties that do things, and the log that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.assist_client import CLIENT_MESSAGES
from schemas.assist_log import Entry, PartyRole
from services.assist import lifecycle
from services.assist.chain import Signer, chained
from services.assist.drafts import Actor, Draft
from services.assist.operations import Asked, Still, decide, freeze_with
from services.assist.session import Session

SIGNER = Signer("a secret for tests, of more than 32 characters")
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
ANA = Actor("ANA", "technician")
BEA = Actor("BEA", "expert")
CARL = Actor("CARL", "expert")
DORA = Actor("DORA", "observer")
DESK = Actor("DESK", "dispatcher")
ARROW = {"tool": "arrow", "points": [[0, 0], [100, 200]]}


@dataclass
class Play:
    """A session with the whole log beside it; `present` are those with a connection."""

    session: Session = field(default_factory=lambda: Session("ses-1", "INC-1", "R1"))
    log: list[Entry] = field(default_factory=list)
    present: set[str] = field(default_factory=set)
    ops: int = 0

    def commit(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Number, seal and fold the drafts."""
        entries = chained(self.session, drafts, TEN + timedelta(seconds=self.session.seq), SIGNER)
        for entry in entries:
            self.session.apply(entry)
        self.log += entries
        return entries

    def joins(self, actor: Actor) -> list[Entry]:
        """Somebody comes and is present."""
        role: Any = actor.role
        self.present.add(actor.subject)
        return self.commit(lifecycle.join(self.session, actor.subject, role))

    def does(self, actor: Actor, kind: str, **fields: Any) -> list[Entry]:
        """An operation of a client."""
        self.ops += 1
        op: Any = CLIENT_MESSAGES.validate_python({"type": kind, "op_id": f"op{self.ops}", **fields})
        return self.commit(decide(self.session, Asked(actor, self.present), op))

    def uploads(self, actor: Actor = ANA) -> list[Entry]:
        """The still that is waited for arrives."""
        still = Still(self.session.freeze_asked or "none", "ab" * 32, 9000, "image/jpeg", 1280, 720, 90_000)
        return self.commit(freeze_with(self.session, actor, still))


def opened(*actors: Actor) -> Play:
    """A session about ANA's incident, with these in it."""
    play = Play()
    play.commit(lifecycle.open_session(DESK, ANA.subject))
    for actor in actors:
        play.joins(actor)
    return play


def kinds(entries: Sequence[Entry]) -> list[str]:
    """What happened, in words."""
    return [entry.kind for entry in entries]


ROLES: dict[str, PartyRole] = {"ANA": "technician", "BEA": "expert", "CARL": "expert", "DORA": "observer"}
