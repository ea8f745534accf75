"""WHIP and WHEP by the letter of RFC 9725, with real media on loopback, and the two data channels."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from pydantic import SecretStr

from schemas.assist_log import PartyRole
from services.relay.node.node import Node
from tests.integration.assist.stage import connected, placed_token, running_node, welcomed
from tests.media.client import MediaClient, vp8_payload

SDP = {"Content-Type": "application/sdp"}
FRAGMENT = (
    "a=ice-ufrag:{ufrag}\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n{more}"
)
CANDIDATE = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
ORIGIN = "https://elsewhere.example"


@pytest.fixture
async def node(redis_url: str, topic_prefix: str) -> AsyncIterator[Node]:
    """A node that tells of a TURN server."""
    async with running_node(
        redis_url,
        topic_prefix,
        turn_urls="turn:turn.example:3478?transport=udp",
        turn_secret=SecretStr("north"),
    ) as running:
        yield running


@pytest.fixture
async def http(node: Node) -> AsyncIterator[httpx.AsyncClient]:
    """A client of another origin."""
    async with httpx.AsyncClient(
        base_url=node.settings.own_url, headers={"Origin": ORIGIN}, trust_env=False
    ) as client:
        yield client


async def bearer(node: Node, session_id: str, subject: str, role: PartyRole) -> dict[str, str]:
    """The header of a party's token."""
    return {"Authorization": f"Bearer {await placed_token(node, session_id, subject, role)}"}


def ufrag_of(sdp: str) -> str:
    """The ICE user name of an offer."""
    return sdp.split("a=ice-ufrag:")[1].split()[0]


async def test_what_a_whip_client_publishes_a_whep_client_sees(
    node: Node, http: httpx.AsyncClient, session_id: str
) -> None:
    """201 with Location, ETag, ICE servers and the answer; packets flow; PATCH 204; DELETE 200, then 404."""
    technician, viewer = MediaClient(), MediaClient()
    technician.add("video", "sendonly")
    viewer.add("video", "recvonly")
    watching_auth = await bearer(node, session_id, "EVA", "expert")
    wish = await viewer.offer()
    auth = await bearer(node, session_id, "ANA", "technician")
    offer = await technician.offer()
    path = f"/v1/sessions/{session_id}"
    made = await http.post(f"{path}/whip", headers={**auth, **SDP}, content=offer)
    assert made.status_code == 201, made.text
    assert made.headers["content-type"] == "application/sdp"
    location, etag = made.headers["location"], made.headers["etag"]
    assert location.startswith(f"{path}/whip/")
    assert '<turn:turn.example:3478?transport=udp>; rel="ice-server"; username="' in made.headers["link"]
    assert 'credential-type="password"' in made.headers["link"]
    exposed = made.headers["access-control-expose-headers"].lower()
    assert all(name in exposed for name in ("location", "link", "etag"))
    await technician.accept(made.text)
    seen = await http.post(
        f"{path}/whep",
        headers={**watching_auth, **SDP},
        content=wish,
    )
    assert seen.status_code == 201, seen.text
    await viewer.accept(seen.text)
    for number in range(200):
        technician.send(
            "video",
            vp8_payload(300, start=True, key=number % 5 == 0, picture=number),
            3000 * number,
            marker=1,
        )
        await asyncio.sleep(0.01)
        if len(viewer.packets) > 5:
            break
    assert len(viewer.packets) > 5
    room = node.media[session_id].room
    (watching,) = [peer_id for peer_id in room.peers if peer_id.startswith("EVA~")]
    shown = {room.source_time(watching, int.from_bytes(packet[4:8])) for packet in viewer.packets[-2:]}
    assert all(time is not None and time % 3000 == 0 for time in shown)
    newest = room.newest_video_time()
    assert newest is not None
    assert max(time or 0 for time in shown) <= newest
    trickled = FRAGMENT.format(ufrag=ufrag_of(offer), more=CANDIDATE)
    patch = {**auth, "Content-Type": "application/trickle-ice-sdpfrag"}
    assert (await http.patch(location, headers=patch, content=trickled)).status_code == 428
    stale = await http.patch(location, headers={**patch, "If-Match": '"x"'}, content=trickled)
    assert stale.status_code == 412
    right = await http.patch(location, headers={**patch, "If-Match": etag}, content=trickled)
    assert right.status_code == 204
    theirs = FRAGMENT.format(ufrag=ufrag_of(wish), more=CANDIDATE)
    unmatched = {**watching_auth, "Content-Type": patch["Content-Type"]}
    tagless = await http.patch(seen.headers["location"], headers=unmatched, content=theirs)
    assert tagless.status_code == 204, "a WHEP client may leave If-Match out"
    restart = FRAGMENT.format(ufrag="another", more=CANDIDATE)
    refused = await http.patch(location, headers={**patch, "If-Match": "*"}, content=restart)
    assert refused.status_code == 422
    before = len(viewer.packets)
    technician.send("video", vp8_payload(300, start=True, key=True, picture=500), 3000 * 500, marker=1)
    await asyncio.sleep(0.1)
    assert len(viewer.packets) > before, "the session was not kept"
    assert set(node.live[session_id].session.parties) == {"ANA", "EVA"}
    assert (await http.delete(location, headers=auth)).status_code == 200
    assert (await http.delete(location, headers=auth)).status_code == 404
    assert (await http.delete(seen.headers["location"], headers=auth)).status_code == 403
    await technician.close()
    await viewer.close()


async def test_bad_offers_and_bad_tokens_are_refused(
    node: Node, http: httpx.AsyncClient, session_id: str
) -> None:
    """4xx with a problem: no token, used, of another session, an observer's; no SDP, too much, wrong type."""
    path = f"/v1/sessions/{session_id}/whip"
    auth = await bearer(node, session_id, "ANA", "technician")
    assert (await http.post(path, headers=SDP, content="v=0")).status_code == 401
    wrong: list[tuple[int, dict[str, str], bytes]] = [
        (415, {**auth, "Content-Type": "application/json"}, b"{}"),
        (413, {**auth, **SDP}, b"v=0" + b"x" * 70_000),
        (400, {**auth, **SDP}, b"\xff\xfe"),
    ]
    for status, headers, body in wrong:
        answer = await http.post(path, headers=headers, content=body)
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert (await http.post(path, headers={**auth, **SDP}, content="v=0\r\nnothing")).status_code == 400
    assert (await http.post(path, headers={**auth, **SDP}, content="v=0")).status_code == 401  # it was used
    watching = await bearer(node, session_id, "DORA", "observer")
    assert (await http.post(path, headers={**watching, **SDP}, content="v=0")).status_code == 403
    other = {"Authorization": f"Bearer {node.tokens.token('ses-2', 'ANA', 'technician')[0]}"}
    assert (await http.post(path, headers={**other, **SDP}, content="v=0")).status_code == 401
    assert node.endpoint.peers == 0


async def test_pages_of_other_origins_may_use_it(node: Node, http: httpx.AsyncClient) -> None:
    """A preflight is answered without a token, and OPTIONS says what may be posted."""
    preflight = await http.options(
        "/v1/sessions/s/whip/r",
        headers={"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"},
    )
    assert preflight.status_code == 200
    assert "PATCH" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["access-control-allow-origin"] == "*"
    said = await http.options("/v1/sessions/s/whip")
    assert (said.status_code, said.headers["accept-post"]) == (204, "application/sdp")


class Browser:
    """A client with data channels, as a browser has them (stock aiortc)."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self.ops = self.pc.createDataChannel("ops")
        self.pointer = self.pc.createDataChannel("pointer", ordered=False, maxRetransmits=0)
        self.heard: list[dict[str, Any]] = []
        self._opened = [asyncio.Event(), asyncio.Event()]
        for channel, opened in zip((self.ops, self.pointer), self._opened, strict=True):
            channel.on("open", opened.set)
            channel.on("message", lambda text: self.heard.append(json.loads(text)))

    async def offer(self) -> str:
        """The offer with all candidates."""
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def accept(self, answer: str) -> None:
        """Take the answer and wait for both channels."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        async with asyncio.timeout(10):
            await asyncio.gather(*(opened.wait() for opened in self._opened))

    async def until(self, kind: str) -> dict[str, Any]:
        """The first message of a type."""
        async with asyncio.timeout(8):
            while True:
                found = next((one for one in self.heard if one["type"] == kind), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.005)


async def test_operations_and_pointers_go_over_the_data_channels(node: Node, session_id: str) -> None:
    """After `resume` on `ops` the log comes there; a flood of it closes its own client; marks go to all."""
    async with (
        connected(node, session_id, "ANA", "technician") as ana,
        connected(node, session_id, "EVA", "expert") as eva,
    ):
        await welcomed(ana)
        await welcomed(eva)
        browser = Browser()
        await eva.say(type="offer", sdp=await browser.offer())
        await browser.accept((await eva.until(lambda one: one["type"] == "answer"))["sdp"])
        browser.ops.send(json.dumps({"type": "resume", "after": 2}))
        await browser.until("caught_up")
        said = await ana.op("say", text="can you see me?")
        assert (await browser.until("log"))["entry"]["seq"] in range(3, said["seq"] + 1)
        browser.ops.send(json.dumps({"type": "say", "op_id": "a", "text": "yes"}))
        done = await browser.until("done")
        await ana.log_until(done["seq"])
        browser.pointer.send(json.dumps({"type": "point", "x": 1, "y": 2}))
        pointed = await ana.until(lambda one: one["type"] == "pointed")
        assert pointed["party"] == "EVA"
        browser.pointer.send(json.dumps({"type": "say", "op_id": "b", "text": "not here"}))
        browser.ops.send(json.dumps({"type": "hello"}))
        assert (await browser.until("refused"))["reason"] == "malformed"
        for number in range(1000):
            browser.ops.send(json.dumps({"type": "say", "op_id": f"f{number}", "text": "x"}))
        assert await eva.closed() == 4429
        assert (await ana.op("say", text="I am not hurt"))["type"] == "done"
        await browser.pc.close()
