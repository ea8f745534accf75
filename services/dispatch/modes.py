"""Shadow, suggest, automatic: by region and tier, what the engine decides is shown, asked, or carried out."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.commands import SetModes
from services.dispatch import lifecycle, mirror
from services.dispatch.eligibility import first_broken_rule
from services.dispatch.permission import permitted
from services.dispatch.state import Engineer, Incident
from services.dispatch.turn import Turn


def set_modes(turn: Turn, event: SetModes) -> None:
    """Dispatch these tiers in these modes from now on; their suggestions are made anew."""
    region = turn.region
    modes = {**region.modes, **event.modes}
    region.modes = {tier: mode for tier, mode in sorted(modes.items()) if mode != "automatic"}
    said = ", ".join(f"{tier}: {mode}" for tier, mode in sorted(event.modes.items()))
    detail = f"{said} ({event.reason})" if event.reason else said
    turn.decide("modes_set", by=event.by, detail=detail, modes=dict(sorted(event.modes.items())))
    for incident in region.by_slot.values():
        if incident.tier in event.modes:
            withdraw_suggestion(turn, incident, "mode")
            mirror.incident_opened(region, incident)
    turn.replan = turn.everywhere = True


def suggest(turn: Turn, incident: Incident, engineers: Sequence[Engineer]) -> None:
    """Show whom the engine would send; a suggestion that still holds is kept, nobody reads the same twice."""
    names = [engineer.engineer_id for engineer in engineers]
    if names == incident.suggested or _still_holds(turn, incident):
        return
    withdraw_suggestion(turn, incident, "another" if names else "nobody_free")
    incident.suggested = names
    mode = turn.region.modes[incident.tier]
    for engineer in engineers:
        turn.decide(
            "suggested",
            incident,
            engineer,
            mode=mode,
            expected_service_min=incident.expected_service_ms / 60_000,
            from_place=engineer.place_at(turn.now),
            **permitted(incident, engineer),
            **lifecycle.described(incident),
        )


def _still_holds(turn: Turn, incident: Incident) -> bool:
    """Whether whoever was suggested is free and may still go."""
    region = turn.region
    engineers = [region.engineers.get(name) for name in incident.suggested]
    return bool(engineers) and all(
        engineer is not None
        and engineer.incident_id is None
        and first_broken_rule(region, engineer, incident, turn.now) is None
        for engineer in engineers
    )


def withdraw_suggestion(turn: Turn, incident: Incident, reason: str) -> None:
    """What was suggested is not any more."""
    if incident.suggested:
        incident.suggested = []
        turn.decide("suggestion_withdrawn", incident, reason=reason)
