"""Files of a recording: what was sent comes out of them, whatever was lost, and wherever they were cut."""

from __future__ import annotations

import io
import json
import random
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.relay.payloads import INSPECT
from services.relay.recording import ebml
from services.relay.recording.frames import FRAMES, Frame, InOrder
from services.relay.recording.matroska_file import NotOurs, closing
from services.relay.recording.segments import Segments
from services.relay.rtp import MediaPacket
from tests.media.film import FPS, SOUND_S, Film

BEGIN_S = 1_900_000_000.0
SECONDS = 7


class Shelf:
    """Keeps files in memory, made whole where they were ended."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.whole: list[str] = []

    def begin_file(self, publisher: str, suffix: str) -> str:
        """Name it."""
        name = f"{len(self.files) + 1}-{publisher}{suffix}"
        self.files[name] = b""
        return name

    def write(self, name: str, octets: bytes) -> None:
        """Add to it."""
        self.files[name] += octets

    def end_file(self, name: str) -> None:
        """Make it whole."""
        self.files[name] = made_whole(self.files[name])
        self.whole.append(name)


def made_whole(content: bytes) -> bytes:
    """A file as the disk makes it whole."""
    how = closing(content)
    made = bytearray(content[: how.octets] + how.tail)
    for place, octets in how.patches:
        made[place : place + len(octets)] = octets
    return bytes(made)


@cache
def filmed(codec: str) -> tuple[list[list[bytes]], list[bytes]]:
    """Payloads of each picture and each stretch of sound; a key frame each two seconds."""
    film = Film(codec, 160, 120)
    pictures = [film.video(number, key=number % (2 * FPS) == 0) for number in range(SECONDS * FPS)]
    return pictures, [film.sound(number) for number in range(int(SECONDS / SOUND_S))]


def packets(codec: str) -> Iterator[MediaPacket]:
    """All packets of the picture."""
    sequence, before = 70_000, -1
    for number, payloads in enumerate(filmed(codec)[0]):
        for place, payload in enumerate(payloads):
            made = MediaPacket(sequence, number * 90_000 // FPS, int(place == len(payloads) - 1), payload)
            INSPECT[codec](made, before)
            sequence, before = sequence + 1, made.timestamp
            yield made


def recorded(
    codec: str, arrive: Callable[[list[MediaPacket]], list[MediaPacket]] = lambda sent: sent, **more: float
) -> Shelf:
    """What is on the shelf after the film, with packets arriving as `arrive` makes them."""
    shelf, order, frames = Shelf(), InOrder(), FRAMES[codec]()
    cut = Segments("ANA", shelf, lambda s: datetime.fromtimestamp(s, UTC), more.get("length_s", 3.0))
    sounds = deque(enumerate(filmed(codec)[1]))
    for packet in arrive(list(packets(codec))):
        now = packet.timestamp / 90_000
        while sounds and sounds[0][0] * SOUND_S <= now:
            number, payload = sounds.popleft()
            cut.sound(Frame(number * 960, payload), BEGIN_S + number * SOUND_S, (1, 1), alone=False)
        for found, broken in order.take(packet, now):
            for frame in frames.take(found, broken):
                cut.picture(frame, BEGIN_S + frame.timestamp / 90_000, (1, 1), sound=True)
    cut.end()
    return shelf


def shown(content: bytes) -> list[float]:
    """The times of the pictures that a decoder gets out of a file; it must not complain."""
    with av.open(io.BytesIO(content), "r") as file:
        return [float(frame.time or 0) for frame in file.decode(video=0)]


def times_of(files: list[bytes], kind: str, stands_out: Callable[[Any], bool]) -> list[float]:
    """When what stands out begins, over all files, in seconds of the film."""
    found: list[float] = []
    for content in files:
        with av.open(io.BytesIO(content), "r") as file:
            frames: Iterator[Any] = file.decode(**{kind: 0})
            found.extend(begin_of(content) + float(frame.time) for frame in frames if stands_out(frame))
    found.sort()
    return [at for number, at in enumerate(found) if number == 0 or at - found[number - 1] > 0.2]


def begin_of(content: bytes) -> float:
    """When a file began, in seconds of the film."""
    told = json.loads(closing(content).tag)["began_at"]
    return datetime.fromisoformat(told).timestamp() - BEGIN_S


def beeps(files: list[bytes]) -> list[float]:
    """When each beep begins."""
    return times_of(files, "audio", lambda frame: np.abs(frame.to_ndarray()).max() > 0.1)


def flashes(files: list[bytes]) -> list[float]:
    """When each flash begins."""
    return times_of(files, "video", lambda frame: frame.to_ndarray(format="gray").mean() > 200)


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_every_picture_and_its_sound_are_in_the_files(codec: str) -> None:
    """Cut at key frames, each file plays for itself, and sound and picture are together in each."""
    shelf = recorded(codec)
    assert [name.partition(".")[2] for name in shelf.whole] == [{"vp8": "webm", "h264": "mkv"}[codec]] * 2
    files = [shelf.files[name] for name in shelf.whole]
    assert sum(len(shown(file)) for file in files) == SECONDS * FPS
    assert flashes(files) == pytest.approx(range(SECONDS), abs=0.01)
    assert beeps(files) == pytest.approx(range(SECONDS), abs=0.03)
    for file in files:
        with av.open(io.BytesIO(file), "r") as told:
            assert told.duration == pytest.approx(len(shown(file)) / FPS * 1e6, abs=100_000)
            assert [stream.metadata["title"] for stream in told.streams] == ["ANA", "ANA"]


@pytest.mark.parametrize("codec", ["vp8", "h264"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_is_lost_for_good_costs_the_picture_up_to_the_next_key_frame(codec: str, seed: int) -> None:
    """With packets gone and others late, a decoder is never given what it can not decode."""

    def arrive(sent: list[MediaPacket]) -> list[MediaPacket]:
        chance = random.Random(seed)
        gone = set(chance.sample(range(len(sent)), 3))
        kept = [packet for at, packet in enumerate(sent) if at not in gone]
        late = [
            (at + (chance.randrange(4) if chance.random() < 0.05 else 0), packet)
            for at, packet in enumerate(kept)
        ]
        return [packet for _, packet in sorted(late, key=lambda one: one[0])]

    shelf = recorded(codec, arrive)
    times = [len(shown(shelf.files[name])) for name in shelf.whole]
    assert 0.3 * SECONDS * FPS < sum(times) < SECONDS * FPS


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_packets_out_of_order_and_twice_make_the_same_file(codec: str) -> None:
    """What comes late, within the second that a repair may take, stands where it belongs."""

    def arrive(sent: list[MediaPacket]) -> list[MediaPacket]:
        chance = random.Random(5)
        late = [(at + chance.randrange(8), packet) for at, packet in enumerate(sent)]
        return [packet for _, packet in sorted(late + late[::7], key=lambda one: one[0])]

    tidy, untidy = recorded(codec), recorded(codec, arrive)
    assert sum(len(shown(untidy.files[name])) for name in untidy.whole) == SECONDS * FPS
    assert len(tidy.whole) == len(untidy.whole)


CUT = {codec: recorded(codec, length_s=60) for codec in ("vp8", "h264")}


@settings(max_examples=40, deadline=None)
@given(codec=st.sampled_from(["vp8", "h264"]), share=st.floats(0.0, 1.0))
def test_a_file_cut_off_anywhere_plays_up_to_its_last_cluster(codec: str, share: float) -> None:
    """Whatever a kill leaves, what is whole of it is found, and nothing else is kept."""
    (whole,) = (CUT[codec].files[name] for name in CUT[codec].whole)
    left = whole[: int(len(whole) * share)]
    try:
        again = made_whole(left)
    except NotOurs:
        assert share < 0.2  # not even the first second
        return
    assert len(again) <= len(left) + 200
    assert len(shown(again)) >= (share * 0.9 * SECONDS - 2) * FPS
    assert made_whole(again) == again


@given(content=st.binary(max_size=300), prefix=st.sampled_from([0, 40, 200, 400]))
def test_what_is_no_file_of_ours_is_refused(content: bytes, prefix: int) -> None:
    """Any bytes at all are either a file with a whole cluster or NotOurs."""
    (whole,) = (CUT["vp8"].files[name] for name in CUT["vp8"].whole)
    with pytest.raises(NotOurs):
        closing(whole[:prefix] + content)


@given(payloads=st.lists(st.binary(max_size=40), max_size=30), codec=st.sampled_from(["vp8", "h264"]))
def test_no_payload_stalls_the_recorder(payloads: list[bytes], codec: str) -> None:
    """Malformed payloads give frames or none, and never an error."""
    order, frames = InOrder(), FRAMES[codec]()
    for number, payload in enumerate(payloads):
        packet = MediaPacket(number + 1, number // 3 * 3000, number % 3 // 2, payload)
        INSPECT[codec](packet, 0)
        for found, broken in order.take(packet, number / 30):
            assert all(isinstance(frame, Frame) for frame in frames.take(found, broken))


def test_a_picture_of_another_size_begins_another_file() -> None:
    """Each file has one resolution, which its head tells."""
    shelf = Shelf()
    cut = Segments("ANA", shelf, lambda s: datetime.fromtimestamp(s, UTC), 10.0)
    for at, width in enumerate([640, 640, 320, 320]):
        track = ebml.VideoTrack("vp8", width, 240)
        cut.picture(Frame(at * 180_000, b"key frame", track), BEGIN_S + at * 2, (1, 1), sound=False)
    cut.end()
    assert len(shelf.whole) == 2


def test_sound_without_a_picture_is_kept_too() -> None:
    """An expert has no camera: the file has one track, and ends after some time."""
    shelf = Shelf()
    cut = Segments("BEA", shelf, lambda s: datetime.fromtimestamp(s, UTC), 1.0)
    for number, payload in enumerate(filmed("vp8")[1]):
        cut.sound(Frame(number * 960, payload), BEGIN_S + number * SOUND_S, (1, 1), alone=True)
    cut.end()
    assert len(shelf.whole) == 3
    assert beeps([shelf.files[name] for name in shelf.whole]) == pytest.approx(range(SECONDS), abs=0.03)
