"""The lead's desk through the whole system: proposed, amended, agreed by both leads, carried out."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.gateway.system import System, eventually, make_region

pytestmark = pytest.mark.timeout(300)
ENGINEERS = 7
DESK = "/v1/lending"


def plan_of(home: str, to: str, *numbers: int, hours: float = 6) -> dict[str, Any]:
    """These engineers of `home` to `to`."""
    until = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0).isoformat()
    fixed = {"home_region": home, "to_region": to, "owner_epoch": 0, "until": until}
    staging = {"lat": 38.71, "lon": -9.11}
    return {"moves": [{"engineer_id": f"E{n}-{home}", "staging": staging, **fixed} for n in numbers]}


async def propose(
    lead: httpx.AsyncClient, system: System, to: str, plan: dict[str, Any], base: str | None = None
) -> httpx.Response:
    """A lead's own plan, or an amendment of `base`."""
    body = {"to_region": to, "plan": plan, "reason": "the storm", "base_hash": base}
    return await lead.post(f"{DESK}/proposals", json=body, headers=system.key())


async def act(lead: httpx.AsyncClient, system: System, what: str, to: str, named: str) -> httpx.Response:
    """Commit or refuse."""
    body = {"plan_hash": named, "reason": "so it is"}
    return await lead.post(f"{DESK}/proposals/{to}/{what}", json=body, headers=system.key())


async def test_both_leads_commit_what_was_shown_and_nothing_else(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """Amended meanwhile: refused, with what changed. Both at once: agreed once, and the engineers go."""
    home, to = f"{region}h", f"{region}t"
    await make_region(system, service, home, ENGINEERS)
    await make_region(system, service, to, 1)
    async with (
        system.client("lead", "ana", regions=(home,)) as donor,
        system.client("lead", "rui", regions=(to,)) as receiver,
        system.client("lead", "eva", regions=(f"{region}x",)) as stranger,
    ):
        first = await propose(receiver, system, to, plan_of(home, to, 1, 2))
        assert first.status_code == 200, first.text
        assert (first.json()["state"], first.json()["parties"]) == ("standing", sorted([home, to]))
        seen = first.json()["plan_hash"]
        assert (await propose(receiver, system, to, plan_of(home, to, 3))).status_code == 409
        amended = await propose(donor, system, to, plan_of(home, to, 2, 3), seen)
        assert (amended.status_code, amended.json()["version"]) == (200, 2)
        named = amended.json()["plan_hash"]
        late = await act(receiver, system, "commit", to, seen)
        assert (late.status_code, late.json()["type"].rsplit("/", 1)[1]) == (409, "plan-outdated")
        assert late.json()["current_hash"] == named
        assert late.json()["changes"][0] == f"E1-{home} was taken out"
        assert late.json()["changes"][1].startswith(f"E3-{home} of {home} was added")
        assert (await act(stranger, system, "commit", to, named)).status_code == 403
        both = await asyncio.gather(*(act(lead, system, "commit", to, named) for lead in (donor, receiver)))
        assert [answer.status_code for answer in both] == [200, 200]
        assert sorted(answer.json()["state"] for answer in both) == ["agreed", "standing"]
        again = await act(donor, system, "commit", to, named)
        assert (again.status_code, again.json()["reason"]) == (409, "already_agreed")

        async def arriving() -> bool:
            loans = (await donor.get(DESK)).json()["loans"]
            stages = {loan["engineer_id"]: (loan["stage"], loan["owner_region"]) for loan in loans}
            there = [stages.get(f"E{n}-{home}", ("", ""))[1] for n in (2, 3)]
            return there == [to, to] and {s for s, _ in stages.values()} <= {"travelling", "working"}

        await eventually(arriving)
        view = (await donor.get(DESK)).json()
        assert {loan["authority"] for loan in view["loans"]} == {"leads:ana+rui"}
        assert view["proposals"] == []
        assert (await stranger.get(DESK)).json()["loans"] == []
        await recall_all(system, donor, view["loans"])


async def recall_all(system: System, lead: httpx.AsyncClient, loans: list[dict[str, Any]]) -> None:
    """A loan is extended, a wrong one is not; then all are called home and arrive."""
    later = (datetime.now(UTC) + timedelta(hours=9)).isoformat()
    path, body = f"/v1/loans/{loans[0]['engineer_id']}", {"loan_id": loans[0]["loan_id"]}
    answer = await lead.post(f"{path}/extend", json={**body, "until": later}, headers=system.key())
    assert answer.status_code == 200, answer.text
    assert answer.json()["until"] > loans[0]["until"]
    wrong = {"loan_id": loans[1]["loan_id"], "reason": "home"}
    assert (await lead.post(f"{path}/recall", json=wrong, headers=system.key())).status_code == 404
    for loan in loans:
        path, body = f"/v1/loans/{loan['engineer_id']}/recall", {"loan_id": loan["loan_id"], "reason": "home"}
        answer = await lead.post(path, json=body, headers=system.key())
        assert (answer.status_code, answer.json()["stage"]) == (200, "recalled"), answer.text

    async def home() -> bool:
        shown = (await lead.get(DESK)).json()["loans"]
        return {loan["stage"] for loan in shown} <= {"released", "returned"} and len(shown) == len(loans)

    await eventually(home)


async def test_a_refused_plan_stands_no_more_and_a_refused_move_names_its_rule(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """One lead's no ends it; of a plan agreed by a lead of both, who lacks the certificate stays, by name."""
    home, to = f"{region}h", f"{region}t"
    await make_region(system, service, home, ENGINEERS)
    await make_region(system, service, to, 1)
    rules = {"rules": {"entry_certificates": ["tower"]}}
    assert (await service.put(f"/v1/regions/{to}", json=rules, headers=system.key())).status_code == 200
    async with system.client("lead", "lead-of-both", regions=(home, to)) as lead:
        proposed = await propose(lead, system, to, plan_of(home, to, 1))
        named = proposed.json()["plan_hash"]
        assert proposed.json()["certificates"] == ["tower"]
        refused = await act(lead, system, "refuse", to, named)
        assert (refused.status_code, refused.json()["state"]) == (200, "refused")
        assert (await act(lead, system, "commit", to, named)).status_code == 404
        proposed = await propose(lead, system, to, plan_of(home, to, 1))
        agreed = await act(lead, system, "commit", to, proposed.json()["plan_hash"])
        assert (agreed.status_code, agreed.json()["state"]) == (200, "agreed")

        async def shown() -> bool:
            refusals = (await lead.get(DESK)).json()["refusals"]
            return [(one["engineer_id"], one["rule"]) for one in refusals] == [(f"E1-{home}", "certificate")]

        await eventually(shown)
        assert (await propose(lead, system, to, plan_of(to, to, 1))).status_code == 409
        assert (await propose(lead, system, to, plan_of(home, home, 1))).status_code == 422


async def test_a_lead_sets_the_mode_and_sees_every_regions_load(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """Proposed until set; others may not set it; the load is there for all regions."""
    await make_region(system, service, region, 2)
    async with system.client("lead", "ana", regions=(region,)) as lead:

        async def at_desk() -> dict[str, Any]:
            shown = (await lead.get(DESK)).json()["regions"]
            return next((one for one in shown if one["region"] == region), {})

        async def has_load() -> bool:
            return ((await at_desk()).get("load") or {}).get("on_duty") is not None

        await eventually(has_load)
        assert ((await at_desk())["mode"], (await at_desk())["lead"]) == ("proposed", True)
        path, body = f"/v1/regions/{region}/lending", {"mode": "automatic", "reason": "a storm"}
        assert (await lead.put(path, json=body, headers=system.key())).status_code == 200

        async def set_() -> bool:
            return bool((await at_desk())["mode"] == "automatic")

        await eventually(set_)
        assert (
            await lead.put(f"/v1/regions/{region}x/lending", json=body, headers=system.key())
        ).status_code == 403
    async with system.client("dispatcher") as dispatcher:
        assert (await dispatcher.get(DESK)).status_code == 403
        assert (await dispatcher.put(path, json=body, headers=system.key())).status_code == 403
