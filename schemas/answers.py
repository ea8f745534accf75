"""The public API's answers: new states, problems (RFC 9457), pages of views, the board's snapshot."""

from __future__ import annotations

from typing import Literal

from schemas.api import Role
from schemas.base import Id, Moment, Wire
from schemas.decisions import Decision
from schemas.postings import PostingReceipt
from schemas.receipts import DecisionReceipt
from schemas.statistics import DeadLetter, RegionKpi
from schemas.views import EngineerView, IncidentView, RegionView, TimelineEntry


class Me(Wire):
    """Who the token says one is, until when, and what time it is here."""

    subject: Id
    role: Role
    regions: list[str]
    customer: Id | None = None
    expires_at: Moment
    clock: Literal["wall", "feed"]
    now: Moment | None = None


class FieldError(Wire):
    """One wrong field of a request: where it stands and what is wrong with it."""

    field: str
    detail: str


class Problem(Wire):
    """RFC 9457 problem details; members beyond the RFC's are filled where they help the reader."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    fields: list[FieldError] | None = None
    reason: str | None = None
    """The fold's or triage's fixed word for the refusal."""
    epoch: int | None = None
    """The incident's current assignment epoch, where a stale one was named."""
    incident_id: Id | None = None
    engineer_id: Id | None = None
    current_hash: str | None = None
    """The hash of the plan that stands, where an outdated one was named; `changes` says what is other."""
    changes: list[str] | None = None
    refused: list[str] | None = None
    """Which engineers, where a batch of positions was refused."""


class ExerciseAnswer(Wire):
    """A drill has begun: its region, how many engineers were copied, and how many were refused."""

    region: Id
    exercise: bool
    engineers: int
    refused: int = 0


class Accepted(Wire):
    """The broker has it, and the fold's answer was not waited for or did not come within the wait."""

    accepted: int = 1
    event_id: str | None = None
    location: str | None = None


class RegionAnswer(RegionView):
    """A region's new state and the decision that made it."""

    decision: Decision | None = None


class EngineerAnswer(EngineerView):
    """An engineer's new state and the decision that made it."""

    decision: Decision | None = None


class IncidentAnswer(IncidentView):
    """An incident's new state and the decision that answered."""

    decision: Decision | None = None


class AlertAnswerOfRegion(Wire):
    """How one region took a warning: `status` as a single request would have been answered."""

    region: Id
    status: int
    decision: Decision | None = None
    problem: Problem | None = None


class AlertAnswer(Wire):
    """What became of a CAP message; `why_nobody` where it concerned no region."""

    alert: str
    status: str
    type: str
    regions: list[AlertAnswerOfRegion]
    why_nobody: str | None = None


class PhoneAnswer(Wire):
    """How one event of a batch was answered: `status` as the single request would have been."""

    index: int
    status: int
    decision: Decision | None = None
    problem: Problem | None = None


class PhoneAnswers(Wire):
    """One answer for each event of the batch, in its order."""

    answers: list[PhoneAnswer]


class ClockAnswer(Wire):
    """The scenario's clock as it stands now; what would step back is ignored."""

    now: Moment


class Regions(Wire):
    """The regions one may see."""

    items: list[RegionView]


class Engineers(Wire):
    """A page of engineers; `next_cursor` leads to the next."""

    items: list[EngineerView]
    next_cursor: str | None = None


class Incidents(Wire):
    """A page of incidents, oldest report first; `next_cursor` leads to the next."""

    items: list[IncidentView]
    next_cursor: str | None = None


class Timeline(Wire):
    """An incident's story in the log's order."""

    incident_id: Id
    entries: list[TimelineEntry]


class Receipts(Wire):
    """Why it was decided so: an incident's receipts in the log's order, and why it waits now (`full`)."""

    incident_id: Id
    region: Id
    detail: Literal["stored", "full"]
    receipts: list[DecisionReceipt]
    now: DecisionReceipt | None = None


class PostingReceipts(Wire):
    """Why an engineer was sent to wait elsewhere, the last times in the log's order."""

    engineer_id: Id
    region: Id
    detail: Literal["stored", "full"]
    receipts: list[PostingReceipt]


class Job(Wire):
    """What the technician's page shows: themselves and the incident they have, if any."""

    now: Moment | None = None
    engineer: EngineerView
    incident: IncidentView | None = None


class Board(Wire):
    """One snapshot for the board's start; the stream goes on from `last_event_id`."""

    now: Moment | None = None
    clock: Literal["wall", "feed"]
    regions: list[RegionView]
    incidents: list[IncidentView]
    engineers: list[EngineerView]
    kpi: list[RegionKpi]
    last_event_id: str


class Kpis(Wire):
    """Windows of the statistics, oldest first."""

    items: list[RegionKpi]


class DeadLetters(Wire):
    """The newest records that nobody could read or apply."""

    items: list[DeadLetter]


class Health(Wire):
    """Whether the process lives."""

    status: Literal["ok"] = "ok"


class Readiness(Wire):
    """Whether it can work: without Redis commands still go through, without the broker nothing does."""

    status: Literal["ready", "degraded", "unready"]
    broker: Literal["ok", "away"]
    redis: Literal["ok", "away"]
    tail: Literal["ok", "behind"]
