"""Moving house: who is registered with another region is handed over to it, and never had by two."""

from __future__ import annotations

from schemas.lending import FOR_GOOD
from schemas.regions import EngineerRegistered
from services.dispatch import handover
from services.dispatch.lent import OnLoan
from services.dispatch.lifecycle import change_engineer, take_back
from services.dispatch.state import Engineer
from services.dispatch.turn import Turn


def elsewhere(turn: Turn, event: EngineerRegistered, engineer: Engineer | None) -> bool:
    """Whoever is on loan, or just handed over, is not registered anew here: two regions would have them."""
    name, here = event.engineer_id, turn.region.region
    gone = turn.region.handed_over.get(name)
    away = gone if engineer is None and gone is not None and gone.to_region != here else None
    if away is not None and away.loan.home_region != here:
        turn.refuse("elsewhere", f"{name} is {away.to_region}'s now: say it again", engineer_id=name)
        return True
    if away is None and (engineer is None or engineer.loan is None):
        return False
    turn.refuse("on_loan", f"{name} is on loan: register them once they are home", engineer_id=name)
    return True


def let_go(turn: Turn, engineer: Engineer, event: EngineerRegistered) -> None:
    """Hand them over like somebody who goes home: home is the region that they are registered with now."""
    here = turn.region.region
    incident = turn.region.incidents.get(engineer.incident_id or "")
    if incident is not None:
        take_back(turn, incident, "handed_over", concerned=engineer)
        turn.replan = True
    change_engineer(turn, engineer, "off_shift", "handed_over")
    engineer.starts_at = None
    move = OnLoan(
        loan_id=f"move/{here}/{turn.offset}",
        home_region=event.region,
        to_region=here,
        until=turn.now,
        staging=(event.home.lat, event.home.lon),
        authority=FOR_GOOD,
    )
    handover.give(turn, engineer, move, "lending_released", event)
