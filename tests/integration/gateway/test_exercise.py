"""A drill through the whole system: a copy of a region, apart from everything real, and gone when it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.cap_message import cap_message
from tests.integration.gateway.system import System, eventually, make_region, report
from tests.integration.gateway.test_lending import act, plan_of, propose

pytestmark = pytest.mark.timeout(300)
FACTS: dict[str, Any] = {"home": {"lat": 1, "lon": 1}, "skills": {"core": 1}}
CAP = {"Content-Type": "application/cap+xml"}


async def begun(system: System, lead: httpx.AsyncClient, region: str, engineers: int) -> None:
    """The lead begins a drill once the read model has everybody."""

    async def copied() -> bool:
        answer = await lead.post(f"/v1/regions/{region}/exercise", headers=system.key())
        return answer.status_code == 200 and answer.json()["engineers"] == engineers

    await eventually(copied)


async def test_a_drill_sends_its_own_people_and_no_real_phone_hears_of_it(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """Copies as they stand; their incidents are marked; the real technician sees and may do nothing of it."""
    await make_region(system, service, region, engineers=2)
    drill, real, copy = f"{region}.exercise", f"E1-{region}", f"exercise.E1-{region}"
    async with system.client("lead", "lead-1", regions=(region,)) as lead:
        await begun(system, lead, region, 2)
        body = report(drill)
        said = (await service.post("/v1/incidents", json=body, headers=system.key())).json()
        assert said["incident_id"].startswith("exercise.")

        async def view_of_it() -> dict[str, Any]:
            answer = await lead.get(f"/v1/incidents/{said['incident_id']}")
            return dict(answer.json())

        async def sent() -> bool:  # the copies' shifts begin with the next tick of the clock
            return str((await view_of_it()).get("engineer_id")).startswith("exercise.")

        await eventually(sent)
        view = await view_of_it()
        assert (view["exercise"], view["region"]) == (True, drill)
        assert (await lead.get(f"/v1/engineers/{real}")).json()["state"] == "available"
        async with system.client("technician", real, regions=(region,)) as technician:
            for path in (f"/v1/engineers/{copy}", f"/v1/engineers/{copy}/job"):
                assert (await technician.get(path)).status_code == 403
            assert (await technician.get(f"/v1/incidents/{said['incident_id']}")).status_code == 404
            assert (await technician.get(f"/v1/regions/{drill}")).status_code == 403
        async with system.client("technician", copy, regions=(drill,)) as trainee:
            assert (await trainee.get(f"/v1/engineers/{real}")).status_code == 403
        answer = await lead.delete(f"/v1/regions/{region}/exercise", headers=system.key())
        assert (answer.status_code, answer.json()["exercise_over"]) == (200, True), answer.text
        answer = await service.post("/v1/incidents", json=body, headers=system.key())
        assert (answer.status_code, answer.json()["reason"]) == (409, "exercise_over")
        answer = await lead.delete(f"/v1/regions/{region}/exercise", headers=system.key())
        assert (answer.status_code, answer.json()["reason"]) == (409, "exercise_over")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/regions/{region}.exercise", {}),
        ("POST", "/v1/regions/{region}.exercise/exercise", None),
        (
            "PUT",
            "/v1/engineers/E1",
            {"region": "{region}.exercise", "home": {"lat": 1, "lon": 1}, "skills": {}},
        ),
        (
            "PUT",
            "/v1/engineers/exercise.E1",
            {"region": "{region}", "home": {"lat": 1, "lon": 1}, "skills": {}},
        ),
    ],
)
async def test_what_would_mix_a_drill_with_what_is_real_is_refused(
    system: System, service: httpx.AsyncClient, region: str, method: str, path: str, body: Any
) -> None:
    """Whoever asks: 409 with the reason `exercise`."""
    await service.put(f"/v1/regions/{region}", json={}, headers=system.key())
    if body and "region" in body:
        body = body | {"region": body["region"].format(region=region)}
    answer = await service.request(method, path.format(region=region), json=body, headers=system.key())
    assert (answer.status_code, answer.json()["reason"]) == (409, "exercise"), answer.text


async def test_an_exercises_warning_reaches_drills_alone(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """By name or by area: the status Exercise reaches the drill and not the region, Actual the reverse."""
    await make_region(system, service, region)
    async with system.client("lead", "lead-1", regions=(region,)) as lead:
        await begun(system, lead, region, 1)
    now, both = datetime.now(UTC), f"?region={region}&region={region}.exercise"
    for status, reached in (("Exercise", f"{region}.exercise"), ("Actual", region)):
        message = cap_message(now, f"{status}-{region}", status=status)
        answer = await service.post(f"/v1/alerts{both}", content=message, headers={**system.key(), **CAP})
        assert [one["region"] for one in answer.json()["regions"]] == [reached], answer.text
        assert answer.json()["regions"][0]["decision"]["kind"] == "alert_raised"


async def test_drills_lend_to_each_other_and_the_end_of_one_calls_its_engineers_home(
    system: System, service: httpx.AsyncClient, region: str
) -> None:
    """A lead moves a copy from one drill to another; nobody real moves, and nobody is left over."""
    home, to = f"{region}h", f"{region}t"
    await make_region(system, service, home, 7)
    await make_region(system, service, to, 1)
    copy = f"exercise.E1-{home}"
    async with system.client("lead", "lead-1", regions=(home, to)) as lead:
        await begun(system, lead, home, 7)
        await begun(system, lead, to, 1)

        async def shown(name: str) -> dict[str, Any]:
            return dict((await lead.get(f"/v1/engineers/{name}")).json())

        async def on_shift() -> bool:
            return (await shown(copy)).get("state") == "available"

        await eventually(on_shift)
        plan = plan_of(f"{home}.exercise", f"{to}.exercise", 1)
        plan["moves"][0]["engineer_id"] = copy
        proposed = await propose(lead, system, f"{to}.exercise", plan)
        assert proposed.status_code == 200, proposed.text
        agreed = await act(lead, system, "commit", f"{to}.exercise", proposed.json()["plan_hash"])
        assert (agreed.status_code, agreed.json()["state"]) == (200, "agreed"), agreed.text

        async def lent() -> bool:
            return bool((await shown(copy))["region"] == f"{to}.exercise")

        await eventually(lent)
        assert (await shown(f"E1-{home}"))["region"] == home
        ended = await lead.delete(f"/v1/regions/{home}/exercise", headers=system.key())
        assert ended.status_code == 200, ended.text

        async def gone() -> bool:
            there = (await lead.get(f"/v1/engineers?region={to}.exercise")).json()["items"]
            return [one["engineer_id"] for one in there] == [f"exercise.E1-{to}"]

        await eventually(gone)
        assert (await lead.get(f"/v1/engineers?region={home}.exercise")).json()["items"] == []
