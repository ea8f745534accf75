"""The recording in a session's log: when it runs, why it stopped, which files it is made of. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from services.assist.drafts import SYSTEM, Draft, NotAllowed
from services.assist.lifecycle import require_open
from services.assist.session import Session

Failed = Literal["disk_full", "disk_failed", "disk_slow", "size_limit", "log_full", "not_here"]
"""Why a recording stopped although consent stands."""


@dataclass(frozen=True, slots=True)
class RecordedSegment:
    """A whole file: its name, what it hashes to, whose it is, from when on and for how long it plays.

    `rtp` is the RTP timestamp of the publisher's picture when it begins; None where it has no picture.
    """

    segment: str
    sha256: str
    octets: int
    publisher: str | None = None
    began_at: datetime | str | None = None
    duration_ms: int | None = None
    rtp: int | None = None


def record(session: Session, *, on: bool, reason: str | None = None) -> list[Draft]:
    """The recorder starts or stops; it never starts without consent."""
    if session.recording == on:
        return []
    if not on:
        return [Draft("recording_stopped", SYSTEM, {"reason": reason})]
    require_open(session)
    if session.consent != "given":
        raise NotAllowed("no_consent", "The technician has not agreed to a recording.")
    return [Draft("recording_started", SYSTEM)]


def can_not_record(session: Session, reason: Failed) -> list[Draft]:
    """Everybody is told that nothing is recorded although consent stands, also where it never began."""
    return [Draft("recording_stopped", SYSTEM, {"reason": reason})] if session.is_open else []


def record_segment(session: Session, found: RecordedSegment) -> list[Draft]:
    """Bind a finished file of the recording into the chain, once; also after the end."""
    if not session.was_recorded:
        raise NotAllowed("no_consent", "Nothing of this session was ever to be recorded.")
    known = session.segments.get(found.segment)
    if known is not None and known != found.sha256:
        raise NotAllowed("not_allowed", f"Another file is in the chain as {found.segment}.")
    if known is not None:
        return []
    fields = asdict(found)
    return [Draft("segment_recorded", SYSTEM, {**fields, "party": fields.pop("publisher")})]
