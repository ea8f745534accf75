"""The plan that stands in the fold of who would be helped: one, amended, agreed by all, or ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from schemas.decisions import Decision
from schemas.plans import MovePlan, PlannedMove, plan_hash
from schemas.proposals import ConsentToPlan, Proposal, ProposePlan, RefusePlan, SetLending, WithdrawPlan
from schemas.regions import RegionDefined, RegionRules
from services.dispatch.fold import PartitionFold
from services.surge.routing import told_by
from tests.unit.dispatch.scene import Scene, at, kinds, only


def plan(scene: Scene, *names: str, hours: float = 6, **fields: Any) -> MovePlan:
    """These engineers, R2-1 and so on, to R1."""
    until = scene.now + timedelta(hours=hours)
    fixed = {"to_region": "R1", "owner_epoch": 0, "staging": at(0), "until": until} | fields
    moves = [{"engineer_id": name, "home_region": name[:2]} | fixed for name in names]
    return MovePlan.model_validate({"moves": moves})


def propose(scene: Scene, wanted: MovePlan, base: MovePlan | None = None, **fields: Any) -> list[Decision]:
    """Ana proposes it for an hour, in place of `base`."""
    fields = {"by": "ana", "reason": "the storm", "expires_at": scene.now + timedelta(hours=1)} | fields
    base_hash = None if base is None else plan_hash(base)
    return scene.tell("R1", ProposePlan(region="R1", plan=wanted, base_hash=base_hash, **fields))


def consent(scene: Scene, wanted: MovePlan, *regions: str, by: str = "ana") -> list[Decision]:
    """A lead consents for these regions."""
    event = ConsentToPlan(region="R1", plan_hash=plan_hash(wanted), for_regions=list(regions), by=by)
    return scene.tell("R1", event)


def stands(scene: Scene) -> Proposal:
    """What stands now."""
    found = scene.region.desk.proposal
    assert found is not None
    return found


def test_an_amended_plan_is_the_same_proposal_without_its_consents() -> None:
    """The next version under the same id; who had consented has consented to what stands no more."""
    scene = Scene()
    first, second = plan(scene, "R2-1"), plan(scene, "R2-1", "R3-1")
    assert kinds(propose(scene, first)) == ["plan_proposed"]
    named = stands(scene).proposal_id
    assert kinds(consent(scene, first, "R2")) == ["plan_consented"]
    assert kinds(propose(scene, second, first)) == ["plan_amended"]
    found = stands(scene)
    assert (found.proposal_id, found.version, found.parties) == (named, 2, ["R1", "R2", "R3"])
    assert found.consents == {}


def test_the_same_plan_again_stands_for_longer_and_keeps_its_consents() -> None:
    """Renewed, nobody must consent anew."""
    scene = Scene()
    wanted = plan(scene, "R2-1")
    propose(scene, wanted)
    consent(scene, wanted, "R2")
    scene.after(30)
    renewed = only(propose(scene, wanted, wanted), "plan_amended").proposal
    assert renewed is not None
    assert (renewed.version, list(renewed.consents)) == (1, ["R2"])
    assert kinds(scene.after(45)) == []
    assert kinds(scene.after(16)) == ["plan_withdrawn"]


def test_whoever_acts_on_an_older_hash_is_told_what_changed() -> None:
    """Who was taken out, added, and kept for longer, in words; nothing is consented to."""
    scene = Scene()
    first = plan(scene, "R2-1", "R2-2")
    second = MovePlan(moves=[*plan(scene, "R2-2", hours=8).moves, *plan(scene, "R3-1").moves])
    propose(scene, first)
    propose(scene, second, first)
    for said in (consent(scene, first, "R1"), propose(scene, first, first), propose(scene, first)):
        refused = only(said, "refused")
        assert refused.reason == "plan_outdated"
        assert refused.proposal == stands(scene)
    told = only(consent(scene, first, "R1"), "refused").changes
    assert told is not None
    assert [line.split(" ")[0] for line in told] == ["R2-1", "R3-1", "R2-2"]
    assert "taken out" in told[0]
    assert "was added" in told[1]
    assert "instead of" in told[2]


def test_with_the_last_consent_each_move_becomes_a_loan_by_the_authority_of_all() -> None:
    """Ids are made of the decision and the engineer; the loans are the plan, no more and no less."""
    scene = Scene()
    rules = RegionRules(entry_certificates=("tower",))
    scene.tell("R1", RegionDefined(region="R1", rules=rules))
    wanted = plan(scene, "R2-1", "R3-1")
    propose(scene, wanted)
    consent(scene, wanted, "R2", by="ana")
    assert kinds(consent(scene, wanted, "R2", by="eva")) == ["plan_consented"]
    decided = consent(scene, wanted, "R1", "R3", by="rui")
    assert kinds(decided) == ["plan_consented", "plan_agreed"]
    told = told_by(only(decided, "plan_agreed"))
    assert [one.event.region for one in told] == ["R2", "R3"]
    assert len({one.id for one in told}) == 2
    commits = [one.event.model_dump(mode="json") for one in told]
    assert {commit["loan"]["authority"] for commit in commits} == {"leads:ana+rui"}
    assert {tuple(commit["certificates"]) for commit in commits} == {("tower",)}
    fields = PlannedMove.model_fields.keys() - {"owner_epoch"}
    carried_out = [{name: commit["loan"][name] for name in fields} for commit in commits]
    assert carried_out == [move.model_dump(mode="json", include=fields) for move in wanted.moves]
    assert [commit["loan"]["owner_epoch"] for commit in commits] == [1, 1]
    assert only(consent(scene, wanted, "R1"), "refused").reason == "already_agreed"


def test_one_partys_no_ends_it_and_a_stranger_has_no_say() -> None:
    """Refused by a party; whoever neither gives nor receives is refused instead."""
    scene = Scene()
    wanted = plan(scene, "R2-1")
    propose(scene, wanted)
    named = plan_hash(wanted)
    stranger = RefusePlan(region="R1", plan_hash=named, for_regions=["R3"], by="eva", reason="no")
    assert only(scene.tell("R1", stranger), "refused").reason == "not_a_party"
    party = RefusePlan(region="R1", plan_hash=named, for_regions=["R2"], by="rui", reason="no")
    ended = scene.tell("R1", party)
    assert kinds(ended) == ["plan_refused", "plan_withdrawn"]
    assert ended[1].reason == "refused"
    assert only(consent(scene, wanted, "R1"), "refused").reason == "no_plan"


def test_what_nobody_agrees_to_expires_and_what_is_needless_is_withdrawn() -> None:
    """By the clock, unless it is amended; or by whoever proposed it."""
    scene = Scene()
    wanted = plan(scene, "R2-1")
    propose(scene, wanted)
    assert [one.reason for one in scene.after(60)] == ["expired"]
    propose(scene, wanted)
    event = WithdrawPlan(region="R1", plan_hash=plan_hash(wanted), by="muster/surge", reason="calm")
    assert only(scene.tell("R1", event), "plan_withdrawn").reason == "withdrawn"
    assert scene.region.desk.proposal is None


def test_a_plan_that_can_stand_nowhere_is_refused_by_a_word() -> None:
    """Nobody, elsewhere, from here, for a past or too far moment."""
    scene = Scene()
    words = [
        propose(scene, MovePlan()),
        propose(scene, plan(scene, "R2-1", to_region="R3")),
        propose(scene, plan(scene, "R1-1")),
        propose(scene, plan(scene, "R2-1"), expires_at=scene.now),
        propose(scene, plan(scene, "R2-1"), expires_at=scene.now + timedelta(hours=25)),
        propose(scene, plan(scene, "R2-1", hours=15 * 24)),
        propose(scene, plan(scene, "R2-1"), base=plan(scene, "R2-2")),
    ]
    found = [only(said, "refused").reason for said in words]
    assert found == ["empty_plan", "elsewhere", "elsewhere", "too_late", "too_long", "too_long", "no_plan"]


def test_a_restored_region_knows_what_stands_and_when_it_expires() -> None:
    """Mode, plan, consents, former versions and the timer come back."""
    scene = Scene()
    first, second = plan(scene, "R2-1"), plan(scene, "R2-2")
    scene.tell("R1", SetLending(region="R1", lending="automatic", by="ana"))
    propose(scene, first)
    propose(scene, second, first)
    consent(scene, second, "R2")
    before = scene.region.desk
    scene.fold = PartitionFold.restore(scene.fold.snapshot())
    assert scene.region.desk == before
    assert only(consent(scene, first, "R1"), "refused").changes == [
        "R2-1 was taken out",
        f"R2-2 of R2 was added, until {second.moves[0].until.strftime('%Y-%m-%dT%H:%M:%SZ')}",
    ]
    assert kinds(scene.after(60)) == ["plan_withdrawn"]
