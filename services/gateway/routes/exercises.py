"""Drills: a copy of a region begins, and ends; nothing of it reaches a real phone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from schemas.answers import Accepted, ExerciseAnswer, RegionAnswer
from schemas.decisions import Decision
from schemas.exercises import EndExercise, exercise_of
from services.gateway.access import Caller, GuardedRoute, Parts, require_region
from services.gateway.commands import Asked, AskedBy, accepted
from services.gateway.exercising import copied_engineers, copied_region, refuse_an_exercise
from services.gateway.overlay import View
from services.gateway.parts import Gateway
from services.gateway.publisher import Outgoing
from services.gateway.routes.control import MAYBE
from services.gateway.routes.regions import RegionId
from services.gateway.stored_answers import StoredAnswer

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["control"])


@router.post("/regions/{region_id}/exercise", response_model=ExerciseAnswer, responses=MAYBE)
async def begin_exercise(region_id: RegionId, caller: Caller, gateway: Parts, asked: AskedBy) -> Response:
    """Begin a drill: a region ID.exercise with copies of the engineers who are in this one now.

    What is open here is not copied. Begun again while it runs, engineers who have come since are added.
    """
    require_region(caller, region_id)
    refuse_an_exercise(region_id)
    defined = await gateway.shown.defined(region_id)

    async def answer() -> StoredAnswer:
        now = gateway.clock.now or datetime.now(UTC)
        engineers = await copied_engineers(gateway, region_id, now)
        name = exercise_of(region_id)
        events = [copied_region(defined), *engineers]
        sent = [
            Outgoing("dispatch-commands", name, f"{asked.event_id}-{n}", event)
            for n, event in enumerate(events)
        ]
        return await _begun(gateway, asked, name, sent)

    return await gateway.commands.once(asked, answer)


async def _begun(gateway: Gateway, asked: Asked, name: str, sent: Sequence[Outgoing]) -> StoredAnswer:
    found = await gateway.commands.answer_to(asked, sent, gateway.commands.wait_s(asked))
    path = f"/v1/regions/{name}"
    if len(found) < len(sent):
        return accepted(Accepted(accepted=len(sent), event_id=asked.event_id, location=path), path)
    known = [one for one in sent[1:] if any(d.kind == "engineer_registered" for d in found[one.id].decisions)]
    body = ExerciseAnswer(
        region=name, exercise=True, engineers=len(known), refused=len(sent) - 1 - len(known)
    )
    return StoredAnswer(200, "application/json", orjson.dumps(body.model_dump(mode="json")))


@router.delete("/regions/{region_id}/exercise", response_model=RegionAnswer, responses=MAYBE)
async def end_exercise(region_id: RegionId, caller: Caller, gateway: Parts, asked: AskedBy) -> Response:
    """End the drill: what is open in it is called off, its engineers are gone."""
    require_region(caller, region_id)
    refuse_an_exercise(region_id)
    name = exercise_of(region_id)
    defined = await gateway.shown.defined(name)
    event = EndExercise(region=name, by=caller.subject)

    async def build(decisions: Sequence[Decision]) -> View | None:
        known = await gateway.shown.region_after(defined, decisions[-1])
        return {**known, "exercise": True, "exercise_over": True}

    outgoing = Outgoing("dispatch-commands", name, asked.event_id, event)
    return await gateway.commands.run(asked, outgoing, build, f"/v1/regions/{name}")
