"""The ladder: how much of a session a link carries, down quickly and up with patience. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum


class Level(IntEnum):
    """What is sent to a participant; the last frame stays on the screen at every level."""

    TEXT = 0
    SOUND = 1
    STILLS = 2
    SLOW = 3
    VIDEO = 4

    @property
    def words(self) -> str:
        """The level as both sides read it."""
        return {4: "video", 3: "1 frame/s", 2: "stills", 1: "audio and marks", 0: "text"}[self.value]


@dataclass(frozen=True, slots=True)
class LadderTerms:
    """What each level, TEXT to VIDEO, needs (bits per second) and bears (loss, 0..1)."""

    needs_bps: tuple[int, ...] = (0, 24_000, 40_000, 96_000, 150_000)
    bears_loss: tuple[float, ...] = (1.0, 0.35, 0.35, 0.25, 0.20)
    down_after_s: float = 2.0
    recovers_within_s: float = 8.0
    up_after_s: float = 5.0
    up_after_most_s: float = 60.0
    up_margin: float = 1.25
    relapse_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of a link: `bps` None where nothing limits it, `loss` 0..1 before any repair."""

    loss: float
    bps: int | None


@dataclass(frozen=True, slots=True)
class Rung:
    """Where a participant stands, since when it could be worse or better, and how patient to be.

    While it could be worse: the highest rate heard of since then, and when that was.
    """

    level: Level = Level.VIDEO
    since_s: float = 0.0
    worse_since_s: float | None = None
    risen_to_bps: int = 0
    risen_at_s: float = 0.0
    better_since_s: float | None = None
    patience_s: float = 5.0
    reason: str = ""


def climbed(rung: Rung, link: Link, now_s: float, terms: LadderTerms | None = None) -> Rung:
    """The rung after hearing of the link at `now_s`.

    Down to the highest level that the link bears once it has been too bad for `down_after_s`; up one level
    once it has been good for `patience_s`. A climb that fails within `relapse_s` doubles the patience.
    """
    terms = terms or LadderTerms()
    bearable = _bearable(link, terms)
    if bearable < rung.level:
        return _worse(rung, bearable, link, now_s, terms)
    if rung.level == Level.VIDEO or not _bears(Level(rung.level + 1), link, terms, terms.up_margin):
        settled = rung.level == Level.VIDEO and now_s - rung.since_s > terms.up_after_most_s
        patience = terms.up_after_s if settled else rung.patience_s
        return replace(rung, worse_since_s=None, better_since_s=None, patience_s=patience, risen_to_bps=0)
    since = now_s if rung.better_since_s is None else rung.better_since_s
    if now_s - since >= rung.patience_s:
        return Rung(Level(rung.level + 1), now_s, patience_s=rung.patience_s, reason="the link is better")
    return replace(rung, worse_since_s=None, better_since_s=since, risen_to_bps=0)


def _worse(rung: Rung, to: Level, link: Link, now_s: float, terms: LadderTerms) -> Rung:
    """Down, or still patient. Pure.

    An estimate falls at once when packets come late, whoever was late, and then rises to what flows: while it
    rises nothing strains the link. Where the link really is too small it is cut again before it gets there.
    """
    since = now_s if rung.worse_since_s is None else rung.worse_since_s
    risen_to, risen_at = rung.risen_to_bps, rung.risen_at_s
    if link.bps is not None and link.bps > risen_to:
        risen_to, risen_at = link.bps, now_s
    recovers = link.loss <= terms.bears_loss[rung.level] and now_s - since < terms.recovers_within_s
    if now_s - (max(since, risen_at) if recovers else since) >= terms.down_after_s:
        return _down(rung, to, link, now_s, terms)
    return replace(rung, worse_since_s=since, better_since_s=None, risen_to_bps=risen_to, risen_at_s=risen_at)


def _down(rung: Rung, to: Level, link: Link, now_s: float, terms: LadderTerms) -> Rung:
    relapsed = rung.since_s > 0 and now_s - rung.since_s < terms.relapse_s + terms.down_after_s
    patience = min(terms.up_after_most_s, rung.patience_s * 2) if relapsed else rung.patience_s
    lossy = link.loss > terms.bears_loss[rung.level]
    reason = (
        f"{link.loss:.0%} of the packets are lost"
        if lossy
        else f"the link carries {(link.bps or 0) // 1000} kbit/s"
    )
    return Rung(to, now_s, patience_s=patience, reason=reason)


def _bearable(link: Link, terms: LadderTerms) -> Level:
    return next(level for level in reversed(Level) if _bears(level, link, terms, 1.0))


def _bears(level: Level, link: Link, terms: LadderTerms, margin: float) -> bool:
    if level == Level.TEXT:
        return True
    enough = link.bps is None or link.bps >= terms.needs_bps[level] * margin
    return enough and link.loss * margin <= terms.bears_loss[level]
