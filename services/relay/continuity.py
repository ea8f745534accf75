"""How one viewer's stream runs on while its source changes: timestamps, picture ids, header extensions."""

from __future__ import annotations

from services.relay.payloads import rewritten_vp8
from services.relay.rtp import (
    EXTENDED,
    EXTENSION_OF_ONE_WORD,
    HEADER,
    PLAIN,
    WITH_EXTENSION,
    MediaPacket,
    abs_send_time,
)
from services.relay.source import Extensions


class Continuity:
    """What is added to a source's numbers so that the viewer sees one stream. Times in seconds."""

    __slots__ = (
        "_extensions", "_last", "_picture", "_picture_shift", "_source", "_tl0", "_tl0_shift",
        "timestamp_shift",
    )  # fmt: skip

    def __init__(self, extensions: Extensions) -> None:
        self._extensions = extensions
        self.timestamp_shift = 0
        self._source = 0
        self._last: tuple[float, int] | None = None
        self._picture = self._tl0 = -1
        self._picture_shift = self._tl0_shift = 0

    @property
    def begun(self) -> bool:
        """Whether anything was sent."""
        return self._last is not None

    def align(self, packet: MediaPacket, source_ssrc: int, clock_rate: int, now: float) -> None:
        """Go on with this packet; of a new source, its timestamp is the time passed since the last."""
        changed, self._source = self._source != source_ssrc, source_ssrc
        if self._last is not None and changed:
            then, timestamp = self._last
            expected = timestamp + max(1, int((now - then) * clock_rate))
            self.timestamp_shift = expected - packet.timestamp
        if self._picture >= 0 and packet.picture_id >= 0:
            self._picture_shift = self._picture + 1 - packet.picture_id
        if self._tl0 >= 0 and packet.tl0 >= 0:
            self._tl0_shift = self._tl0 + 1 - packet.tl0

    def newest(self, packet: MediaPacket, now: float) -> None:
        """Remember the packet that is furthest on."""
        self._last = (now, packet.timestamp + self.timestamp_shift & 0xFFFFFFFF)
        if packet.picture_id >= 0:
            self._picture = packet.picture_id + self._picture_shift & 0x7FFF
        if packet.tl0 >= 0:
            self._tl0 = packet.tl0 + self._tl0_shift & 0xFF

    def payload(self, packet: MediaPacket) -> bytes:
        """The payload as this viewer gets it."""
        if packet.picture_id_at >= 0 and (self._picture_shift or self._tl0_shift):
            return rewritten_vp8(packet, self._picture_shift, self._tl0_shift)
        return packet.payload

    def header(self, packet: MediaPacket, payload_type: int, sequence: int, ssrc: int, now: float) -> bytes:
        """The RTP header as this viewer gets it, with the one extension that its m-line agreed to."""
        second = packet.marker << 7 | payload_type
        timestamp = packet.timestamp + self.timestamp_shift & 0xFFFFFFFF
        extensions = self._extensions
        if extensions.abs_send_time:
            word = extensions.abs_send_time << 28 | 0x02000000 | abs_send_time(now)
        elif extensions.audio_level and packet.level >= 0:
            word = extensions.audio_level << 28 | packet.level << 16
        else:
            return HEADER.pack(PLAIN, second, sequence & 0xFFFF, timestamp, ssrc)
        return EXTENDED.pack(
            WITH_EXTENSION, second, sequence & 0xFFFF, timestamp, ssrc, EXTENSION_OF_ONE_WORD, word
        )
