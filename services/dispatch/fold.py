"""The partition's fold: every region of one partition of `region-events`, folded one event at a time.

This is the seam that the streams, the replay and the fork share. It carries events to
`services.dispatch.step` and hands back what comes; it decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b, sha256
from typing import NamedTuple

from schemas.clock import ClockTicked, LogStarted
from schemas.decisions import Decision, decision_id
from schemas.engineers import EngineersMoved, PhoneEvent
from schemas.events import RegionEvent
from schemas.postings import PostingReceipt
from schemas.receipts import DecisionReceipt
from schemas.regions import RegionDefined
from services.dispatch.inquiry import STORED, Detail
from services.dispatch.moments import EPOCH, to_moment, to_ms
from services.dispatch.policy import DispatchPolicy
from services.dispatch.receipts import receipts_of
from services.dispatch.shipped import shipped_policy
from services.dispatch.snapshot import read_snapshot, write_snapshot
from services.dispatch.state import SEEN_KEPT, RegionState, canonical
from services.dispatch.step import step
from services.dispatch.turn import Turn
from services.dispatch.warm import Warm

UNNAMED_LOG = "log"


class Logged(NamedTuple):
    """An event at its place in the log.

    `region` is the record's key ("" for the partition's own events: LogStarted, ClockTicked); (source, id) is
    the CloudEvents dedupe key.
    """

    offset: int
    region: str
    source: str
    id: str
    event: RegionEvent


class PartitionFold:
    """The regions of one partition. `now` is the log's time: only ClockTicked moves it."""

    def __init__(
        self,
        policy: DispatchPolicy | None = None,
        log: str | None = None,
        detail: Detail | None = STORED,
    ) -> None:
        self.policy = policy or shipped_policy()
        self.log = log
        self.now: datetime | None = None
        self.next_offset = 0
        self.detail = detail
        self.receipts: list[DecisionReceipt] = []
        """Of what the last event decided, as much as `detail` says (None: nothing)."""
        self.postings: list[PostingReceipt] = []
        """Of whom it posted, the same."""
        self._regions: dict[str, RegionState] = {}

    @property
    def regions(self) -> Mapping[str, RegionState]:
        """The regions by name; read them, never write."""
        return self._regions

    def step(self, logged: Logged) -> list[Decision]:
        """What the event at `logged.offset` decides; bad input is answered by `refused`, never raised."""
        self.next_offset = logged.offset + 1
        self.receipts, self.postings = [], []
        event = logged.event
        if isinstance(event, LogStarted):
            self.log = self.log or event.log
            return []
        if isinstance(event, ClockTicked):
            return self._tick(logged, event)
        name = logged.region or getattr(event, "region", "")
        if isinstance(event, RegionDefined) and name not in self._regions:
            self._regions[name] = _new_region(name, event, self.policy)
        region = self._regions.get(name)
        if region is None:
            return self._refuse_unknown_region(logged, name)
        if self.handed_on(logged) is not None:
            return []
        if not isinstance(event, EngineersMoved) and _seen(region, logged):
            return []
        return self._turn(region, logged)

    def handed_on(self, logged: Logged) -> str | None:
        """The region that owns the engineer now whose phone speaks here; None where the words are for us."""
        region, event = self._regions.get(logged.region), logged.event
        if region is None or not isinstance(event, PhoneEvent) or event.engineer_id in region.engineers:
            return None
        gone = region.handed_over.get(event.engineer_id)
        return None if gone is None or gone.to_region == region.region else gone.to_region

    def _tick(self, logged: Logged, event: ClockTicked) -> list[Decision]:
        if self.now is not None and event.now <= self.now:
            return []
        self.now = event.now
        decisions: list[Decision] = []
        for name in sorted(self._regions):
            decisions += self._turn(self._regions[name], logged)
        return decisions

    def _turn(self, region: RegionState, logged: Logged) -> list[Decision]:
        turn = Turn(
            region=region,
            policy=self.policy,
            log=self.log or UNNAMED_LOG,
            offset=logged.offset,
            caused_by=logged.id,
            now=0 if self.now is None else to_ms(self.now),
            clock_known=self.now is not None,
            detail=self.detail,
        )
        self.decide(turn, logged.event)
        self.receipts += receipts_of(turn)
        self.postings += turn.postings
        return turn.decisions

    def decide(self, turn: Turn, event: RegionEvent) -> None:
        """Answer one event of one region; a bench puts other dispatchers in this place."""
        step(turn, event)

    def _refuse_unknown_region(self, logged: Logged, name: str) -> list[Decision]:
        log, name = self.log or UNNAMED_LOG, name or "unknown"
        return [
            Decision(
                id=decision_id(log, name, logged.offset, 0),
                decided_at=self.now or EPOCH,
                log=log,
                region=name,
                offset=logged.offset,
                n=0,
                kind="refused",
                caused_by=logged.id,
                incident_id=getattr(logged.event, "incident_id", None),
                engineer_id=getattr(logged.event, "engineer_id", None),
                reason="unknown_region",
                detail=f"no region {name} has been defined in this log",
            )
        ]

    def snapshot(self) -> bytes:
        """Everything that decides, as canonical JSON with STATE_VERSION, the log and the next offset."""
        now = None if self.now is None else to_ms(self.now)
        return write_snapshot(self.log, now, self.next_offset, self._regions)

    @classmethod
    def restore(cls, snapshot: bytes, policy: DispatchPolicy | None = None) -> PartitionFold:
        """A fold that goes on as if it had never stopped; UnknownStateVersion where it can not."""
        fold = cls(policy)
        fold.log, now, fold.next_offset, fold._regions = read_snapshot(snapshot, fold.policy)
        fold.now = None if now is None else to_moment(now)
        return fold

    def digest(self) -> str:
        """SHA-256 of the canonical state."""
        return sha256(self.snapshot()).hexdigest()


class UnexplainedFold(PartitionFold):
    """Decides the same and explains nothing: where only what happens is asked for."""

    def __init__(self, policy: DispatchPolicy | None = None, log: str | None = None) -> None:
        super().__init__(policy, log, detail=None)


def _new_region(name: str, event: RegionDefined, policy: DispatchPolicy) -> RegionState:
    return RegionState(
        region=name,
        time_zone=event.time_zone,
        terms=canonical(event.terms),
        polygon=event.polygon,
        rules=event.rules,
        warm=Warm(policy.shortlist_size),
    )


def _seen(region: RegionState, logged: Logged) -> bool:
    """Whether the region has folded (source, id) before; if not, it has now."""
    key = f"{logged.source}\n{logged.id}".encode()
    mark = int.from_bytes(blake2b(key, digest_size=8).digest(), "big")
    if mark in region.seen_marks:
        return True
    region.seen.append(mark)
    region.seen_marks.add(mark)
    if len(region.seen) > SEEN_KEPT:
        region.seen_marks.discard(region.seen.popleft())
    return False
