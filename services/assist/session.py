"""A remote-assist session as the fold of its log: entries go in by number, the state comes out. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.assist_log import AnnotationMade, Entry, Level, Outcome, PartyRole, SessionChanged
from schemas.assist_node import GuideView, PartyView, SessionView

NO_HASH = "0" * 64
REMEMBERED_OPS = 4000
REMEMBERED_MARKS = 4000

Consent = Literal["none", "asked", "given", "withdrawn"]


@dataclass(slots=True)
class Guide:
    """Steps and which of them are done."""

    title: str
    steps: list[str]
    done: list[bool]


@dataclass(frozen=True, slots=True)
class KeptMark:
    """Who drew a mark, and on which still (None: on the live picture)."""

    author: str
    still_id: str | None


@dataclass
class Session:
    """Everything that the log up to `seq` says; `head` is the hash of its last entry.

    `parties` are in the order in which they joined; who has left is not among them.
    """

    session_id: str
    incident_id: str = ""
    region: str = ""
    seq: int = 0
    head: str = NO_HASH
    opened_at: datetime | None = None
    last_at: datetime | None = None
    technician: str | None = None
    """The engineer that the incident has: the only one who may come as technician without a code."""
    parties: dict[str, PartyRole] = field(default_factory=dict)
    levels: dict[str, Level] = field(default_factory=dict)
    """Whose ladder is not at `video`."""
    baton: str | None = None
    freeze_asked: str | None = None
    frozen: str | None = None
    stills: dict[str, str] = field(default_factory=dict)
    """Still -> SHA-256."""
    consent: Consent = "none"
    recording: bool = False
    was_recorded: bool = False
    segments: dict[str, str] = field(default_factory=dict)
    """File of the recording -> SHA-256."""
    guide: Guide | None = None
    help_asked_at: datetime | None = None
    marks: OrderedDict[int, KeptMark] = field(default_factory=OrderedDict)
    outcome: Outcome | None = None
    ended: bool = False
    epoch: int = 0
    node: str | None = None
    ops: OrderedDict[tuple[str, str], int] = field(default_factory=OrderedDict)
    """(author, op_id) -> seq of the newest operations."""

    @property
    def is_open(self) -> bool:
        """Whether it has begun and not ended."""
        return self.opened_at is not None and not self.ended

    def experts(self) -> list[str]:
        """The experts, longest here first."""
        return [party for party, role in self.parties.items() if role == "expert"]

    def holds_technician(self) -> str | None:
        """The technician who has joined."""
        return next((party for party, role in self.parties.items() if role == "technician"), None)

    def apply(self, entry: Entry) -> None:
        """Fold one entry in; only the next one fits (its number and the hash that it names are asserted)."""
        assert entry.seq == self.seq + 1, (entry.seq, self.seq)
        assert entry.prev == self.head, "the entry continues another log"
        self.seq, self.head, self.last_at = entry.seq, entry.hash, entry.at
        if isinstance(entry, SessionChanged):
            change = _CHANGES.get(entry.kind)
            if change is not None:
                change(self, entry)
        else:
            _annotate(self, entry)
        if entry.op_id is not None:
            self.ops[entry.author, entry.op_id] = entry.seq
            if len(self.ops) > REMEMBERED_OPS:
                self.ops.popitem(last=False)

    def view(self, present: Collection[str] | None = None) -> SessionView:
        """The session as people see it; `present` have a connection now (None: whoever has not left)."""
        assert self.opened_at is not None
        guide = self.guide
        return SessionView(
            session_id=self.session_id,
            incident_id=self.incident_id,
            region=self.region,
            state="ended" if self.ended else "open",
            seq=self.seq,
            opened_at=self.opened_at,
            technician=self.technician,
            parties=self.party_views(self.parties if present is None else present),
            baton=self.baton,
            frozen=self.frozen,
            freeze_asked=self.freeze_asked,
            consent=self.consent,
            recording=self.recording,
            help_asked_at=self.help_asked_at,
            guide=None if guide is None else GuideView(title=guide.title, steps=guide.steps, done=guide.done),
            outcome=self.outcome,
        )

    def party_views(self, present: Collection[str]) -> list[PartyView]:
        """Those who belong to it, with who is there now."""
        return [
            PartyView(party=party, role=role, present=party in present, level=self.levels.get(party, "video"))
            for party, role in self.parties.items()
        ]


def folded(session_id: str, entries: Iterable[Entry]) -> Session:
    """The session that a whole log makes."""
    session = Session(session_id)
    for entry in entries:
        session.apply(entry)
    return session


def _opened(session: Session, entry: SessionChanged) -> None:
    session.incident_id, session.region, session.opened_at = entry.incident_id, entry.region, entry.at
    session.technician = entry.party


def _joined(session: Session, entry: SessionChanged) -> None:
    assert entry.party is not None
    assert entry.party_role is not None
    session.parties[entry.party] = entry.party_role


def _left(session: Session, entry: SessionChanged) -> None:
    session.parties.pop(entry.party or "", None)
    session.levels.pop(entry.party or "", None)


def _baton(session: Session, entry: SessionChanged) -> None:
    session.baton = entry.party


def _consent(session: Session, entry: SessionChanged) -> None:
    known: dict[str, Consent] = {
        "consent_asked": "asked",
        "consent_given": "given",
        "consent_withdrawn": "withdrawn",
    }
    session.consent = known[entry.kind]


def _recording(session: Session, entry: SessionChanged) -> None:
    session.recording = entry.kind == "recording_started"
    session.was_recorded = session.was_recorded or session.recording


def _segment_recorded(session: Session, entry: SessionChanged) -> None:
    session.segments[entry.segment or ""] = entry.sha256 or ""


def _freeze_asked(session: Session, entry: SessionChanged) -> None:
    session.freeze_asked = entry.still_id


def _frozen(session: Session, entry: SessionChanged) -> None:
    assert entry.still_id is not None
    session.frozen, session.freeze_asked = entry.still_id, None
    session.stills[entry.still_id] = entry.sha256 or ""


def _unfrozen(session: Session, _entry: SessionChanged) -> None:
    session.frozen = session.freeze_asked = None


def _guide_started(session: Session, entry: SessionChanged) -> None:
    steps = list(entry.steps or [])
    session.guide = Guide(entry.title or "", steps, [False] * len(steps))


def _ticked(session: Session, entry: SessionChanged) -> None:
    assert session.guide is not None
    assert entry.step is not None
    session.guide.done[entry.step] = entry.kind == "step_ticked"


def _guide_ended(session: Session, _entry: SessionChanged) -> None:
    session.guide = None


def _placed(session: Session, entry: SessionChanged) -> None:
    session.node, session.epoch = entry.node, entry.epoch or 0


def _help(session: Session, entry: SessionChanged) -> None:
    session.help_asked_at = entry.at if entry.kind == "help_asked" else None


def _level(session: Session, entry: SessionChanged) -> None:
    if entry.party in session.parties and entry.level is not None:
        session.levels[entry.party] = entry.level


def _ended(session: Session, entry: SessionChanged) -> None:
    session.ended, session.outcome, session.recording = True, entry.outcome, False


_CHANGES: Mapping[str, Callable[[Session, SessionChanged], None]] = {
    "opened": _opened,
    "joined": _joined,
    "left": _left,
    "baton_passed": _baton,
    "consent_asked": _consent,
    "consent_given": _consent,
    "consent_withdrawn": _consent,
    "recording_started": _recording,
    "recording_stopped": _recording,
    "segment_recorded": _segment_recorded,
    "freeze_asked": _freeze_asked,
    "frozen": _frozen,
    "unfrozen": _unfrozen,
    "guide_started": _guide_started,
    "step_ticked": _ticked,
    "step_unticked": _ticked,
    "guide_ended": _guide_ended,
    "help_asked": _help,
    "help_answered": _help,
    "level_changed": _level,
    "placed": _placed,
    "ended": _ended,
}
"""Kinds that change what is remembered."""


def _annotate(session: Session, entry: AnnotationMade) -> None:
    still_id = entry.anchor.still_id if entry.anchor else None
    if entry.kind == "drawn":
        session.marks[entry.seq] = KeptMark(entry.author, still_id)
        if len(session.marks) > REMEMBERED_MARKS:
            session.marks.popitem(last=False)
    elif entry.kind == "erased":
        session.marks.pop(entry.mark_seq or 0, None)
    elif entry.kind == "cleared":
        for seq in [seq for seq, mark in session.marks.items() if mark.still_id == entry.still_id]:
            del session.marks[seq]
