"""What strangers and broken clients send: dropped, or the sender let go, and the others' picture goes on."""

from __future__ import annotations

import asyncio
import random
import socket

import pytest

from services.relay import peer as peers
from services.relay import slot as slots
from tests.unit.relay.scene import Scene, pictures, scene, show, until

PORT_DATAGRAMS = 1500


async def goes_on(here: Scene) -> None:
    """A fresh publisher's picture reaches a fresh viewer."""
    fresh, viewer = await here.publisher("fresh"), await here.viewer("watcher")
    here.room.watch("watcher", 0, "fresh")
    show(fresh, 1, key=True)
    await until(lambda: len(pictures(viewer)) >= 2)


async def test_a_publisher_that_floods_is_let_go_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """More packets a second than any camera sends: it is told of, and the session goes on."""
    monkeypatch.setattr(peers, "BEAT_S", 0.1)
    monkeypatch.setattr(peers, "PACKETS_PER_S_LIMIT", 300)
    async with scene() as here:
        mallory = await here.publisher("mallory")
        for number in range(400):
            mallory.send("video", b"\x90\x80\x80\x01\x01", 3000 * number)
        await until(lambda: bool(here.heard.losses))
        (name, reason) = here.heard.losses[0]
        assert (name, reason.endswith("packets a second")) == ("mallory", True)
        await until(lambda: "mallory" not in here.room.peers)
        await goes_on(here)


@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "a peer's own address"])
async def test_no_datagram_breaks_the_port(known: bool) -> None:
    """STUN, DTLS, RTP and nothing at all, cut and damaged: none is answered by a crash or a stall."""
    chance = random.Random(20261126)
    async with scene() as here:
        expert = await here.viewer()
        port = here.endpoint.port
        assert port is not None
        address = (port.announced[0], port.port)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(PORT_DATAGRAMS):
                first = chance.choice([b"\x00\x01", b"\x01\x01", b"\x16\xfe", b"\x17\xfe", b"\x80\x60", b""])
                length = chance.randrange(200).to_bytes(2)
                datagram = first + length + b"\x21\x12\xa4\x42" + chance.randbytes(chance.randrange(120))
                if known:
                    (protocol,) = expert.pc.transport.transport._connection._protocols[:1]  # type: ignore[union-attr]
                    protocol.transport.sendto(datagram, address)
                else:
                    stranger.sendto(datagram, address)
        await asyncio.sleep(0.1)
        assert here.heard.losses == []
        await goes_on(here)


async def test_a_publisher_without_key_frames_is_named_to_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that nobody can begin with: the viewer is told why the place stays empty."""
    monkeypatch.setattr(peers, "BEAT_S", 0.05)
    monkeypatch.setattr(slots, "VAIN_AFTER_S", 0.3)
    async with scene() as here:
        technician, _ = await here.publisher(), await here.viewer()
        async with asyncio.timeout(5):
            frame = 0
            while not here.heard.misfits:
                show(technician, frame := frame + 1)
                await asyncio.sleep(0.02)
        assert here.heard.misfits[0] == ("expert", "technician", "it sends no key frame")


async def test_silence_is_noticed_within_three_seconds() -> None:
    """By a clock that is moved by hand: a client that answers nothing is lost at the latest then."""
    async with scene() as here:
        expert = await here.viewer()
        peer = here.room.peers["expert"]
        for protocol in expert.pc.transport.transport._connection._protocols:  # type: ignore[union-attr]
            protocol.transport.abort()
        assert peer._timer is not None
        begun, passed_s = peer._now(), 0.0
        peer._now = lambda: begun + passed_s
        peer.heard()
        peer._beat_at = begun + peers.BEAT_S
        while not here.heard.losses and passed_s < 10.0:
            passed_s += peers.BEAT_S
            peer._timer.cancel()
            peer._beat()
        assert here.heard.losses == [("expert", f"silent for {passed_s:.1f} s")]
        assert passed_s <= 3.0
