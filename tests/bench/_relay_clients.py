"""The clients of the relay's bench, all in one process: publishers play the clip, viewers count or decrypt.

Arguments: kind of server, its socket, this side's address, publishers, viewers of each, the clip's folder. It
prints a JSON object a line: {"ready"} when media flows; asked by a line on stdin, what was seen since the
last time.
"""

from __future__ import annotations

import asyncio
import json
import struct
import sys
import time
from pathlib import Path

import uvloop

from services.relay import rtcp
from services.relay.rtp import EXTENDED, EXTENSION_OF_ONE_WORD, HEADER, WITH_EXTENSION, abs_send_time
from services.relay.udp_port import UdpPort
from tests.bench._relay_clip import FPS, SOUND_BYTES, STAMP_BYTES, Clip, clip
from tests.bench._relay_janus import JanusApi
from tests.media.client import MediaClient, Seen

TICK_S = 0.002
SOUND_EVERY_S = 0.02
DECRYPTS_ONE_IN = 10
STAMP = struct.Struct("!Q")


class Publisher:
    """Plays the clip over and over; a PLI begins it anew. Packets of a frame are spread over its time."""

    def __init__(self, client: MediaClient, content: Clip, *, stamps: bool) -> None:
        self.client, self.content, self.stamps = client, content, stamps
        self.frame = self.part = self.picture = self.sounds = self.sent = 0
        self.begin = self.video_at = self.sound_at = self.report_at = 0.0
        self.asked = 0.0
        client.on_block = self._told

    def start(self, begin: float) -> None:
        """Play from this moment on."""
        self.begin = self.video_at = self.sound_at = begin
        self.report_at = begin + 1

    def _told(self, block: rtcp.Block) -> None:
        now = time.monotonic()
        if isinstance(block, rtcp.KeyFrameWanted) and self.part == 0 and now - self.asked > 0.5:
            self.asked, self.frame = now, 0

    def play(self, now: float) -> None:
        """Send what is due."""
        while self.video_at <= now:
            frame = self.content.frames[self.frame]
            self._send(frame)
            self.part += 1
            self.video_at += 1 / FPS / len(frame)
            if self.part == len(frame):
                self.part, self.picture = 0, self.picture + 1
                self.frame = (self.frame + 1) % len(self.content.frames)
        while self.sound_at <= now:
            self.client.send("audio", bytes(SOUND_BYTES), 960 * self.sounds, 0)
            self.sounds, self.sent = self.sounds + 1, self.sent + 1
            self.sound_at += SOUND_EVERY_S
        if self.report_at <= now:
            self.report_at += 1
            self._report(now)

    def _send(self, frame: list[bytes]) -> None:
        sending, last = self.client.senders["video"][0], self.part == len(frame) - 1
        payload = struct.pack("!BBH", 0x90 if self.part == 0 else 0x80, 0x80, 0x8000 | self.picture & 0x7FFF)
        payload += frame[self.part]
        if self.stamps and len(payload) > 60:
            payload = payload[:-STAMP_BYTES] + STAMP.pack(time.monotonic_ns())
        second, timestamp = last << 7 | sending.codecs[0].payload_type, self.picture * 3000 & 0xFFFFFFFF
        word = sending.extensions.abs_send_time << 28 | 0x02000000 | abs_send_time(time.monotonic())
        fields = (second, sending.sequence, timestamp, sending.ssrc)
        header = (
            EXTENDED.pack(WITH_EXTENSION, *fields, EXTENSION_OF_ONE_WORD, word)
            if sending.extensions.abs_send_time
            else HEADER.pack(0x80, *fields)
        )
        assert self.client.wire is not None
        self.client.wire.send_rtp(header, payload)
        sending.sequence = (sending.sequence + 1) & 0xFFFF
        self.sent += 1

    def _report(self, now: float) -> None:
        ntp = rtcp.ntp_time(time.time())
        for kind, rate in (("video", 90000), ("audio", 48000)):
            rtp = int((now - self.begin) * rate) & 0xFFFFFFFF
            ssrc = self.client.senders[kind][0].ssrc
            self.client.send_rtcp(rtcp.sender_report(rtcp.SenderReport(ssrc, ntp, rtp, 1, 1), b"bench"))


class Fleet:
    """All clients; each has a socket of its own."""

    def __init__(self, kind: str, path: str, address: str, content: Clip) -> None:
        self.kind, self.path, self.address, self.content = kind, path, address, content
        self.publishers: list[Publisher] = []
        self.viewers: list[MediaClient] = []
        self.delays_ms: list[float] = []
        self.janus: JanusApi | None = None

    def client(self, direction: str) -> MediaClient:
        """One more client, with sound and picture."""
        port = UdpPort([self.address])
        port.start()
        made = MediaClient(port)
        if not (self.janus and direction == "recvonly"):
            made.add("audio", direction)
            made.add("video", direction)
        return made

    async def gather(self, publishers: int, viewers: int) -> None:
        """Connect everybody."""
        if self.kind == "janus":
            self.janus = JanusApi(self.path)
            await self.janus.open()
        for number in range(publishers):
            client = self.client("sendonly")
            feed = await self._publish(client, number)
            self.publishers.append(Publisher(client, self.content, stamps=self.kind != "stock"))
            for viewer in range(viewers):
                await self._view(number, viewer, feed)

    async def _publish(self, client: MediaClient, room: int) -> int:
        if self.janus is not None:
            answer, feed = await self.janus.publish(room + 1, await client.offer())
            await client.accept(answer)
            return feed
        await client.accept(await self._ask(f"r{room}", "publisher", await client.offer(), publish=True))
        return 0

    async def _view(self, room: int, number: int, feed: int) -> None:
        client = self.client("recvonly")
        if self.janus is not None:
            offer, handle = await self.janus.subscribe(room + 1, feed)
            await self.janus.start(handle, await client.answer(offer))
            await asyncio.wait_for(client.connected.wait(), 15)
        else:
            await client.accept(
                await self._ask(f"r{room}", f"v{number}", await client.offer(), publish=False)
            )
        client.on_packet = self._seen
        self.viewers.append(client)
        client.decrypts = (len(self.viewers) - 1) % DECRYPTS_ONE_IN == 0

    async def _ask(self, room: str, peer: str, offer: str, *, publish: bool) -> str:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=1 << 20)
        writer.write(
            json.dumps({"room": room, "peer": peer, "offer": offer, "publish": publish}).encode() + b"\n"
        )
        answer: str = json.loads(await reader.readline())["answer"]
        writer.close()
        return answer

    def _seen(self, packet: bytes) -> None:
        payload = Seen(packet).payload
        if len(payload) > SOUND_BYTES + STAMP_BYTES and self.kind != "stock":
            sent_ns = STAMP.unpack(payload[-STAMP_BYTES:])[0]
            self.delays_ms.append((time.monotonic_ns() - sent_ns) / 1e6)

    async def play(self) -> None:
        """Keep all publishers sending, each at its own moment within a frame's time."""
        for number, publisher in enumerate(self.publishers):
            publisher.start(time.monotonic() + number / len(self.publishers) / FPS)
        while True:
            now = time.monotonic()
            for publisher in self.publishers:
                publisher.play(now)
            await asyncio.sleep(TICK_S)

    def told(self) -> dict[str, object]:
        """What was seen since the last time."""
        delays, self.delays_ms = sorted(self.delays_ms), []
        counted = [viewer.counted for viewer in self.viewers]
        sent = sum(publisher.sent for publisher in self.publishers)
        for viewer in self.viewers:
            viewer.counted = 0
        for publisher in self.publishers:
            publisher.sent = 0
        return {"delays_ms": delays, "counted": counted, "sent": sent}


async def run(kind: str, path: str, address: str, publishers: str, viewers: str, folder: str) -> None:
    """Connect, say so, and answer until stdin ends."""
    fleet = Fleet(kind, path, address, clip(Path(folder)))
    await fleet.gather(int(publishers), int(viewers))
    playing = asyncio.create_task(fleet.play())
    print(json.dumps({"ready": True}), flush=True)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(fleet.told()), flush=True)
    playing.cancel()


if __name__ == "__main__":
    uvloop.run(run(*sys.argv[1:]))
