"""Who belongs to a region: an engineer comes, is made known to the matcher, and leaves without a trace."""

from __future__ import annotations

from schemas.regions import EngineerRegistered
from services.dispatch import mirror
from services.dispatch.geometry import unit_vector
from services.dispatch.locks import forget_engineer, wish
from services.dispatch.moments import to_ms
from services.dispatch.state import Engineer
from services.dispatch.travel import travel_ms
from services.dispatch.turn import Turn


def new_engineer(turn: Turn, event: EngineerRegistered) -> Engineer:
    """An engineer whom the region did not have gets a row; off shift until somebody says otherwise.

    Under a higher epoch than they had when they were last here, which others may remember.
    """
    region = turn.region
    before = region.handed_over.get(event.engineer_id)
    engineer = Engineer(
        engineer_id=event.engineer_id,
        row=region.rows.take(),
        home_lat=event.home.lat,
        home_lon=event.home.lon,
        lat=event.home.lat,
        lon=event.home.lon,
        placed_at=turn.now,
        owner_epoch=0 if before is None else before.owner_epoch + 1,
        skills=dict(event.skills),
        languages=list(event.languages),
        exclusions_lifted=region.permits("excluded_customers"),
    )
    region.warm.lines.make_room(engineer.row)
    region.engineers[engineer.engineer_id] = engineer
    region.by_row[engineer.row] = engineer
    return engineer


def set_fitness(turn: Turn, engineer: Engineer, event: EngineerRegistered) -> None:
    """Languages, certificates, parts, and whose sites they are kept from."""
    engineer.languages = list(event.languages)
    engineer.certificates = [(c.name, to_ms(c.expires_at)) for c in event.certificates]
    engineer.parts = list(event.parts)
    before, engineer.excluded_customers = engineer.excluded_customers, list(event.excluded_customers)
    if before or engineer.excluded_customers:
        mirror.exclusions_changed(turn.region, engineer, before)


def leave(turn: Turn, engineer: Engineer) -> None:
    """The engineer is not of this region any more: no pin, no exclusion and no row is left of them."""
    region = turn.region
    before, engineer.excluded_customers = engineer.excluded_customers, []
    mirror.exclusions_changed(region, engineer, before)
    wish(turn, engineer, None)
    forget_engineer(turn, engineer)
    region.overdue.pop(engineer.engineer_id, None)
    mirror.engineer_left(region, engineer.row)
    del region.engineers[engineer.engineer_id]
    del region.by_row[engineer.row]
    region.rows.give_back(engineer.row)


def send(turn: Turn, engineer: Engineer, towards: tuple[float, float], reason: str | None = None) -> None:
    """Somebody without work drives to a place; whatever is assigned meanwhile cuts the journey short."""
    assert engineer.incident_id is None
    start = engineer.place_at(turn.now)
    took = travel_ms(turn.region.terms, unit_vector(*start), unit_vector(*towards))
    engineer.lat, engineer.lon, engineer.placed_at = start[0], start[1], turn.now
    engineer.to_lat, engineer.to_lon = towards
    engineer.arrives_at = turn.now + took
    mirror.engineer_changed(turn.region, engineer)
    turn.decide(
        "posted",
        engineer=engineer,
        travel_time_s=took / 1000,
        arrives_at=engineer.arrives_at,
        from_place=start,
        place=towards,
        reason=reason,
    )
