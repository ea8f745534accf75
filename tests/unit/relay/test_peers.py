"""Peers come, fall silent, misbehave and go, and nothing of them stays."""

from __future__ import annotations

import asyncio
import gc
import random
import socket
import tracemalloc

import pytest
from aiortc import RTCSessionDescription

from services.relay import peer as peers
from services.relay.endpoint import Endpoint
from services.relay.room import NodeFull, OfferRefused, Room
from services.relay.rtp import HEADER
from services.relay.udp_port import stun_user
from services.relay.wire import SrtpSession, Staging
from tests.media.client import MediaClient
from tests.media.heard import Heard
from tests.unit.relay.scene import pictures, scene, show, until

GOOD = """v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=video 9 UDP/TLS/RTP/SAVPF 96
c=IN IP4 0.0.0.0
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 AA:BB
a=setup:actpass
a=mid:0
a=sendonly
a=rtcp-mux
a=rtpmap:96 VP8/90000
"""


@pytest.mark.parametrize(
    ("offer", "reason"),
    [
        ("", "no SDP"),
        ("hello", "no SDP"),
        ("v=0\n" + "m=video 9 X 96\n" * 40, "40 m-lines"),
        (GOOD.replace("m=video", "m=text"), "only audio, video and application"),
        (GOOD.replace("96 VP8/90000", "96 AV1/90000"), "no common format"),
        (GOOD.replace("a=ice-pwd:abcdefghijklmnopqrstuv\n", ""), "can not be read"),
        (GOOD.replace("a=rtcp-mux\n", ""), "can not be read"),
        (GOOD + GOOD[GOOD.index("m=") :].replace("a=mid:0", "a=mid:1"), "BUNDLE"),
        ("v=0\n" + "a" * 70_000, "70005 characters"),
    ],
)
async def test_an_offer_that_can_not_be_answered_is_refused_with_the_reason(offer: str, reason: str) -> None:
    """A typed refusal, and nothing of the peer stays."""
    endpoint = Endpoint()
    room = Room("session", endpoint, Heard())
    with pytest.raises(OfferRefused, match=reason):
        await room.accept_offer("x", offer.replace("\n", "\r\n"), publish=True, view=True)
    assert (room.peers, endpoint.peers) == ({}, 0)
    endpoint.close()


@pytest.mark.parametrize("seed", range(4))
async def test_no_damage_to_an_offer_does_more_than_refuse_it(seed: int) -> None:
    """Lines lost, doubled and scrambled: an answer or a refusal."""
    chance, endpoint = random.Random(seed), Endpoint()
    room = Room("session", endpoint, Heard())
    for _ in range(25):
        lines = GOOD.split("\n")
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(1, len(lines))
            lines[at : at + 1] = chance.choice([[], [lines[at]] * 2, [lines[at][: chance.randint(0, 20)]]])
        try:
            await room.accept_offer("x", "\r\n".join(lines), publish=True, view=True)
        except OfferRefused:
            continue
    await room.close()
    assert endpoint.peers == 0
    endpoint.close()


async def test_a_client_that_leaves_before_ice_began_does_not_stall_the_node() -> None:
    """Aiortc's monitor of a closed ICE agent would ask it for events for ever, without a pause."""
    endpoint = Endpoint()
    room = Room("session", endpoint, Heard())
    for _ in range(3):
        await room.accept_offer("x", GOOD.replace("\n", "\r\n"), publish=True, view=True)
        await asyncio.wait_for(room.close_peer("x"), 1.0)
    await asyncio.wait_for(asyncio.sleep(0.05), 1.0)
    endpoint.close()


async def test_nothing_is_written_to_an_address_that_is_merely_claimed() -> None:
    """An offer may name anybody's address as its own: the relay waits for an authenticated check."""
    endpoint = Endpoint()
    endpoint.start()
    room = Room("session", endpoint, Heard())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim:
        victim.bind(("127.0.0.1", 0))
        victim.setblocking(False)
        claimed = f"a=candidate:1 1 udp 2130706431 127.0.0.1 {victim.getsockname()[1]} typ host\na=mid:0"
        offer = GOOD.replace("a=mid:0", claimed).replace("\n", "\r\n")
        await room.accept_offer("x", offer, publish=True, view=True)
        await asyncio.sleep(0.2)
        with pytest.raises(BlockingIOError):
            victim.recv(100)
    await room.close()
    endpoint.close()


async def test_a_full_node_says_so() -> None:
    """Whoever asks is told to join on another."""
    endpoint = Endpoint(peers_limit=0)
    with pytest.raises(NodeFull):
        await Room("session", endpoint, Heard()).accept_offer("x", GOOD, publish=True, view=True)
    endpoint.close()


async def test_malformed_packets_hurt_nobody() -> None:
    """A client that knows its keys sends rubbish: it is counted, the picture goes on."""
    async with scene() as here:
        technician, expert = await here.publisher(), await here.viewer()
        show(technician, 0, key=True)
        await until(lambda: len(pictures(expert)) == 2)
        chance = random.Random(7)
        ssrc = technician.senders["video"][0].ssrc
        assert technician.wire is not None
        for _ in range(200):
            first = chance.choice([0x80, 0x90, 0x9F, 0xA0, 0xBF])
            header = HEADER.pack(first, chance.getrandbits(8) % 64, chance.getrandbits(16), 1, ssrc)
            technician.wire.send_rtp(header, chance.randbytes(chance.randint(0, 60)))
            technician.wire.send_rtcp(b"\x80\xc8\x00\x01" + chance.randbytes(8))
            expert.send_rtcp(b"\x81\xcd\x00\x02" + chance.randbytes(8))
        await asyncio.sleep(0.1)
        assert here.room.peers["technician"].uplink.malformed > 10
        fresh = await here.publisher("fresh")
        here.room.watch("expert", 0, "fresh")
        before = len(pictures(expert))
        show(fresh, 5, key=True)
        await until(lambda: len(pictures(expert)) >= before + 2)


@pytest.mark.parametrize("short_path", [True, False], ids=["short path", "passthrough"])
async def test_a_silent_client_is_let_go(monkeypatch: pytest.MonkeyPatch, short_path: bool) -> None:
    """It answers nothing, not even ICE; who has nothing to send but answers stays."""
    monkeypatch.setattr(peers, "SILENT_AFTER_S", 0.9)
    monkeypatch.setattr(peers, "ASK_AFTER_S", 0.2)
    monkeypatch.setattr(peers, "BEAT_S", 0.1)
    async with scene(short_path=short_path) as here:
        technician, expert = await here.publisher(), await here.viewer()
        await asyncio.sleep(1.5)
        assert here.heard.losses == []
        for protocol in expert.pc.transport.transport._connection._protocols:  # type: ignore[union-attr]
            protocol.transport.abort()
        await until(lambda: bool(here.heard.losses))
        assert [name for name, _ in here.heard.losses] == ["expert"]
        assert "silent" in here.heard.losses[0][1]
        await until(lambda: list(here.room.peers) == ["technician"])
        assert technician.wire is not None


async def test_who_comes_back_replaces_itself() -> None:
    """A new connection under the same name: the old one is closed, the picture starts anew."""
    async with scene() as here:
        technician = await here.publisher()
        show(technician, 0, key=True)
        await here.viewer()
        here.heard.connects.clear()
        again = await here.viewer()
        await until(lambda: any(type(block).__name__ == "KeyFrameWanted" for block in technician.blocks))
        show(technician, 1, key=True)
        await until(lambda: len(pictures(again)) >= 2)
        assert here.endpoint.peers == 2


async def test_a_peer_without_media_has_its_data_channels() -> None:
    """On the lowest level of the ladder a client may offer nothing else: it is connected, and stays."""
    async with scene() as here:
        client = MediaClient()
        here.clients.append(client)
        marks = client.pc.createDataChannel("marks")
        answer = await here.room.accept_offer("x", await client.offer(), publish=False, view=True)
        await client.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await until(lambda: here.heard.connects == ["x"] and len(here.heard.channels) == 1)
        assert here.room.peers["x"].connected
        assert marks.readyState == "open"


async def test_an_offer_that_is_refused_leaves_the_peer_that_is_there() -> None:
    """Whoever sends rubbish under a name does not throw out who has it."""
    async with scene() as here:
        await here.viewer()
        with pytest.raises(OfferRefused):
            await here.room.accept_offer("expert", "rubbish", publish=False, view=True)
        assert list(here.room.peers) == ["expert"]


async def test_data_channels_are_handed_on() -> None:
    """A reliable and a lossy one, both ways."""
    async with scene() as here:
        client = MediaClient()
        here.clients.append(client)
        client.add("video", "recvonly")
        marks = client.pc.createDataChannel("marks")
        client.pc.createDataChannel("pointer", ordered=False, maxRetransmits=0)
        await client.accept(await here.room.accept_offer("x", await client.offer(), publish=False, view=True))
        await until(lambda: len(here.heard.channels) == 2)
        heard: list[str] = []
        marks.on("message", heard.append)
        for _, channel in here.heard.channels:
            if channel.label == "marks":
                channel.send("hello")
        await until(lambda: heard == ["hello"])


async def test_sessions_opened_and_closed_leave_nothing() -> None:
    """No task, no address, no memory: the twentieth session costs what the tenth did."""
    endpoint = Endpoint()
    endpoint.start()
    sizes = []
    tracemalloc.start()
    try:
        for number in range(18):
            room = Room(f"s{number}", endpoint, Heard())
            client = MediaClient()
            client.add("video", "sendonly")
            await client.accept(await room.accept_offer("x", await client.offer(), publish=True, view=False))
            client.send("video", bytes(500), 0)
            await room.close()
            await client.close()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) == 1
    assert endpoint.port is not None
    assert (endpoint.peers, endpoint.port.peers, endpoint.port.addresses) == (0, 0, 0)
    assert sizes[-1] - sizes[5] < 60_000
    endpoint.close()


def test_a_collected_srtp_session_is_never_used() -> None:
    """The wire's session owns libsrtp's: dropping every other reference leaves the pointer valid."""
    from pylibsrtp import Policy, Session

    def made(kind: int) -> SrtpSession:
        policy = Policy(key=bytes(28), ssrc_type=kind, srtp_profile=Policy.SRTP_PROFILE_AEAD_AES_128_GCM)
        return SrtpSession(Session(policy))

    sender, receiver, staging = made(Policy.SSRC_ANY_OUTBOUND), made(Policy.SSRC_ANY_INBOUND), Staging()
    gc.collect()
    packet = HEADER.pack(0x80, 96, 1, 2, 3) + b"payload"
    for number in range(200):
        staging.bytes[0 : len(packet)] = HEADER.pack(0x80, 96, number, 2, 3) + b"payload"
        length = sender.protect(staging.memory, len(packet))
        assert length == len(packet) + 16
        assert receiver.unprotect(staging.memory, length) == len(packet)
        assert staging.bytes[12 : len(packet)] == b"payload"
    staging.bytes[0:20] = bytes(20)
    assert receiver.unprotect(staging.memory, 20) == -1


@pytest.mark.parametrize(
    ("datagram", "user"),
    [
        (b"", None),
        (b"\x00\x01\x00\x08" + bytes(16) + b"\x00\x06\x00\x04ab:c", "ab"),
        (b"\x01\x01\x00\x08" + bytes(16) + b"\x00\x06\x00\x04ab:c", None),
        (b"\x00\x01\x00\x08" + bytes(16) + b"\x00\x20\xff\xff", None),
    ],
)
def test_only_a_binding_request_names_whom_it_is_for(datagram: bytes, user: str | None) -> None:
    """Our half of its USERNAME; lengths that lie end the search."""
    assert stun_user(datagram) == user
