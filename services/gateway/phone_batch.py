"""A batch of phone events: each checked, published and answered by itself, in its order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.answers import PhoneAnswer, PhoneAnswers
from schemas.api import PhoneEntry, PositionEntry, ShiftEntry, StatusEntry, WorkEstimateEntry
from schemas.base import Wire
from schemas.engineers import PositionReported, ShiftReported, StatusReported, WorkEstimateUpdated
from services.gateway.access import require_own_engineer, require_region
from services.gateway.commands import Asked, refusal_of, rejection_of
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError, RedisAway
from services.gateway.publisher import Outgoing
from services.gateway.tokens import Identity
from services.gateway.waiting import Answer

OFF = "off_shift"
_SAYS: dict[type[PhoneEntry], type[Wire]] = {
    ShiftEntry: ShiftReported,
    StatusEntry: StatusReported,
    WorkEstimateEntry: WorkEstimateUpdated,
}


def phone_event_id(entry: ShiftEntry | StatusEntry | WorkEstimateEntry) -> str:
    """The event id of a shift, a status or an estimate, from what it says: the same alone or in any batch."""
    if isinstance(entry, StatusEntry):
        said = [entry.incident_id, str(entry.epoch), entry.status]
    elif isinstance(entry, WorkEstimateEntry):
        said = [entry.incident_id, str(entry.epoch), "work_estimate"]
    else:
        said = [entry.change]
    words = [entry.engineer_id, entry.device_id, str(entry.device_seq), *said]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:32]


def off_shift(engineer_id: str, state: str | None) -> ProblemError:
    """Why a position is refused."""
    known = "is off shift" if state == OFF else "is not known to be on shift"
    return ProblemError(
        "off-shift",
        f"Engineer {engineer_id} {known}: their position is nobody's business.",
        refused=[engineer_id],
        engineer_id=engineer_id,
    )


async def require_on_shift(gateway: Gateway, engineer_id: str) -> None:
    """A 409 problem where the engineer is off shift, or a 503 where that can not be known without Redis."""
    state = await gateway.shown.state_of_engineer(engineer_id)
    if state is None or state == OFF:
        raise off_shift(engineer_id, state)


@dataclass(slots=True)
class _Batch:
    gateway: Gateway
    caller: Identity
    asked: Asked
    on_shift: dict[str, ProblemError | None] = field(default_factory=dict)
    allowed: dict[str, ProblemError | None] = field(default_factory=dict)

    async def refused(self, entry: PhoneEntry) -> ProblemError | None:
        """Why the gateway itself does not take the event in, if so."""
        problem = await self._not_theirs(entry.engineer_id)
        if problem is not None:
            return problem
        moment = entry.fixed_at if isinstance(entry, PositionEntry) else entry.occurred_at
        name = "fixed_at" if isinstance(entry, PositionEntry) else "occurred_at"
        try:
            self.gateway.clock.refuse_future(name, moment)
        except ProblemError as early:
            return early
        if isinstance(entry, PositionEntry):
            return await self._not_on_shift(entry.engineer_id)
        if isinstance(entry, ShiftEntry):
            ends = entry.change == "shift_ended"
            self.on_shift[entry.engineer_id] = off_shift(entry.engineer_id, OFF) if ends else None
        return None

    async def _not_theirs(self, engineer_id: str) -> ProblemError | None:
        if engineer_id not in self.allowed:
            self.allowed[engineer_id] = None
            try:
                require_own_engineer(self.caller, engineer_id)
                registered = await self.gateway.shown.registered(engineer_id)
                if self.caller.role != "technician":
                    require_region(self.caller, registered.region)
            except ProblemError as problem:
                self.allowed[engineer_id] = problem
        return self.allowed[engineer_id]

    async def _not_on_shift(self, engineer_id: str) -> ProblemError | None:
        if engineer_id not in self.on_shift:
            self.on_shift[engineer_id] = None
            try:
                await require_on_shift(self.gateway, engineer_id)
            except RedisAway as away:
                return away
            except ProblemError as problem:
                self.on_shift[engineer_id] = problem
        return self.on_shift[engineer_id]

    def outgoing(self, index: int, entry: PhoneEntry) -> Outgoing:
        """The event on its way to its topic."""
        said = dict(entry)
        said.pop("type")
        event: Wire
        if isinstance(entry, PositionEntry):
            event = PositionReported(**said)
            return Outgoing("engineer-locations", entry.engineer_id, f"{self.asked.event_id}-{index}", event)
        event = _SAYS[type(entry)](**said)
        return Outgoing("engineer-status", entry.engineer_id, phone_event_id(entry), event, entry.engineer_id)


async def answer_batch(
    gateway: Gateway, caller: Identity, entries: Sequence[PhoneEntry], asked: Asked
) -> PhoneAnswers:
    """Publish what may be published, wait once for all of it, and answer each in its place."""
    batch = _Batch(gateway, caller, asked)
    refused: dict[int, ProblemError] = {}
    sent: dict[int, Outgoing] = {}
    for index, entry in enumerate(entries):
        problem = await batch.refused(entry)
        if problem is not None:
            refused[index] = problem
        else:
            sent[index] = batch.outgoing(index, entry)
    positions = [one for one in sent.values() if one.topic == "engineer-locations"]
    others = [one for one in sent.values() if one.topic != "engineer-locations"]
    found = await gateway.commands.answer_to(asked, others, gateway.commands.wait_s(asked)) if others else {}
    if positions:  # after the shifts they may follow, and not waited for: no fold answers a position
        await gateway.publisher.confirm(positions, gateway.clock.stamp, asked.traceparent)
    return PhoneAnswers(
        answers=[
            _problem(index, refused[index], asked)
            if index in refused
            else _answer(index, found.get(sent[index].id), asked)
            for index in range(len(entries))
        ]
    )


def _problem(index: int, problem: ProblemError, asked: Asked) -> PhoneAnswer:
    return PhoneAnswer(index=index, status=problem.status, problem=problem.body(asked.path))


def _answer(index: int, answer: Answer | None, asked: Asked) -> PhoneAnswer:
    if answer is None:
        return PhoneAnswer(index=index, status=202)
    problem = rejection_of(answer.letter) if answer.letter is not None else refusal_of(answer.decisions)
    if problem is not None:
        return _problem(index, problem, asked)
    return PhoneAnswer(index=index, status=200, decision=answer.decisions[0])
