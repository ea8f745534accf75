"""Packets go from a publisher to viewers, on the short path and on the passthrough alike."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.media.client import MediaClient
from tests.unit.relay.scene import pictures, scene, show, until

BOTH_PATHS = pytest.mark.parametrize("short_path", [True, False], ids=["short path", "passthrough"])


@BOTH_PATHS
async def test_sound_and_picture_reach_every_viewer_with_their_payloads(short_path: bool) -> None:
    """Nothing is decoded: each viewer gets the very payloads, under the SSRCs announced to it."""
    async with scene(short_path=short_path) as here:
        technician = await here.publisher()
        experts = [await here.viewer("ana"), await here.viewer("bo")]
        for frame in range(5):
            show(technician, frame, key=frame == 0)
            technician.send("audio", b"opus%d" % frame, 960 * frame)
        for expert in experts:
            await until(lambda expert=expert: len(expert.packets) >= 15)  # type: ignore[misc]
            seen = pictures(expert)
            assert [one.timestamp for one in seen] == [3000 * (n // 2) for n in range(10)]
            assert [one.marker for one in seen] == [0, 1] * 5
            assert [(one.sequence - seen[0].sequence) & 0xFFFF for one in seen] == list(range(10))
            assert {one.ssrc for one in seen} == {expert.receiving_ssrcs[1]}
        assert here.heard.publishes == [("technician", "video"), ("technician", "audio")]


@BOTH_PATHS
async def test_a_viewer_who_joins_late_starts_on_a_key_frame(short_path: bool) -> None:
    """Nothing undecodable is sent, and the publisher is asked for a key frame at once."""
    async with scene(short_path=short_path) as here:
        technician = await here.publisher()
        show(technician, 0, key=True)
        await until(lambda: bool(here.heard.publishes))
        expert = await here.viewer()
        show(technician, 1)
        await until(lambda: any(type(block).__name__ == "KeyFrameWanted" for block in technician.blocks))
        show(technician, 2, key=True)
        show(technician, 3)
        await until(lambda: len(pictures(expert)) >= 4)
        assert [one.timestamp for one in pictures(expert)] == [6000, 6000, 9000, 9000]


@BOTH_PATHS
async def test_what_is_lost_on_the_way_in_is_asked_for_again_and_passed_on(short_path: bool) -> None:
    """A gap is a NACK at once; the late packet takes its own place in the viewer's stream."""
    async with scene(short_path=short_path) as here:
        technician, expert = await here.publisher(), await here.viewer()
        show(technician, 0, key=True)
        show(technician, 1, skip=(0,))
        await until(lambda: any(type(block).__name__ == "PacketsMissing" for block in technician.blocks))
        missing = next(block for block in technician.blocks if type(block).__name__ == "PacketsMissing")
        assert missing.sequences == (1002,)  # type: ignore[union-attr]
        technician.send("video", b"late" * 80, 3000, sequence=1002)
        await until(lambda: len(pictures(expert)) >= 4)
        seen = pictures(expert)
        assert sorted((one.sequence - seen[0].sequence) & 0xFFFF for one in seen) == [0, 1, 2, 3]


async def test_the_stream_goes_on_where_the_source_changes() -> None:
    """Another publisher in the same place: sequence numbers without a gap, time that does not jump back."""
    async with scene() as here:
        one, two = await here.publisher("one"), await here.publisher("two")
        expert = await here.viewer()
        show(one, 0, key=True)
        show(one, 1)
        await until(lambda: len(pictures(expert)) >= 4)
        here.room.watch("expert", 0, "two")
        show(two, 700, key=True)
        show(one, 2)
        show(two, 701)
        await until(lambda: len(pictures(expert)) >= 8)
        seen = pictures(expert)
        assert [(packet.sequence - seen[0].sequence) & 0xFFFF for packet in seen] == list(range(8))
        steps = [(b.timestamp - a.timestamp) & 0xFFFFFFFF for a, b in pairwise(seen)]
        assert all(step < 90000 * 5 for step in steps)
        assert len({packet.ssrc for packet in seen}) == 1
        ids = [int.from_bytes(packet.payload[2:4]) & 0x7FFF for packet in seen]
        assert ids == [0, 0, 1, 1, 2, 2, 3, 3]


async def test_a_place_kept_for_a_party_shows_its_resource_too() -> None:
    """Who is watched by name is shown also where the camera came by WHIP, before or after that."""
    async with scene() as here:
        other, expert = await here.publisher("bo"), await here.viewer()
        here.room.watch("expert", 0, "ana")
        show(other, 0, key=True)
        camera = await here.publisher("ana~camera")
        show(camera, 700, key=True)
        await until(lambda: len(pictures(expert)) >= 2)
        here.room.watch("expert", 0, "bo")
        show(other, 1, key=True)
        await until(lambda: len(pictures(expert)) >= 4)
        here.room.watch("expert", 0, "ana")
        show(camera, 701, key=True)
        await until(lambda: len(pictures(expert)) >= 6)
        ids = [int.from_bytes(packet.payload[2:4]) & 0x7FFF for packet in pictures(expert)]
        assert ids == [700, 700, 701, 701, 702, 702]


async def test_a_peer_shows_and_watches_over_one_connection() -> None:
    """An assist client is one connection: it sends its own and is sent the others' sound and picture."""
    async with scene() as here:
        ana = await here.join("ana", ("audio", "sendrecv"), ("video", "sendrecv"))
        bo = await here.join("bo", ("audio", "sendrecv"), ("video", "sendrecv"))
        show(ana, 0, key=True)
        show(bo, 9, key=True)
        await until(lambda: len(pictures(ana)) >= 2 and len(pictures(bo)) >= 2)
        assert {one.timestamp for one in pictures(ana)} == {27000}
        assert {one.timestamp for one in pictures(bo)} == {0}


async def test_who_may_only_view_is_not_taken_from() -> None:
    """The direction of each m-line is cut to what the peer may do."""
    async with scene() as here:
        client = MediaClient()
        here.clients.append(client)
        client.add("video", "sendrecv")
        answer = await here.room.accept_offer("observer", await client.offer(), publish=False, view=True)
        assert "a=sendonly" in answer
        assert "a=sendrecv" not in answer
