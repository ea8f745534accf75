"""Making a file whole, after its last cluster or after a crash: what is cut off goes, the rest can be sought.

`closing` reads a file that `ebml` wrote and says how much of it holds, and what to write where. Pure.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from services.relay.recording import ebml

LAST_FRAME_MS = 20
BLOCK = struct.Struct("!BhB")


class NotOurs(ValueError):
    """Bytes that are no file of the recorder's, or one without a single whole cluster."""


@dataclass(frozen=True, slots=True)
class Closing:
    """How a file is made whole: keep `octets` of it, append `tail`, overwrite `patches` (place, bytes)."""

    octets: int
    tail: bytes
    patches: tuple[tuple[int, bytes], ...]
    duration_ms: int
    tag: bytes
    """What the file says of itself, as JSON."""


@dataclass(frozen=True, slots=True)
class _Element:
    identifier: int
    at: int
    begin: int
    end: int


@dataclass(slots=True)
class _Cluster:
    at: int
    time_ms: int = 0
    last_ms: int = 0
    pictures: bool = False
    key_ms: int | None = None
    """When its first picture comes, where that is a key frame."""


def closing(content: bytes) -> Closing:
    """What makes this file whole; of a whole one the same. Raises NotOurs."""
    segment = _segment_of(content)
    parts: dict[int, _Element] = {}
    clusters: list[_Cluster] = []
    end = segment.begin
    for part in _elements(content, segment.begin, len(content)):
        if part.identifier == ebml.CLUSTER:
            clusters.append(_cluster(content, part))
            end = part.end
        elif part.identifier not in parts:
            parts[part.identifier] = part
    if not clusters or ebml.INFO not in parts or ebml.TRACKS not in parts:
        raise NotOurs("there is no whole cluster in it")
    duration_ms = max(one.last_ms for one in clusters) + LAST_FRAME_MS
    found = {ebml.INFO: parts[ebml.INFO].at, ebml.TRACKS: parts[ebml.TRACKS].at, ebml.CUES: end}
    cues = _cues(clusters, segment.begin)
    seek = _seek_head({name: at - segment.begin for name, at in found.items()})
    told = ebml.element(ebml.DURATION, struct.pack("!d", float(duration_ms)))
    size = (end + len(cues) - segment.begin) | 1 << 56
    patches = (
        (segment.begin - 8, size.to_bytes(8)),
        (segment.begin, seek),
        (parts[ebml.INFO].begin, told),
    )
    return Closing(end, cues, patches, duration_ms, _tag(content, parts))


def _tag(content: bytes, parts: dict[int, _Element]) -> bytes:
    """The string of the recorder's tag, the last element of all that it stands in."""
    part = parts.get(ebml.TAGS)
    while part is not None and part.identifier != ebml.TAG_STRING:
        inner = list(_elements(content, part.begin, part.end))
        part = inner[-1] if inner else None
    return b"{}" if part is None else content[part.begin : part.end]


def _segment_of(content: bytes) -> _Element:
    at = 0
    for part in _elements(content, 0, min(len(content), 4096), open_end=True):
        if at == 0 and part.identifier != ebml.EBML:
            break
        if part.identifier == ebml.SEGMENT:
            return part
        at = part.end
    raise NotOurs("this is no Matroska")


def _elements(content: bytes, begin: int, end: int, *, open_end: bool = False) -> Iterator[_Element]:
    """The whole elements of a stretch, in order; one that is cut off ends it."""
    at = begin
    while at + 2 <= end:
        id_bytes = 9 - content[at].bit_length() if content[at] else 9
        if id_bytes > 4 or at + id_bytes >= end:
            return
        identifier = int.from_bytes(content[at : at + id_bytes])
        place = at + id_bytes
        size_bytes = 9 - content[place].bit_length() if content[place] else 9
        if size_bytes > 8 or place + size_bytes > end:
            return
        size = int.from_bytes(content[place : place + size_bytes]) & (1 << 7 * size_bytes) - 1
        inside = place + size_bytes
        if size == (1 << 7 * size_bytes) - 1 or (open_end and inside + size > end):
            yield _Element(identifier, at, inside, end)
            return
        if inside + size > end:
            return
        yield _Element(identifier, at, inside, inside + size)
        at = inside + size


def _cluster(content: bytes, part: _Element) -> _Cluster:
    found = _Cluster(part.at)
    for inner in _elements(content, part.begin, part.end):
        if inner.identifier == ebml.CLUSTER_TIME:
            found.time_ms = found.last_ms = int.from_bytes(content[inner.begin : inner.end])
        elif inner.identifier == ebml.SIMPLE_BLOCK and inner.end - inner.begin >= BLOCK.size:
            track, later, flags = BLOCK.unpack_from(content, inner.begin)
            time_ms = found.time_ms + later
            found.last_ms = max(found.last_ms, time_ms)
            if track & 0x7F == ebml.VIDEO_TRACK and not found.pictures:
                found.pictures, found.key_ms = True, time_ms if flags & 0x80 else None
    return found


def _cues(clusters: list[_Cluster], begin: int) -> bytes:
    """Where one can begin to play: clusters whose first picture is a key frame; all where there is none."""
    pictures = any(one.pictures for one in clusters)
    track = ebml.VIDEO_TRACK if pictures else ebml.AUDIO_TRACK
    points = []
    for one in clusters:
        time_ms = one.key_ms if pictures else one.time_ms
        if time_ms is not None:
            place = ebml.number(ebml.CUE_TRACK, track) + ebml.number(ebml.CUE_AT, one.at - begin)
            told = ebml.number(ebml.CUE_TIME, time_ms) + ebml.element(ebml.CUE_POSITIONS, place)
            points.append(ebml.element(ebml.CUE_POINT, told))
    return ebml.element(ebml.CUES, b"".join(points))


def _seek_head(places: dict[int, int]) -> bytes:
    entries = b"".join(
        ebml.element(
            ebml.SEEK,
            ebml.element(ebml.SEEK_ID, identifier.to_bytes(4)) + ebml.number(ebml.SEEK_POSITION, place),
        )
        for identifier, place in places.items()
    )
    told = ebml.element(ebml.SEEK_HEAD, entries)
    return told + ebml.void(ebml.SEEK_ROOM_BYTES - len(told))
