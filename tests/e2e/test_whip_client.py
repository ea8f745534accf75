"""A WHIP and WHEP client that is not Muster's (the npm package whip-whep) in Chromium, and a relay node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis.asyncio as redis
from playwright.async_api import Browser, Page
from pydantic import SecretStr

from deploy.local import EmbeddedRedis
from schemas.assist_log import PartyRole
from services.assist import lifecycle
from services.assist.chain import Signer
from services.assist.drafts import Actor
from services.assist.session import Session
from services.relay.node.node import Node
from services.sessions.desk import SessionDesk
from services.sessions.store import SessionStore
from tests.conftest import missing
from tests.integration.assist.conftest import SECRET
from tests.integration.assist.stage import placed_token, running_node

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
PACKAGE = Path(__file__).resolve().parents[2] / "services" / "console" / "node_modules" / "whip-whep"
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
PUBLISH = """
async ([url, token]) => {
  const pc = window.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  const media = await navigator.mediaDevices.getUserMedia({video: {width: 320, height: 240}, audio: true});
  for (const track of media.getTracks()) pc.addTransceiver(track, {direction: 'sendonly', streams: [media]});
  window.client = new WHIPClient();
  await client.publish(pc, url, token);
}
"""
VIEW = """
async ([url, token]) => {
  const pc = window.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
  for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  pc.ontrack = ({track}) => {
    const shown = document.createElement(track.kind);
    Object.assign(shown, {autoplay: true, muted: true, srcObject: new MediaStream([track])});
    document.body.append(shown);
  };
  window.client = new WHEPClient();
  await client.view(pc, url, token);
}
"""
DECODED = """
async frames => {
  const all = [...(await pc.getStats()).values()];
  const picture = all.find(one => one.type === 'inbound-rtp' && one.kind === 'video');
  const sound = all.find(one => one.type === 'inbound-rtp' && one.kind === 'audio');
  return (picture?.framesDecoded ?? 0) >= frames && (sound?.totalSamplesReceived ?? 0) > 0;
}
"""


@pytest.fixture
async def node(redis_url: str, topic_prefix: str) -> AsyncIterator[Node]:
    """A node that tells of a TURN server, with one open session."""
    async with (
        redis.Redis.from_url(redis_url) as client,
        running_node(
            redis_url,
            topic_prefix,
            turn_urls="turn:127.0.0.1:9?transport=udp",
            turn_secret=SecretStr("north"),
        ) as running,
    ):
        desk = SessionDesk(SessionStore(client.execute_command, topic_prefix), Signer(SECRET))
        opened = Session("ses-1", "INC-1", "R1")
        await desk.open(
            opened, lambda _: lifecycle.open_session(Actor("DESK", "dispatcher"), "ANA"), TEN, TEN
        )
        yield running


class Visitor:
    """A page of another origin than the node's, with the package's clients; `errors` are the page's."""

    def __init__(self, page: Page, node: Node) -> None:
        self.page, self._node = page, node
        self.errors: list[str] = []
        self.answers: list[tuple[str, int]] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda answer: self.answers.append((answer.request.method, answer.status)))

    async def enter(self, module: str, name: str) -> None:
        """Load one of the package's modules as it is."""
        await self.page.goto(f"http://localhost:{self._node.settings.relay_port}/healthz")
        source = (PACKAGE / module).read_text(encoding="utf-8")
        await self.page.add_script_tag(content=f"{source}\nwindow.{name} = {name};", type="module")
        await self.page.wait_for_function(f"window.{name} !== undefined")

    async def call(self, script: str, kind: str, subject: str, role: PartyRole) -> None:
        """Publish or view with a token of one's own."""
        token = await placed_token(self._node, "ses-1", subject, role)
        await self.page.evaluate(script, [f"{self._node.settings.own_url}/v1/sessions/ses-1/{kind}", token])

    async def leave(self) -> None:
        """The client's own way to end."""
        await self.page.evaluate("client.stop()")


@pytest.mark.parametrize(
    "redis_url", [pytest.param(EmbeddedRedis, marks=pytest.mark.embedded, id="valkey")], indirect=True
)
async def test_it_publishes_and_views(camera_browser: Browser, node: Node) -> None:
    """Offer before candidates, trickle by PATCH, ICE servers from Link, DELETE: frames are decoded."""
    if not PACKAGE.is_dir():
        missing("the console's packages are not installed; `make setup` does it.")
    technician = Visitor(await camera_browser.new_page(), node)
    expert = Visitor(await camera_browser.new_page(), node)
    await technician.enter("whip.js", "WHIPClient")
    await technician.call(PUBLISH, "whip", "ANA", "technician")
    await expert.enter("whep.js", "WHEPClient")
    await expert.call(VIEW, "whep", "EVA", "expert")
    await expert.page.wait_for_function(DECODED, arg=60)
    servers = await expert.page.evaluate("pc.getConfiguration().iceServers.map(one => one.urls).flat()")
    assert servers == ["turn:127.0.0.1:9?transport=udp"]
    for visitor in (expert, technician):
        await visitor.leave()
        assert visitor.errors == []
        assert ("POST", 201) in visitor.answers
        assert ("PATCH", 204) in visitor.answers
        assert ("DELETE", 200) in visitor.answers
    assert node.endpoint.peers == 0
