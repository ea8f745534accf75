"""Matroska as it is written here: a head, clusters of simple blocks, and what is added when a file is whole.

The segment's size stays unknown and room stays free (Void) until `closing` says what to write there: a file
that was cut off anywhere plays up to its last cluster. Source: EBML RFC 8794, Matroska RFC 9559, Opus in
Matroska (its codec mappings), WebM guidelines. Pure.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.base import rfc3339

VIDEO_TRACK, AUDIO_TRACK = 1, 2
EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
SEEK_ROOM_BYTES = 96
DURATION_BYTES = 11
BLOCK_REACH_MS = 32_000
"""A block's time counts from its cluster's in 16 bits."""

EBML, SEGMENT, VOID = 0x1A45DFA3, 0x18538067, 0xEC
SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
INFO, DURATION = 0x1549A966, 0x4489
TRACKS, TRACK_ENTRY = 0x1654AE6B, 0xAE
TAGS, TAG_STRING, TAG_NAME = 0x1254C367, 0x4487, b"MUSTER"
CLUSTER, CLUSTER_TIME, SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3
CUES, CUE_POINT, CUE_TIME, CUE_POSITIONS, CUE_TRACK, CUE_AT = 0x1C53BB6B, 0xBB, 0xB3, 0xB7, 0xF7, 0xF1
UNKNOWN_SIZE = b"\x01" + b"\xff" * 7


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The picture: `codec` is vp8 or h264, `private` the decoder configuration of H264 (avcC)."""

    codec: str
    width: int
    height: int
    private: bytes = b""


@dataclass(frozen=True, slots=True)
class Head:
    """What a file says of itself: whose tracks, since when, which there are.

    `rtp` is the RTP timestamp of the picture when the file begins; None where it has no picture.
    """

    publisher: str
    began_at: datetime
    video: VideoTrack | None
    audio: bool
    rtp: int | None = None

    @property
    def doc_type(self) -> str:
        """WebM where its rules allow the format."""
        return "matroska" if self.video is not None and self.video.codec == "h264" else "webm"


@dataclass(frozen=True, slots=True)
class Block:
    """One frame: its time in milliseconds from the file's begin, on a track."""

    time_ms: int
    track: int
    key: bool
    payload: bytes


def size_of(octets: int) -> bytes:
    """An element's size in as few bytes as it needs (RFC 8794 section 6)."""
    length = 1
    while octets >= (1 << 7 * length) - 1:
        length += 1
    return (octets | 1 << 7 * length).to_bytes(length)


def element(identifier: int, content: bytes) -> bytes:
    """One element with its size."""
    return identifier.to_bytes((identifier.bit_length() + 7) // 8) + size_of(len(content)) + content


def number(identifier: int, value: int) -> bytes:
    """An unsigned integer element."""
    return element(identifier, value.to_bytes(max(1, (value.bit_length() + 7) // 8)))


def void(octets: int) -> bytes:
    """Room of exactly so many bytes, 10 at least."""
    return b"\xec\x01" + (octets - 9).to_bytes(7) + bytes(octets - 9)


def head(told: Head) -> bytes:
    """The file up to its first cluster."""
    doc = b"".join(
        (
            number(0x4286, 1) + number(0x42F7, 1) + number(0x42F2, 4) + number(0x42F3, 8),
            element(0x4282, told.doc_type.encode()) + number(0x4287, 4) + number(0x4285, 2),
        )
    )
    tracks = [_video(told.video, told.publisher)] if told.video is not None else []
    tracks += [_audio(told.publisher)] if told.audio else []
    return b"".join(
        (
            element(EBML, doc),
            SEGMENT.to_bytes(4) + UNKNOWN_SIZE,
            void(SEEK_ROOM_BYTES),
            element(INFO, _info(told)),
            element(TRACKS, b"".join(tracks)),
            element(TAGS, element(0x7373, element(0x63C0, b"") + _tag(told))),
        )
    )


def _tag(told: Head) -> bytes:
    """What the chain will say of the file stands in the file: after a crash nobody else knows it."""
    known = {"began_at": rfc3339(told.began_at), "publisher": told.publisher, "rtp": told.rtp}
    value = json.dumps(known, sort_keys=True).encode()
    return element(0x67C8, element(0x45A3, TAG_NAME) + element(TAG_STRING, value))


def _info(told: Head) -> bytes:
    began_ns = int((told.began_at - EPOCH).total_seconds() * 1_000_000) * 1000
    return b"".join(
        (
            void(DURATION_BYTES),
            number(0x2AD7B1, 1_000_000),
            element(0x4461, struct.pack("!q", began_ns)),
            element(0x4D80, b"Muster") + element(0x5741, b"Muster relay"),
        )
    )


def _track(track: int, kind: int, codec: str, name: str, more: bytes) -> bytes:
    return element(
        TRACK_ENTRY,
        b"".join(
            (
                number(0xD7, track) + number(0x73C5, track) + number(0x83, kind) + number(0x9C, 0),
                element(0x86, codec.encode()) + element(0x536E, name.encode()),
                more,
            )
        ),
    )


def _video(video: VideoTrack, name: str) -> bytes:
    codec = {"vp8": "V_VP8", "h264": "V_MPEG4/ISO/AVC"}[video.codec]
    more = element(0xE0, number(0xB0, video.width) + number(0xBA, video.height))
    private = element(0x63A2, video.private) if video.private else b""
    return _track(VIDEO_TRACK, 1, codec, name, private + more)


def _audio(name: str) -> bytes:
    """Opus is always told as 48 kHz with two channels (RFC 7587): a decoder makes two of one."""
    private = struct.pack("<8sBBHIhB", b"OpusHead", 1, 2, 0, 48_000, 0, 0)
    sound = element(0xE1, element(0xB5, struct.pack("!d", 48_000.0)) + number(0x9F, 2))
    more = element(0x63A2, private) + number(0x56AA, 0) + number(0x56BB, 80_000_000) + sound
    return _track(AUDIO_TRACK, 2, "A_OPUS", name, more)


def cluster(blocks: Sequence[Block]) -> bytes:
    """Blocks as one cluster; their times must be within BLOCK_REACH_MS of the first in time."""
    time_ms = min(block.time_ms for block in blocks)
    parts = [number(CLUSTER_TIME, time_ms)]
    for block in blocks:
        told = struct.pack("!BhB", 0x80 | block.track, block.time_ms - time_ms, 0x80 if block.key else 0)
        parts.append(element(SIMPLE_BLOCK, told + block.payload))
    return element(CLUSTER, b"".join(parts))
