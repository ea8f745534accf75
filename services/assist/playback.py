"""What a recording shows and when: files, freezes and marks on one time line, from the chain alone. Pure.

Times are seconds since 1970 in the session's log. A live mark is shown on the frame that it was drawn on, by
its RTP timestamp, and not when it came to the log; what takes it away does so as much later as it did then.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from schemas.assist_log import AnnotationMade, Entry, SessionChanged
from schemas.assist_marks import Mark

VIDEO_CLOCK = 90_000
NEAR_S = 15.0
"""A mark comes to the log so long after its frame at most: other publishers' clocks are further off."""
JOINED_S = 3.0
"""Gaps up to this long are shown, longer ones are left out."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of the recording; `rtp` is None where it has no picture."""

    name: str
    publisher: str
    begin_s: float
    end_s: float
    rtp: int | None


@dataclass(slots=True)
class ShownMark:
    """A mark from when to when, on a still or on the live picture (`fades`)."""

    seq: int
    mark: Mark
    still_id: str | None
    begin_s: float
    end_s: float
    delay_s: float
    """How much later than shown it came to the log."""

    @property
    def fades(self) -> bool:
        """Whether it was drawn on a live picture."""
        return self.still_id is None


@dataclass(slots=True)
class Freeze:
    """A still that everybody looked at."""

    still_id: str
    begin_s: float
    end_s: float = inf


@dataclass
class Playback:
    """Everything that a film of the session shows; `main` is whose picture goes before the others'."""

    pieces: list[Piece] = field(default_factory=list)
    marks: list[ShownMark] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)
    main: str | None = None

    def spans(self) -> list[tuple[float, float]]:
        """The stretches of time with a recording, in order, short gaps included."""
        found: list[tuple[float, float]] = []
        for piece in self.pieces:
            if found and piece.begin_s <= found[-1][1] + JOINED_S:
                found[-1] = (found[-1][0], max(found[-1][1], piece.end_s))
            else:
                found.append((piece.begin_s, piece.end_s))
        return found

    def frozen_at(self, at_s: float) -> str | None:
        """The still that is shown then; None: the live picture."""
        shown = [one for one in self.freezes if one.begin_s <= at_s < one.end_s]
        return shown[-1].still_id if shown else None

    def marks_at(self, at_s: float, still_id: str | None) -> list[ShownMark]:
        """The marks that are seen then on this still, or on the live picture."""
        return [one for one in self.marks if one.still_id == still_id and one.begin_s <= at_s < one.end_s]


def playback(entries: Iterable[Entry]) -> Playback:
    """The film's plan, from a whole log."""
    log, made = list(entries), Playback()
    for entry in log:
        if isinstance(entry, SessionChanged):
            _change(made, entry)
    made.pieces.sort(key=lambda piece: (piece.begin_s, piece.name))
    for entry in log:
        if isinstance(entry, AnnotationMade):
            _annotate(made, entry)
    return made


def _change(made: Playback, entry: SessionChanged) -> None:
    at_s = entry.at.timestamp()
    if entry.kind == "segment_recorded" and entry.began_at is not None:
        made.pieces.append(_piece(entry, entry.began_at))
    elif entry.kind == "joined" and entry.party_role == "technician":
        made.main = entry.party
    elif entry.kind in ("frozen", "unfrozen", "ended"):
        if made.freezes:
            made.freezes[-1].end_s = min(made.freezes[-1].end_s, at_s)
        if entry.kind == "frozen" and entry.still_id is not None:
            made.freezes.append(Freeze(entry.still_id, at_s))


def _piece(entry: SessionChanged, began_at: datetime) -> Piece:
    begin_s = began_at.timestamp()
    end_s = begin_s + (entry.duration_ms or 0) / 1000
    return Piece(entry.segment or "", entry.party or "", begin_s, end_s, entry.rtp)


def _annotate(made: Playback, entry: AnnotationMade) -> None:
    at_s = entry.at.timestamp()
    if entry.kind == "drawn" and entry.mark is not None:
        still_id = entry.anchor.still_id if entry.anchor else None
        rtp = entry.anchor.rtp if entry.anchor and still_id is None else None
        begin_s = at_s if rtp is None else frame_time_s(made.pieces, rtp, at_s)
        fades_s = inf if entry.fades_after_ms is None else entry.fades_after_ms / 1000
        shown = ShownMark(entry.seq, entry.mark, still_id, begin_s, begin_s + fades_s, at_s - begin_s)
        made.marks.append(shown)
    for mark in made.marks:
        erased = entry.kind == "erased" and mark.seq == entry.mark_seq
        if erased or (entry.kind == "cleared" and mark.still_id == entry.still_id):
            mark.end_s = min(mark.end_s, at_s - mark.delay_s)


def frame_time_s(pieces: Iterable[Piece], rtp: int, near_s: float) -> float:
    """When the frame of an RTP timestamp was; `near_s` itself where no file near it can tell."""
    best_s = None
    for piece in pieces:
        if piece.rtp is None or not piece.begin_s - NEAR_S <= near_s <= piece.end_s + 2 * NEAR_S:
            continue
        step = ((rtp - piece.rtp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        at_s = piece.begin_s + step / VIDEO_CLOCK
        if abs(at_s - near_s) <= NEAR_S and (best_s is None or abs(at_s - near_s) < abs(best_s - near_s)):
            best_s = at_s
    return near_s if best_s is None else best_s
