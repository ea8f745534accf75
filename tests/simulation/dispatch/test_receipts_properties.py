"""Receipts over generated logs: none is missing, all come out the same again, and their sums hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from schemas.decisions import Decision
from services.dispatch.fold import PartitionFold
from tests.simulation.dispatch.generated import Draws, Story, crowded_policy, steps, story


def _check(told: Story, decided: list[Decision]) -> None:
    """The receipts of one event against its decisions and the state after it."""
    receipts = {receipt.id: receipt for receipt in told.fold.receipts}
    last = [d for d in decided if d.offset == len(told.log) - 1]
    for decision in last:
        if decision.kind == "assigned":
            receipt = receipts[decision.id]
            assert receipt.winner is not None
            assert receipt.winner.engineer_id == decision.engineer_id
            assert receipt.diverted_from == decision.diverted_from
    region = told.fold.regions["R1"]
    for name in {d.incident_id for d in last if d.kind in ("queued", "withdrawn") and d.region == "R1"}:
        if name in region.incidents and region.incidents[name].state == "waiting":
            assert [r.kind for r in receipts.values() if r.incident_id == name] == ["waiting"]
    for receipt in receipts.values():
        names = [one.engineer_id for one in receipt.rejected]
        assert len(names) == len(set(names))
        assert receipt.winner is None or receipt.winner.engineer_id not in names
        for one in receipt.rejected:
            assert (one.rule is not None) + (one.left_out is not None) + (one.plan_cost is not None) == 1
            assert one.plan_cost is None or one.plan_cost >= 0, "no other plan is cheaper than the plan"


@given(steps)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_choice_has_one_receipt_and_it_comes_out_the_same_again(draws: list[Draws]) -> None:
    """Rule: one for each assignment and each incident left waiting, the same from a restored snapshot."""
    told = story()
    for number, draw in enumerate(draws):
        before = told.fold.snapshot() if number % 5 == 0 else None
        offset = len(told.log)
        _check(told, told.play(draw))
        if before is not None:
            again = PartitionFold.restore(before, crowded_policy())
            for logged in told.log[offset:]:
                again.step(logged)
            assert again.receipts == told.fold.receipts


@pytest.mark.parametrize("seed", range(3))
def test_a_receipt_fits_on_its_topic(seed: int) -> None:
    """Rule: a stored receipt is small: under 8 kB whatever the region."""
    told = Story(PartitionFold(crowded_policy()), engineers=60)
    told.begin()
    for number in range(40):
        told.play((number * 3 + seed, number, seed * 31 + number, number * 17, number, number * 7))
        for receipt in told.fold.receipts:
            assert len(receipt.model_dump_json(exclude_none=True)) < 8192
