"""The decision stream: live, filtered, resumed on another process with nothing missed and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from tests.integration.gateway.system import Stream, System, eventually, listen, make_region, report

pytestmark = pytest.mark.timeout(300)

Client = httpx.AsyncClient


def has(count: int) -> Callable[[Stream], bool]:
    """Until so many decisions have come."""
    return lambda stream: len(stream.decisions) >= count


async def report_many(system: System, service: Client, region: str, count: int) -> None:
    """Incidents that nobody is free for: one decision each."""
    for _ in range(count):
        answer = await service.post("/v1/incidents", json=report(region), headers=system.key())
        assert answer.status_code == 200, answer.text


async def whole(system: System, region: str, count: int) -> list[str]:
    """Ids of all decisions of a region from the beginning."""
    stream = Stream()
    async with system.client("service") as client:
        await listen(client, stream, until=has(count), start="earliest", query=f"&region={region}")
    return stream.ids


async def test_resuming_across_a_restart_misses_nothing_and_repeats_nothing(
    system: System, service: Client, region: str
) -> None:
    """The gateway goes away in the middle and comes back; decisions made meanwhile come on resuming."""
    await make_region(system, service, region)
    stream = Stream()
    async with system.client("dispatcher") as dispatcher:
        live = asyncio.create_task(listen(dispatcher, stream, until=has(999), query=f"&region={region}"))
        await eventually(lambda: _true(bool(stream.last_id)))
        await report_many(system, service, region, 3)
        await eventually(lambda: _true(len(stream.decisions) >= 4))
        await report_many(system, service, region, 1)
        took_s = await system.stop_gateway()
        assert took_s < 8, "a stop drains within seconds, open streams or not"
        await asyncio.gather(live, return_exceptions=True)
        await system.start_gateway()
        await report_many(system, service, region, 4)
        before = list(stream.ids)
        await listen(dispatcher, stream, until=has(9), resume=True, query=f"&region={region}")
    assert before
    assert len(stream.ids) == len(set(stream.ids)) == 9
    assert await whole(system, region, 12) == (await whole(system, region, 12))[:3] + stream.ids


async def test_resuming_from_every_place_gives_exactly_the_rest(
    system: System, service: Client, region: str
) -> None:
    """Whichever event id a client has seen last, what follows is what is left."""
    await make_region(system, service, region)
    await report_many(system, service, region, 6)
    all_of_it = await whole(system, region, 10)
    async with system.client("dispatcher") as dispatcher:
        for seen in (1, 4, 9):
            stream = Stream()
            query = f"&region={region}"
            await listen(dispatcher, stream, until=has(seen), start="earliest", query=query)
            assert stream.ids == all_of_it[:seen]
            await listen(dispatcher, stream, until=has(10), resume=True, query=query)
            assert stream.ids == all_of_it


async def test_the_board_goes_on_where_its_snapshot_stands(
    system: System, service: Client, region: str
) -> None:
    """Snapshot, then the stream from its event id: no decision above the snapshot's offset is missing."""
    await make_region(system, service, region)
    await report_many(system, service, region, 2)
    board = (await service.get(f"/v1/board?region={region}")).json()
    await report_many(system, service, region, 3)
    at = board["regions"][0]["offset"]
    expected = [one for one in await whole(system, region, 9) if int(one.split("/")[2]) > at]
    stream = Stream()
    async with system.client("dispatcher") as dispatcher:
        enough: Callable[[Stream], bool] = lambda seen: expected[-1] in seen.ids  # noqa: E731
        start = httpx.QueryParams({"x": board["last_event_id"]})
        await listen(dispatcher, stream, until=enough, start=str(start)[2:], query=f"&region={region}")
    assert [one for one in stream.ids if int(one.split("/")[2]) > at] == expected
    assert len(stream.ids) == len(set(stream.ids))


async def test_everybody_is_sent_what_is_theirs(system: System, service: Client, region: str) -> None:
    """A technician what names them, a customer their incidents and not where the engineer was."""
    phones = await make_region(system, service, region, engineers=2)
    mine = report(region, customer_id=f"C-{region}", incident_id=f"mine-{region}")
    await service.post("/v1/incidents", json=mine, headers=system.key())
    await service.post("/v1/incidents", json=report(region), headers=system.key())
    view = (await service.get(f"/v1/incidents/mine-{region}")).json()
    name = view["engineer_id"]
    async with (
        system.client("technician", name) as technician,
        system.client("customer", customer=f"C-{region}") as customer,
        system.client("dispatcher", regions=("elsewhere",)) as elsewhere,
    ):
        theirs, about, nothing = Stream(), Stream(), Stream()
        assigned: Callable[[Stream], bool] = lambda seen: (  # noqa: E731
            any(one["kind"] == "assigned" for one in seen.decisions)
        )
        await listen(technician, theirs, until=assigned, start="earliest")
        await listen(customer, about, until=assigned, start="earliest")
        await listen(elsewhere, nothing, until=lambda seen: len(seen.clocks) > 2, start="earliest")
    assert {one["engineer_id"] for one in theirs.decisions} == {name}
    assert {one["incident_id"] for one in about.decisions} == {f"mine-{region}"}
    assert not any("from_place" in one for one in about.decisions)
    assert nothing.decisions == []
    assert len(phones) == 2


async def test_there_is_an_end_to_streams_and_ids(system: System, service: Client) -> None:
    """One stream too many is a 429, an id that no gateway gave out a 422, a foreign region a 403."""
    bad = await service.get("/v1/assignments/stream", headers={"Last-Event-ID": "17"})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")
    async with system.client("dispatcher", "one-person") as person:
        streams = [Stream() for _ in range(5)]
        held = [asyncio.create_task(listen(person, stream, until=lambda _: False)) for stream in streams]
        await eventually(lambda: _true(all(stream.clocks for stream in streams)))
        refused = await person.get("/v1/assignments/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
        for one in held:
            one.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def _true(value: bool) -> bool:
    return value
