"""A slow viewer waits alone, and the publisher follows the worst link that needs its picture."""

from __future__ import annotations

import asyncio

import pytest

from services.assist.ladder import Level
from services.relay import peer as peers
from services.relay import rtcp
from services.relay.nack import KEY_FRAME_EVERY_S
from tests.media.client import MediaClient
from tests.unit.relay.scene import pictures, scene, show

BIG_FRAME_PACKETS = 12
SLOW_BPS = 400_000


@pytest.fixture(autouse=True)
def _quick_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "BEAT_S", 0.05)


async def film(technician: MediaClient, slow: MediaClient, frames: int) -> None:
    """About 1.4 Mbit/s with a key frame where asked for one; the slow viewer keeps saying what it takes."""
    heard = 0
    for frame in range(frames):
        blocks, heard = technician.blocks[heard:], len(technician.blocks)
        key = frame == 0 or any(isinstance(block, rtcp.KeyFrameWanted) for block in blocks)
        show(technician, frame, key=key, packets=BIG_FRAME_PACKETS)
        slow.send_rtcp(rtcp.remb(1, SLOW_BPS, [slow.receiving_ssrcs[-1]]))
        await asyncio.sleep(0.02)


async def test_a_slow_viewer_waits_alone() -> None:
    """The fast one gets every packet; the slow one less, in whole stretches that begin with key frames."""
    async with scene() as here:
        technician, fast, slow = await here.publisher(), await here.viewer("fast"), await here.viewer("slow")
        await film(technician, slow, 100)
        got, less = pictures(fast), pictures(slow)
        assert len(got) == 100 * BIG_FRAME_PACKETS
        assert len(less) < 0.7 * len(got)
        assert here.room.peers["slow"].downlink.overflows > 0
        runs = [(one.sequence - less[0].sequence) & 0xFFFF for one in less]
        assert runs == list(range(len(less)))
        times = sorted({one.timestamp for one in less})
        begins = [b for a, b in zip([-9000, *times], times, strict=False) if b - a > 3000]
        keys = {one.timestamp for one in less if one.payload[0] & 0x10 and one.payload[4] & 1 == 0}
        assert set(begins) <= keys


async def test_the_publisher_is_asked_for_what_the_worst_viewer_takes() -> None:
    """Its REMB names the slow viewer's rate less the sound's share, not the fast one's."""
    async with scene() as here:
        technician, _, slow = await here.publisher(), await here.viewer("fast"), await here.viewer("slow")
        await film(technician, slow, 60)
        asked = [block.bps for block in technician.blocks if isinstance(block, rtcp.BandwidthEstimated)]
        assert asked[0] > 1_000_000
        assert SLOW_BPS - 50_000 <= min(asked) <= SLOW_BPS


async def test_one_slow_viewer_does_not_keep_asking_for_key_frames() -> None:
    """Each costs everybody: a viewer whose queue overflows waits a second for the next."""
    async with scene() as here:
        technician, _, slow = await here.publisher(), await here.viewer("fast"), await here.viewer("slow")
        await film(technician, slow, 100)
        asked = sum(isinstance(block, rtcp.KeyFrameWanted) for block in technician.blocks)
        assert 1 <= asked <= 8
        assert KEY_FRAME_EVERY_S < 1.0


async def test_a_link_that_loses_most_packets_goes_down_the_ladder() -> None:
    """The viewer's reports say so for two seconds: picture and sound stop, and both sides can be told why."""
    async with scene() as here:
        technician, expert = await here.publisher(), await here.viewer()
        async with asyncio.timeout(5):
            highest = 0
            while not here.heard.levels:
                show(technician, highest, key=True)
                technician.send("audio", b"opus", 960)
                highest += 50
                lost = [
                    rtcp.ReceptionReport(ssrc, 180, 10, highest, 0, 0, 0) for ssrc in expert.receiving_ssrcs
                ]
                expert.send_rtcp(rtcp.receiver_report(1, lost))
                await asyncio.sleep(0.02)
        name, direction, level, reason = here.heard.levels[0]
        assert (name, direction, level) == ("expert", "down", Level.TEXT)
        assert reason.endswith("of the packets are lost")
        before = expert.counted
        for frame in range(5):
            show(technician, 9000 + frame, key=True)
            technician.send("audio", b"opus", 960)
        await asyncio.sleep(0.1)
        assert expert.counted == before
