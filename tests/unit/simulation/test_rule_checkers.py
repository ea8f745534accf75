"""The checker of hard rules finds each broken rule, and nothing in an assignment that keeps them all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.base import Place
from schemas.commands import LockIncident
from schemas.decisions import Decision
from schemas.incidents import IncidentReported
from schemas.regions import Certificate, EngineerRegistered, RegionDefined, RegionRules
from services.simulation.rule_checkers import HardRules, RuleBroken

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SITE = Place(lat=38, lon=-9)
EXPIRED = Certificate(name="tower", expires_at=NOON)
LATER = NOON + timedelta(minutes=70)


def decided(kind: Any, offset: int, **fields: Any) -> Decision:
    """A decision of R1 at noon."""
    whole = {
        "id": f"log/R1/{offset}/0",
        "decided_at": NOON,
        "log": "log",
        "region": "R1",
        "offset": offset,
        "n": 0,
    }
    return Decision.model_validate({**whole, "kind": kind, "caused_by": f"e{offset}", **fields})


def assignment(
    engineer: dict[str, Any],
    incident: dict[str, Any],
    lock: str | None = None,
    hours: RegionRules | None = None,
) -> None:
    """ANA is sent at noon, arrives at 12:10 and works an hour; raises where that breaks a rule."""
    rules = HardRules()
    rules.told(RegionDefined(region="R1", rules=hours or RegionRules()))
    said = {"skills": {"core": 2}, "available_from": NOON, **engineer}
    rules.told(EngineerRegistered(engineer_id="ANA", region="R1", home=SITE, **said))
    report = {"tier": "gold", "product": "core", **incident}
    rules.told(IncidentReported(incident_id="I1", reported_at=NOON, place=SITE, **report))
    rules.saw(decided("engineer_changed", 1, engineer_id="ANA", engineer_state="available"))
    rules.saw(decided("queued", 2, incident_id="I1"))
    if lock is not None:
        command = LockIncident(
            incident_id="I1", region="R1", by="d", kind="engineer", engineer_ids=[lock], reason="r"
        )
        rules.saw(decided("locked", 3, incident_id="I1"), command)
    fields = {"incident_id": "I1", "engineer_id": "ANA", "engineer_state": "available"}
    arrives = NOON + timedelta(minutes=10)
    rules.saw(decided("assigned", 4, **fields, arrives_at=arrives, expected_service_min=60))


def test_an_assignment_within_all_rules_is_sound() -> None:
    """Everything is asked and everything fits, the certificate to the very end."""
    assignment(
        {
            "languages": ["pt"],
            "certificates": [Certificate(name="tower", expires_at=LATER)],
            "parts": ["fan"],
            "shift_end": LATER,
            "worked_min_before": 290,
            "excluded_customers": ["C2"],
        },
        {"language": "pt", "certificate": "tower", "parts": ["fan"], "customer_id": "C1", "window_to": LATER},
        lock="ANA",
    )


@pytest.mark.parametrize(("week_max_min", "broken"), [(70, False), (69, True)])
def test_the_weeks_hours_are_counted_to_the_jobs_end(week_max_min: int, broken: bool) -> None:
    """The work since the shift's start and the job together fit into the week, or they do not."""
    hours = RegionRules(week_max_min=week_max_min)
    if not broken:
        assignment({"worked_min_before": 0}, {}, hours=hours)
        return
    with pytest.raises(RuleBroken, match="week"):
        assignment({"worked_min_before": 0}, {}, hours=hours)


@pytest.mark.parametrize(
    ("rule", "engineer", "incident", "lock"),
    [
        ("unqualified", {}, {"level": 3}, None),
        ("language", {"languages": ["en"]}, {"language": "pt"}, None),
        (
            "certificate",
            {"certificates": [Certificate(name="tower", expires_at=NOON)]},
            {"certificate": "tower"},
            None,
        ),
        ("parts", {"parts": ["fan"]}, {"parts": ["fan", "fan"]}, None),
        ("customer_excluded", {"excluded_customers": ["C1"]}, {"customer_id": "C1"}, None),
        ("window", {}, {"window_to": NOON + timedelta(minutes=5)}, None),
        ("shift_end", {"shift_end": NOON + timedelta(minutes=60)}, {}, None),
        ("break", {"worked_min_before": 300}, {}, None),
        ("rest", {"worked_min_before": 13 * 60}, {}, None),
        ("pinned", {}, {}, "BEN"),
    ],
)
def test_each_broken_rule_is_found(
    rule: str, engineer: dict[str, Any], incident: dict[str, Any], lock: str | None
) -> None:
    """One rule is broken by a little; the checker names it."""
    with pytest.raises(RuleBroken, match=rule):
        assignment(engineer, incident, lock)
