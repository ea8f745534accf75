"""The two faces of the hard rules say the same: one pair at a time, and many at once."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from services.dispatch import mirror
from services.dispatch.cost import Pairs, supply_at, travel_ms_of
from services.dispatch.eligibility import SENTENCES, first_broken_rule
from services.dispatch.moments import to_ms
from services.dispatch.rule_mask import in_time, may_go
from services.dispatch.state import HELD
from services.dispatch.turn import Turn
from tests.simulation.dispatch.generated import Draws, Story, steps, story


def turn_of(told: Story) -> Turn:
    """A turn in R1 at the log's time, with everybody's place brought up to date."""
    region = told.fold.regions["R1"]
    mirror.places_changed(region)
    assert told.fold.now is not None
    return Turn(region, told.fold.policy, "log-1", 0, "asked", to_ms(told.fold.now))


@given(steps)
@settings(max_examples=60, deadline=None)
def test_the_mask_allows_exactly_what_breaks_no_rule(draws: list[Draws]) -> None:
    """Rule: for every incident that is planned and every engineer, at any time, both faces agree."""
    told = story()
    for draw in draws:
        told.play(draw)
    turn = turn_of(told)
    region = turn.region
    planned = [slot for slot, i in sorted(region.by_slot.items()) if i.state == "waiting" or i.state in HELD]
    pairs = [(slot, row) for slot in planned for row in sorted(region.by_row)]
    if not pairs:
        return
    slot, row = (np.array(column, np.int64) for column in zip(*pairs, strict=True))
    rows, column = np.unique(row, return_inverse=True)
    whole = Pairs(slot, column.astype(np.int64), supply_at(region, turn.policy, rows, turn.now), slot >= 0)
    arrives_in = travel_ms_of(region, whole) + whole.supply.ready[whole.column]
    allowed = may_go(turn, slot, row) & in_time(region, whole, turn.now)
    for at, (one, other) in enumerate(pairs):
        incident, engineer = region.by_slot[one], region.by_row[other]
        rule = first_broken_rule(region, engineer, incident, turn.now, int(arrives_in[at]))
        assert rule is None or rule in SENTENCES
        assert (rule is None) == bool(allowed[at]), (incident.incident_id, engineer.engineer_id, rule)
