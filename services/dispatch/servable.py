"""Whether anybody can ever serve an incident: said at once, with the rule that keeps the last one away."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from schemas.base import rfc3339
from schemas.commands import RULES
from services.dispatch.eligibility import closes_at, first_lasting_rule, opens_at
from services.dispatch.moments import to_moment
from services.dispatch.rule_mask import fulfilled
from services.dispatch.state import Engineer, Incident
from services.dispatch.turn import Turn


def why_never(turn: Turn, incident: Incident) -> tuple[str | None, str | None]:
    """The rule that nobody here fulfils, as a word and a sentence; (None, None) where somebody does."""
    region = turn.region
    opens, closes = opens_at(incident), closes_at(incident)
    if closes < max(opens, turn.now):
        return "window", f"its access closes at {rfc3339(to_moment(closes))}, before anybody can come"
    qualified = region.warm.engineers.qualified(incident.product, incident.level)
    if not len(qualified):
        return "nobody_qualified", f"nobody here has {_asked(incident)}"
    if incident.crew == 1 and incident.slot not in region.warm.timed_slots:
        return None, None
    ends = max(turn.now, opens) + incident.expected_service_ms
    until = fulfilled(region, np.full(len(qualified), incident.slot), qualified)
    able = int(np.count_nonzero(until >= ends))
    if not able:
        engineers = [region.by_row[row] for row in qualified.tolist()]
        rule = _last_rule(engineers, incident, ends)
        return rule, f"of {len(engineers)} here with {_asked(incident)} nobody {_LACKS[rule]}"
    if able < incident.crew:
        return "crew", f"it needs {incident.crew} together, and only {able} here may go"
    return None, None


def _last_rule(engineers: Iterable[Engineer], incident: Incident, ends: int) -> str:
    """Of the rules that keep the engineers away the one that is asked last: the nearest anybody comes."""
    rules = (first_lasting_rule(engineer, incident, ends) or RULES[0] for engineer in engineers)
    return max(rules, key=RULES.index)


_LACKS = {
    "unqualified": "is qualified",
    "language": "speaks its language",
    "certificate": "has its certificate to the end of the job",
    "parts": "has its parts on the van",
    "customer_excluded": "may go to its customer",
}


def _asked(incident: Incident) -> str:
    return f"{incident.product} at level {incident.level} or above"


def say_unservable(turn: Turn, name: str) -> None:
    """The window has closed and nobody is there or on the way: nobody can be sent any more."""
    incident = turn.region.incidents.get(name)
    if incident is None or incident.state != "waiting" or closes_at(incident) >= turn.now:
        return
    if incident.waits_for is not None:
        return  # said once it waits for nobody but us
    if incident.unservable is None:
        incident.unservable, detail = why_never(turn, incident)
        turn.decide("unservable", incident, reason=incident.unservable, detail=detail)
