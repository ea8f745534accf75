"""Where what is said about lending goes, and who is heard to own an engineer."""

from __future__ import annotations

from datetime import timedelta

from schemas.decisions import Decision
from schemas.lending import CommitLoan, EngineerHandedOver, Loan
from schemas.regions import RegionDefined
from streams.registry import Registry
from streams.routing import registry_key, route
from tests.unit.streams.samples import NOW, R1, enveloped, registered, registry, shift

R2 = RegionDefined(region="R2")


def handover(to: str, epoch: int) -> EngineerHandedOver:
    """E1, of R1, changes to this region under this epoch."""
    engineer = registered("E1", "R1")
    loan = Loan(
        loan_id="loan-1",
        engineer_id="E1",
        home_region="R1",
        to_region="R2",
        owner_epoch=epoch,
        until=NOW + timedelta(hours=6),
        staging=engineer.home,
        authority="lead-1",
    )
    return EngineerHandedOver(
        region=to,
        from_region="R1" if to == "R2" else "R2",
        loan=loan,
        engineer=engineer,
        place=engineer.home,
        departed_at=NOW,
        towards=engineer.home,
    )


def known(*handovers: EngineerHandedOver) -> Registry:
    """Two regions, E1 of R1, and what has happened to them since."""
    return registry(R1, R2, registered("E1", "R1"), *handovers)


def regions(event: object, of: Registry) -> list[str]:
    """The regions that an event goes to."""
    return [routed.region for routed in route(enveloped(event), 0, of, NOW)]  # type: ignore[arg-type]


def test_a_commitment_goes_to_the_region_it_names():
    """The home region carries it out."""
    commit = CommitLoan(region="R1", loan=handover("R2", 1).loan)
    assert regions(commit, known()) == ["R1"]


def test_a_handover_reaches_the_other_region_under_the_decisions_own_id():
    """Told twice, it is folded once."""
    told = handover("R2", 1)
    decided = Decision(
        id="log-1/R1/7/0",
        decided_at=NOW,
        log="log-1",
        region="R1",
        offset=7,
        n=0,
        kind="lending_committed",
        caused_by="c",
        loan=told.loan,
        handover=told,
    )
    (routed,) = route(enveloped(decided), 0, known(), NOW)
    assert (routed.region, routed.envelope.event) == ("R2", told)
    assert registry_key(routed.envelope.event) == "owner/E1"


def test_a_phone_is_heard_where_its_engineer_is():
    """The owner under the highest epoch counts, whatever came first; a new registration does not."""
    assert regions(shift("E1"), known()) == ["R1"]
    assert regions(shift("E1"), known(handover("R2", 1))) == ["R2"]
    assert regions(shift("E1"), known(handover("R1", 2), handover("R2", 1))) == ["R1"]
    lent = known(handover("R2", 1))
    lent.apply(registered("E1", "R1"))
    assert regions(shift("E1"), lent) == ["R2"]


def test_a_registration_while_on_loan_goes_to_whoever_has_them():
    """No third region takes them beside the one where they work: the one that has them refuses."""
    lent = known(handover("R2", 1))
    lent.apply(RegionDefined(region="R3"))
    assert regions(registered("E1", "R3"), lent) == ["R2"]
    assert regions(registered("E1", "R1"), lent) == ["R2"]
