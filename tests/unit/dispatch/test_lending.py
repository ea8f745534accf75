"""What a region answers when it is asked to lend, to extend, to recall, or to take somebody over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from schemas.decisions import Decision
from schemas.lending import CommitLoan, EngineersRequested, ExtendLoan, HandoverTaken, Loan, RecallLoan
from services.dispatch.fold import Logged, PartitionFold
from services.dispatch.shipped import shipped_policy
from services.surge.routing import told_by
from tests.unit.dispatch.scene import Scene, at, kinds, only

NAMES = tuple(f"E{number}" for number in range(8))
FAR = at(100)


def region_of_eight() -> Scene:
    """Eight engineers who can all do the same: enough for anybody to leave."""
    scene = Scene()
    for number, name in enumerate(NAMES):
        scene.on_shift(name, north_km=number)
    return scene


def loan_of(scene: Scene, name: str, hours: float = 6, **fields: Any) -> Loan:
    """A loan of this engineer to R2."""
    engineer = scene.region.engineers.get(name)
    fields = {
        "loan_id": f"loan-{name}",
        "home_region": "R1",
        "to_region": "R2",
        "owner_epoch": 1 if engineer is None else engineer.owner_epoch + 1,
        "staging": FAR,
        "authority": "automatic",
    } | fields
    return Loan(engineer_id=name, until=scene.now + timedelta(hours=hours), **fields)


def commit(scene: Scene, loan: Loan) -> list[Decision]:
    """The coordinator commits; R1 answers."""
    return scene.tell("R1", CommitLoan(region="R1", loan=loan))


def refusal(decisions: list[Decision]) -> str | None:
    """The rule that was named."""
    return only(decisions, "refused").reason


def taken_over(scene: Scene, loan: Loan) -> Decision:
    """R1 takes an engineer of R2 over, as R2's own fold gives them away."""
    other = PartitionFold()
    for logged in region_of_two():
        other.step(logged)
    given = other.step(Logged(99, "R2", "test", "commit", CommitLoan(region="R2", loan=loan)))
    ((_, event),) = told_by(only(given, "lending_committed"))
    assert event is not None
    return only(scene.tell("R1", event), "lending_travelling")


def region_of_two() -> list[Logged]:
    """The log of a region R2 with engineers enough to lend."""
    scene = region_of_eight()
    told = [logged.event.model_dump() for logged in scene.log]
    renamed = []
    for logged, fields in zip(scene.log, told, strict=True):
        if "region" in fields:
            fields["region"] = "R2"
        if "engineer_id" in fields:
            fields["engineer_id"] = "X" + fields["engineer_id"]
        event = type(logged.event).model_validate(fields)
        renamed.append(logged._replace(event=event, region="R2" if logged.region else ""))
    return renamed


def test_lending_takes_the_planned_work_back_and_names_the_new_owner() -> None:
    """Work of the engineer's waits again and is planned anew; the region has the engineer no longer."""
    scene = region_of_eight()
    scene.reported("I1", north_km=3)
    assert scene.region.incidents["I1"].engineer_id == "E3"
    said = commit(scene, loan_of(scene, "E3"))
    assert only(said, "withdrawn").reason == "lent"
    assert only(said, "assigned").engineer_id in ("E2", "E4")
    committed = only(said, "lending_committed")
    assert committed.handover is not None
    assert (committed.handover.region, committed.handover.loan.owner_epoch) == ("R2", 1)
    assert "E3" not in scene.region.engineers


@pytest.mark.parametrize(
    ("rule", "prepare", "fields"),
    [
        ("unknown_engineer", lambda scene: None, {"name": "NOBODY"}),
        ("on_site", lambda scene: (scene.reported("I1"), scene.phone("E0", "acknowledged", "on_site")), {}),
        ("resting", lambda scene: scene.shift("E0", "break_started"), {}),
        ("off_shift", lambda scene: scene.shift("E0", "shift_ended"), {}),
        ("too_late", lambda scene: None, {"hours": -1}),
        ("stale_epoch", lambda scene: None, {"owner_epoch": 5}),
        ("at_home", lambda scene: None, {"to_region": "R1"}),
        ("already_lent", lambda scene: commit(scene, loan_of(scene, "E0")), {"loan_id": "another"}),
    ],
)
def test_a_refusal_names_its_rule(rule: str, prepare: Any, fields: dict[str, Any]) -> None:
    """Whoever may not be lent is refused with the rule's fixed word, and stays where they are."""
    scene = region_of_eight()
    prepare(scene)
    name = fields.pop("name", "E0")
    assert refusal(commit(scene, loan_of(scene, name, **fields))) == rule


def test_a_region_keeps_its_floor() -> None:
    """Of eight engineers the policy's share stays, whoever asks."""
    policy = shipped_policy().model_copy(update={"lending_floor_permille": 750, "lending_keeps_qualified": 0})
    scene = Scene(policy)
    for name in NAMES:
        scene.on_shift(name)
    answers = [commit(scene, loan_of(scene, name)) for name in NAMES[:3]]
    assert [kinds(answer)[0] for answer in answers] == ["lending_committed", "lending_committed", "refused"]
    assert refusal(answers[2]) == "below_the_floor"


def test_the_last_with_a_skill_stay() -> None:
    """Who is among the few with a product at a level is not lent, and not offered."""
    scene = region_of_eight()
    scene.on_shift("EXPERT", skills={"core": 5})
    assert refusal(commit(scene, loan_of(scene, "EXPERT"))) == "last_of_the_skill"
    request = EngineersRequested(
        request_id="r1",
        region="R1",
        to_region="R2",
        most=50,
        staging=FAR,
        until=scene.now + timedelta(hours=6),
    )
    offers = only(scene.tell("R1", request), "lending_offered").offers or []
    assert sorted(offer.engineer_id for offer in offers) == list(NAMES)


def test_the_same_commitment_twice_is_only_said_again() -> None:
    """A commitment that was carried out is answered as before: nobody is lent twice."""
    scene = region_of_eight()
    loan = loan_of(scene, "E0")
    first, second = commit(scene, loan), commit(scene, loan)
    assert only(first, "lending_committed").handover == only(second, "lending_committed").handover


def test_a_handover_is_said_again_until_it_is_taken() -> None:
    """Each minute without an answer the giving region repeats it; then no more."""
    scene = region_of_eight()
    commit(scene, loan_of(scene, "E0"))
    assert kinds(scene.after(2)) == ["lending_committed"]
    said = scene.after(2)[0]
    scene.tell("R1", _taken(said))
    assert scene.after(5) == []


def _taken(said: Decision) -> HandoverTaken:
    assert said.handover is not None
    return HandoverTaken(region="R1", by_region="R2", engineer_id="E0", owner_epoch=1)


def test_who_is_lent_travels_works_and_goes_home_when_the_time_is_up() -> None:
    """Taken over: on the way, near enough for work, and given back at the deadline."""
    scene = region_of_eight()
    loan = loan_of(scene, "XE0", home_region="R2", to_region="R1", owner_epoch=1)
    taken_over(scene, loan)
    assert scene.region.engineers["XE0"].loan is not None
    assert scene.region.engineers["XE0"].arrives_at is not None
    assert "lending_working" in kinds(scene.after(5 * 60))
    assert only(scene.after(61), "lending_released").handover is not None
    assert "XE0" not in scene.region.engineers


def test_an_extended_loan_runs_on() -> None:
    """The old deadline passes without a word; who is not on that loan is refused."""
    scene = region_of_eight()
    loan = loan_of(scene, "XE0", home_region="R2", to_region="R1", owner_epoch=1)
    taken_over(scene, loan)
    until = scene.now + timedelta(hours=20)
    longer = ExtendLoan(region="R1", loan_id=loan.loan_id, engineer_id="XE0", until=until)
    assert only(scene.tell("R1", longer), "lending_extended").loan is not None
    assert "lending_released" not in kinds(scene.after(7 * 60))
    foreign = ExtendLoan(region="R1", loan_id="other", engineer_id="XE0", until=until)
    assert refusal(scene.tell("R1", foreign)) == "not_on_loan"


def test_a_recall_waits_for_the_job_in_hand() -> None:
    """Who is on site finishes; then they are the home region's again."""
    scene = region_of_eight()
    loan = loan_of(scene, "XE0", home_region="R2", to_region="R1", owner_epoch=1)
    taken_over(scene, loan)
    scene.after(5 * 60)
    scene.reported("I1", north_km=100)
    assert scene.region.incidents["I1"].engineer_id == "XE0"
    scene.phone("XE0", "acknowledged", "on_site")
    recall = RecallLoan(region="R1", loan_id=loan.loan_id, engineer_id="XE0")
    assert kinds(scene.tell("R1", recall)) == ["lending_recalled"]
    assert "lending_released" in kinds(scene.phone("XE0", "restored", "resolved"))


def test_a_silent_phone_keeps_nobody_abroad() -> None:
    """Recalled with work in hand that nobody ever acknowledges: given back once that is taken back."""
    scene = region_of_eight()
    loan = loan_of(scene, "XE0", home_region="R2", to_region="R1", owner_epoch=1)
    taken_over(scene, loan)
    scene.after(5 * 60)
    scene.reported("I1", north_km=100)
    assert scene.region.incidents["I1"].engineer_id == "XE0"
    recall = RecallLoan(region="R1", loan_id=loan.loan_id, engineer_id="XE0")
    assert kinds(scene.tell("R1", recall)) == ["lending_recalled"]
    assert "lending_released" not in kinds(scene.after(2))
    assert "lending_released" in kinds(scene.after(4))


def moved_to(region: str, scene: Scene, name: str = "E0") -> Decision:
    """Registered with another region from now on; what R1 says of it."""
    return only(scene.register(name, region=region, skills={"radio": 2}), "lending_released")


def test_who_is_registered_elsewhere_is_handed_over_for_good() -> None:
    """With the new region as home and the new skills, said again until taken, and never taken twice."""
    scene = region_of_eight()
    said = moved_to("R2", scene)
    ((_, told),) = told_by(said)
    other = PartitionFold()
    for logged in region_of_two():
        other.step(logged)
    took = other.step(Logged(99, "R2", "dispatch/R1", "h", told))
    assert kinds(took) == ["lending_travelling", "engineer_registered"]
    engineer = other.regions["R2"].engineers["E0"]
    assert (engineer.loan, engineer.skills, engineer.owner_epoch) == (None, {"radio": 2}, 1)
    assert refusal(other.step(Logged(100, "R2", "dispatch/R1", "h2", told))) == "already_taken"
    assert only(scene.after(2), "lending_released").handover == said.handover
    ((_, taken),) = told_by(took[0])
    scene.tell("R1", taken)
    assert scene.after(5) == []


def test_who_has_just_been_handed_over_is_not_registered_here_again() -> None:
    """Until triage knows of it a registration still comes here: two regions would have them."""
    scene = region_of_eight()
    moved_to("R2", scene)
    assert refusal(scene.register("E0")) == "elsewhere"
    assert "E0" not in scene.region.engineers


def test_who_was_lent_and_came_home_moves_under_a_higher_epoch() -> None:
    """Whoever had them on loan once would not take them again under a number that it knows."""
    scene = region_of_eight()
    lent = only(commit(scene, loan_of(scene, "E0")), "lending_committed").handover
    assert lent is not None
    loan = lent.loan.model_copy(update={"owner_epoch": 2})
    back = lent.model_copy(update={"region": "R1", "from_region": "R2", "loan": loan, "towards": lent.place})
    assert "lending_travelling" in kinds(scene.tell("R1", back))
    assert "lending_returned" in kinds(scene.after(5))
    handover = moved_to("R3", scene).handover
    assert handover is not None
    assert (handover.region, handover.loan.owner_epoch) == ("R3", 3)


def test_who_is_on_loan_is_not_registered_anew() -> None:
    """A registration while lent would give them to two regions: refused on both sides."""
    scene = region_of_eight()
    commit(scene, loan_of(scene, "E0"))
    assert refusal(scene.register("E0")) == "on_loan"
