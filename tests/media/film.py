"""Real pictures and sound for tests: each second begins with a flash and a beep, which must stay together."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder

from services.relay import rtcp
from services.relay.rtp import HEADER
from tests.media.client import MediaClient

FPS = 30
SOUND_S = 0.02
SAMPLES = 960
RTP_BEGIN = 7_000_000
LIBRARY = {"vp8": "libvpx", "h264": "libx264"}
OPTIONS = {
    "vp8": {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"},
    "h264": {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "keyint=9999:scenecut=0"},
}


def encoder_of(codec: str, width: int, height: int) -> Any:
    """An encoder for live pictures."""
    contexts: Any = av.CodecContext
    made = contexts.create(LIBRARY[codec], "w")
    made.width, made.height, made.pix_fmt = width, height, "yuv420p"
    made.bit_rate, made.time_base = 300_000, Fraction(1, FPS)
    made.thread_count, made.options = 1, OPTIONS[codec]
    return made


class Film:
    """Encodes frame by frame; `video` and `sound` are RTP payloads of the frame and of 20 ms of Opus."""

    def __init__(self, codec: str, width: int = 160, height: int = 120) -> None:
        self.codec, self.width, self.height = codec, width, height
        self._encoder = encoder_of(codec, width, height)
        self._voice: Any = av.CodecContext.create("libopus", "w")
        self._voice.sample_rate, self._voice.layout, self._voice.format = 48_000, "stereo", "s16"
        self._voice.time_base = Fraction(1, 48_000)
        self._grain = np.random.default_rng(1).integers(30, 90, (height, width), np.uint8)

    def video(self, number: int, *, key: bool) -> list[bytes]:
        """Frame `number`: grain that moves, and white for a tenth of a second at each whole second."""
        flash = number % FPS < FPS // 10
        picture = np.full((self.height * 3 // 2, self.width), 128, np.uint8)
        picture[: self.height] = 250 if flash else np.roll(self._grain, number, axis=1)
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number, Fraction(1, FPS)
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        whole = b"".join(bytes(packet) for packet in self._encoder.encode(frame))
        if self.codec == "vp8":
            return Vp8Encoder._packetize(whole, number & 0x7FFF)
        return H264Encoder._packetize(H264Encoder._split_bitstream(whole))

    def sound(self, number: int) -> bytes:
        """The `number`th stretch: a beep for a tenth of a second at each whole second."""
        beep = number % 50 < 5
        tone = np.sin(np.arange(SAMPLES) / 48_000 * 880 * 2 * np.pi) * (12_000 if beep else 0)
        frame = av.AudioFrame.from_ndarray(
            np.repeat(tone, 2).astype(np.int16)[None], format="s16", layout="stereo"
        )
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * SAMPLES, Fraction(1, 48_000)
        return b"".join(bytes(packet) for packet in self._voice.encode(frame))


class FilmCamera:
    """Films into a client's connection: key frames where asked for, again what is missed, sender reports."""

    def __init__(self, client: MediaClient, film: Film) -> None:
        self.client, self.film = client, film
        self.pictures = self.sounds = self.sent = 0
        self.rtp = 0
        """Of the newest picture."""
        self._reported_s = 0.0
        self.key_frames: list[int] = []
        self._key_wanted = True
        self._kept: deque[tuple[int, bytes, bytes]] = deque(maxlen=2000)
        client.on_block = self._told

    def _told(self, block: rtcp.Block) -> None:
        if isinstance(block, rtcp.KeyFrameWanted):
            self._key_wanted = True
        elif isinstance(block, rtcp.PacketsMissing) and self.client.wire is not None:
            for number, header, payload in list(self._kept):
                if number in block.sequences:
                    self.client.wire.send_rtp(header, payload)

    async def run(self) -> None:
        """Film until cancelled."""
        loop = asyncio.get_running_loop()
        begin = loop.time()
        while True:
            passed = loop.time() - begin
            if self.pictures / FPS <= passed:
                self.pictures = max(self.pictures, int(passed * FPS))  # a busy machine films fewer pictures
                self._picture()
            while self.sounds * SOUND_S <= passed:
                self.client.send("audio", self.film.sound(self.sounds), self.sounds * SAMPLES)
                self.sounds += 1
            if passed >= self._reported_s + 1:
                self._report(passed)
            due = begin + min(self.pictures / FPS, self.sounds * SOUND_S)
            await asyncio.sleep(max(0.001, due - loop.time()))

    def _picture(self) -> None:
        key, self._key_wanted = self._key_wanted, False
        if key:
            self.key_frames.append(self.pictures)
        sending, wire = self.client.senders["video"][0], self.client.wire
        assert wire is not None
        payload_type = next(one.payload_type for one in sending.codecs if one.name == self.film.codec)
        payloads = self.film.video(self.pictures, key=key)
        self.rtp = RTP_BEGIN + self.pictures * 90_000 // FPS
        for place, payload in enumerate(payloads):
            second = (place == len(payloads) - 1) << 7 | payload_type
            header = HEADER.pack(0x80, second, sending.sequence, self.rtp, sending.ssrc)
            wire.send_rtp(header, payload)
            self._kept.append((sending.sequence, header, payload))
            sending.sequence = (sending.sequence + 1) & 0xFFFF
        self.pictures += 1
        self.sent += 1

    def _report(self, passed_s: float) -> None:
        self._reported_s, ntp = passed_s, rtcp.ntp_time(time.time())
        for kind, begin, rate in (("video", RTP_BEGIN, 90_000), ("audio", 0, 48_000)):
            ssrc = self.client.senders[kind][0].ssrc
            told = rtcp.SenderReport(ssrc, ntp, begin + int(passed_s * rate), 1, 1)
            self.client.send_rtcp(rtcp.sender_report(told, b"film"))
