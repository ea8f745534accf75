"""The topic registry: every topic's name, key, partitions, retention, events, writers and readers."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from schemas.alerts import AlertCancelled, AlertRaised, AlertUpdated
from schemas.assist_log import AnnotationMade, SessionChanged
from schemas.base import Wire
from schemas.clock import ClockTicked, LogStarted
from schemas.commands import AssignIncident, ConfirmSuggestion, LockIncident, SetModes, UnlockIncident
from schemas.decisions import Decision
from schemas.disasters import DeclareDisaster, LiftDisaster
from schemas.engineers import (
    EngineersMoved,
    PositionReported,
    ShiftReported,
    StatusReported,
    WorkEstimateUpdated,
)
from schemas.exercises import EndExercise
from schemas.incidents import CancelIncident, IncidentReported, IncidentTriaged
from schemas.lending import (
    CommitLoan,
    EngineerHandedOver,
    EngineersRequested,
    ExtendLoan,
    HandoverTaken,
    RecallLoan,
    RegionLoad,
)
from schemas.postings import PostingReceipt
from schemas.proposals import ConsentToPlan, ProposePlan, RefusePlan, SetLending, WithdrawPlan
from schemas.receipts import DecisionReceipt
from schemas.regions import EngineerRegistered, RegionDefined
from schemas.statistics import DeadLetter, RegionKpi
from schemas.swarms import DeclareCause, EndCause, SiteStillDown, SwarmIncident

REGION_PARTITIONS = 12
"""Partitions of every topic keyed by region: the same everywhere, a region's number never changes."""

SNAPSHOT_BYTES = 16 * 1024 * 1024
"""The largest message a topic must carry (snapshots); everything else stays under a hundredth of it."""

ASSIST_RETENTION_MS = 30 * 24 * 3600 * 1000

Key = Literal[
    "region",
    "engineer",
    "incident",
    "session",
    "partition",
    "subject",
    "letter",
    "equipment",
]


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic. `retention_ms` -1 keeps for ever; `compact` keeps the newest of each key."""

    name: str
    key: Key
    events: tuple[type[Wire], ...]
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    partitions: int = REGION_PARTITIONS
    retention_ms: int = 7 * 24 * 3600 * 1000
    compact: bool = False
    max_message_bytes: int = 1024 * 1024
    internal: bool = False


_PEOPLES = (
    AssignIncident,
    LockIncident,
    UnlockIncident,
    ConfirmSuggestion,
    SetModes,
    DeclareDisaster,
    LiftDisaster,
    SwarmIncident,
    DeclareCause,
    EndCause,
    SiteStillDown,
    EndExercise,
)
_ALERTS = (AlertRaised, AlertUpdated, AlertCancelled)
_LENDING = (EngineersRequested, CommitLoan, ExtendLoan, RecallLoan, ProposePlan, WithdrawPlan)
_LEADS = (ProposePlan, ConsentToPlan, RefusePlan, WithdrawPlan, SetLending, ExtendLoan, RecallLoan)
_PHONES = (ShiftReported, StatusReported, WorkEstimateUpdated)
_ALL = (
    Topic("incidents", "incident", (IncidentReported,), ("gateway",), ("triage",)),
    Topic(
        "engineer-locations",
        "engineer",
        (PositionReported,),
        ("gateway",),
        ("location feed",),
    ),
    Topic(
        "engineer-status",
        "engineer",
        (ShiftReported, StatusReported, WorkEstimateUpdated),
        ("gateway",),
        ("triage",),
    ),
    Topic(
        "dispatch-commands",
        "region",
        (RegionDefined, EngineerRegistered, CancelIncident, ClockTicked, *_PEOPLES, *_LEADS, *_ALERTS),
        ("gateway",),
        ("triage",),
    ),
    Topic(
        "assignments",
        "region",
        (Decision,),
        ("dispatch",),
        ("gateway", "windows", "feed"),
        retention_ms=-1,
    ),
    Topic(
        "decision-receipts",
        "region",
        (DecisionReceipt, PostingReceipt),
        ("dispatch",),
        ("cli",),
        retention_ms=90 * 24 * 3600 * 1000,
    ),
    Topic("region-load", "region", (RegionLoad,), ("dispatch",), ("surge coordinator",), partitions=1),
    Topic(  # one partition: a handover stands before the phone's words that are handed on behind it
        "lending",
        "region",
        (*_LENDING, Decision, *_PHONES),
        ("surge coordinator", "dispatch"),
        ("triage", "surge coordinator"),
        partitions=1,
        retention_ms=-1,
    ),
    Topic("region-kpi", "region", (RegionKpi,), ("windows",), ("gateway",)),
    Topic(  # keyed by incident: its story is in one partition, whatever the number of its sessions
        "remote-sessions",
        "incident",
        (SessionChanged,),
        ("gateway", "relay"),
        ("timeline",),
        retention_ms=ASSIST_RETENTION_MS,
    ),
    Topic(
        "annotations",
        "session",
        (AnnotationMade,),
        ("relay", "gateway"),
        (),
        retention_ms=ASSIST_RETENTION_MS,
    ),
    Topic("telemetry", "equipment", (), ("gateway",), ("windows",)),
    Topic("feedback", "incident", (), ("gateway",), ()),
    Topic(
        "dead-letters",
        "letter",
        (DeadLetter,),
        ("triage", "dispatch", "location feed", "windows"),
        ("cli", "gateway"),
        partitions=1,
        max_message_bytes=4 * 1024 * 1024,
    ),
    Topic(
        "region-events",
        "region",
        (
            LogStarted,
            ClockTicked,
            RegionDefined,
            EngineerRegistered,
            IncidentTriaged,
            CancelIncident,
            *_PEOPLES,
            *_ALERTS,
            ShiftReported,
            StatusReported,
            WorkEstimateUpdated,
            EngineersMoved,
            *_LENDING,
            ConsentToPlan,
            RefusePlan,
            SetLending,
            EngineerHandedOver,
            HandoverTaken,
        ),
        ("triage", "location feed"),
        ("dispatch",),
        retention_ms=-1,
        internal=True,
    ),
    Topic(
        "region-snapshots",
        "partition",
        (),
        ("dispatch",),
        ("dispatch",),
        compact=True,
        max_message_bytes=SNAPSHOT_BYTES,
        internal=True,
    ),
    Topic(
        "dated-snapshots",
        "partition",
        (),
        ("dispatch",),
        ("cli",),
        retention_ms=90 * 24 * 3600 * 1000,
        max_message_bytes=SNAPSHOT_BYTES,
        internal=True,
    ),
    Topic(
        "registry",
        "subject",
        (RegionDefined, EngineerRegistered, EngineerHandedOver),
        ("triage",),
        ("triage", "location feed", "gateway"),
        partitions=1,
        compact=True,
        internal=True,
    ),
)

TOPICS = MappingProxyType({topic.name: topic for topic in _ALL})
"""Every topic by its name. An installation may put a prefix before the names, never change them."""


def partition_of(key: str, partitions: int = REGION_PARTITIONS) -> int:
    """The partition of a key, as Kafka's default partitioner chooses it (murmur2, positive, modulo)."""
    return (_murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def _murmur2(octets: bytes) -> int:
    """MurmurHash2 with Kafka's seed (org.apache.kafka.common.utils.Utils.murmur2), unsigned 32 bits."""
    factor, mask = 0x5BD1E995, 0xFFFFFFFF
    length = len(octets)
    h = (0x9747B28C ^ length) & mask
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(octets[i : i + 4], "little") * factor & mask
        h = (h * factor & mask) ^ ((k ^ k >> 24) * factor & mask)
    tail = octets[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * factor & mask
    h = (h ^ h >> 13) * factor & mask
    return h ^ h >> 15
