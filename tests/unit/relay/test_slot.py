"""What one viewer gets of a source: on packets alone, without a network."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.relay.rtcp import SenderReport, ntp_time
from services.relay.rtp import EXTENDED, HEADER, MediaPacket
from services.relay.slot import SLOW_FRAME_EVERY_S, Segment, Slot, SlotTerms
from services.relay.source import Codec, Extensions, Source
from services.relay.wire import ShortWire
from tests.media.client import Seen, vp8_payload

VP8 = Codec("vp8", 96, 90_000, rtx_payload_type=97)
H264 = Codec("h264", 102, 90_000, "42e0")
OPUS = Codec("opus", 111, 48_000)


@dataclass
class Publisher:
    """The way back to a publisher, noting what was asked."""

    again: list[list[int]] = field(default_factory=list)
    key_frames: int = 0
    frames: list[int] = field(default_factory=list)

    def ask_again(self, media_ssrc: int, sequences: list[int]) -> None:
        """Note it."""
        self.again.append(sequences)

    def ask_key_frame(self, media_ssrc: int) -> None:
        """Note it."""
        self.key_frames += 1

    def wake(self, source: Source) -> None:
        """The tests tick themselves."""

    def frame_arrived(self, source: Source, send_time: int, octets: int, now: float) -> None:
        """Note it."""
        self.frames.append(octets)


@dataclass
class Link:
    """A viewer's link, noting what is sent; `slow` makes it hold packets."""

    sent: list[Seen] = field(default_factory=list)
    held: list[tuple[Slot, Segment, MediaPacket]] = field(default_factory=list)
    slow: bool = False
    rtt_s: float = 0.1
    loss: float = 0.0

    def send_rtp(self, header: bytes, payload: bytes) -> None:
        """Note it."""
        self.sent.append(Seen(header + payload))

    def hold(self, slot: Slot, segment: Segment, packet: MediaPacket, now: float) -> bool:
        """Hold it where slow."""
        if self.slow:
            self.held.append((slot, segment, packet))
        return self.slow

    def wake(self, slot: Slot) -> None:
        """The tests tick themselves."""

    def quick_wire(self, kind: str) -> ShortWire | None:
        """Every packet takes the road that can be watched."""


class Stage:
    """A source, a viewer, and a clock."""

    def __init__(self, *codecs: Codec, kind: str = "video", extensions: Extensions | None = None) -> None:
        self.publisher, self.link, self.now = Publisher(), Link(), 100.0
        self.source = self.another(kind=kind)
        terms = SlotTerms(4242, 4343, list(codecs or (VP8,)), extensions or Extensions())
        self.slot = Slot(kind, terms, self.link, 1000)
        self.slot.watch(self.source, self.now)

    def another(self, ssrc: int = 77, kind: str = "video", publisher: str = "technician") -> Source:
        """One more source."""
        codec = VP8 if kind == "video" else OPUS
        source = Source(
            publisher, kind, {codec.payload_type: codec}, Extensions(abs_send_time=3), self.publisher
        )
        source.begin(ssrc)
        return source

    def arrive(
        self, sequence: int, payload: bytes, timestamp: int, marker: int = 0, source: Source | None = None
    ) -> None:
        """One packet reaches the relay."""
        source = source or self.source
        payload_type = next(iter(source.codecs))
        packet = (
            HEADER.pack(0x80, marker << 7 | payload_type, sequence & 0xFFFF, timestamp, source.ssrc) + payload
        )
        source.receive(packet, len(packet), HEADER.unpack_from(packet), self.now)

    def frame(self, first: int, number: int, *, key: bool = False, source: Source | None = None) -> None:
        """A frame of two packets; 33 ms pass."""
        for part in (0, 1):
            payload = vp8_payload(100, start=part == 0, key=key, picture=number, tl0=number)
            self.arrive(first + part, payload, 3000 * number, part, source)
        self.now += 0.033

    def out(self) -> list[int]:
        """The sequence numbers sent so far, counted from the first."""
        return [(one.sequence - self.link.sent[0].sequence) & 0xFFFF for one in self.link.sent]


def test_it_begins_on_a_key_frame_and_goes_on_without_a_gap() -> None:
    """What can not be decoded is not sent; sequence numbers begin where the slot chose."""
    stage = Stage()
    stage.frame(10, 1)
    assert stage.link.sent == []
    assert stage.publisher.key_frames == 1
    stage.frame(12, 2, key=True)
    stage.frame(14, 3)
    assert stage.out() == [0, 1, 2, 3]
    assert {(one.ssrc, one.payload_type) for one in stage.link.sent} == {(4242, 96)}


def test_sequence_numbers_of_the_source_may_wrap() -> None:
    """65535 is followed by 0 on both sides."""
    stage = Stage()
    for number in range(4):
        stage.frame(65533 + 2 * number, number + 1, key=number == 0)
    assert stage.out() == list(range(8))


def test_a_key_frame_whose_first_packet_came_late_is_sent_whole() -> None:
    """The rest of it had arrived before the gate opened: nothing of it is missing."""
    stage = Stage()
    stage.frame(10, 1)
    stage.arrive(13, vp8_payload(50, start=False, key=False, picture=2), 6000, 1)
    stage.arrive(12, vp8_payload(50, start=True, key=True, picture=2), 6000)
    assert [one.timestamp for one in stage.link.sent] == [6000, 6000]
    assert stage.out() == [0, 1]


def test_a_change_of_source_is_no_change_for_the_viewer() -> None:
    """One SSRC, one run of numbers, time that passes as the clock does, picture ids that run on."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    other = stage.another(ssrc=88, publisher="drone")
    stage.slot.watch(other, stage.now)
    stage.frame(500, 900, source=other)
    stage.frame(502, 901, key=True, source=other)
    stage.frame(504, 902, source=other)
    sent = stage.link.sent
    assert stage.out() == [0, 1, 2, 3, 4, 5]
    assert sent[2].timestamp - sent[1].timestamp == int(2 * 0.033 * 90_000)
    assert sent[4].timestamp - sent[2].timestamp == 3000
    assert [int.from_bytes(one.payload[2:4]) & 0x7FFF for one in sent] == [1, 1, 2, 2, 3, 3]
    assert [one.payload[4] for one in sent] == [1, 1, 2, 2, 3, 3]


def test_a_nack_is_answered_with_the_very_packet_once_a_round_trip() -> None:
    """On the retransmission stream, the original number before the payload (RFC 4588)."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    lost = stage.link.sent[1]
    stage.slot.resend((lost.sequence,), stage.now)
    stage.slot.resend((lost.sequence,), stage.now + 0.02)
    again = stage.link.sent[2:]
    assert [(one.ssrc, one.payload_type) for one in again] == [(4343, 97)]
    assert again[0].payload == lost.sequence.to_bytes(2) + lost.payload
    stage.slot.resend((lost.sequence,), stage.now + 0.2)
    assert len(stage.link.sent) == 4


def test_a_viewer_that_loses_much_is_answered_twice() -> None:
    """The second copy follows a little later, under a number of its own; it counts against the limit too."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    stage.link.loss = 0.1
    stage.slot.resend((stage.link.sent[1].sequence,), stage.now)
    assert stage.slot.tick(stage.now + 0.01)
    assert len(stage.link.sent) == 3
    assert not stage.slot.tick(stage.now + 0.03)
    first, second = stage.link.sent[2:]
    assert first.payload == second.payload
    assert second.sequence == first.sequence + 1
    assert stage.slot.resends.count == 2


def test_without_retransmission_streams_the_packet_is_sent_again_as_it_was() -> None:
    """Same SSRC, same number, so that SRTP must allow it."""
    stage = Stage(Codec("vp8", 100, 90_000))
    stage.frame(10, 1, key=True)
    first = stage.link.sent[0]
    stage.slot.resend((first.sequence, 65000), stage.now)
    assert stage.link.sent[2].raw == first.raw
    assert len(stage.link.sent) == 3


def test_a_viewer_without_the_format_is_told_so() -> None:
    """Nothing is sent that it could not decode."""
    stage = Stage(H264)
    told: list[Slot] = []
    stage.slot.on_mismatch = told.append
    stage.frame(10, 1, key=True)
    assert told == [stage.slot]
    assert stage.link.sent == []


def test_one_frame_a_second_is_a_key_frame_each_second() -> None:
    """Nothing between is sent, its late packets are, and the next is asked for when its second is over."""
    stage = Stage()
    stage.frame(0, 1, key=True)
    stage.slot.limit(muted=False, slow=True, now=stage.now)
    before = stage.publisher.key_frames
    for number in range(2, 90):
        wanted = stage.source.key_frames.pending
        stage.frame(2 * number, number, key=wanted)
        stage.slot.tick(stage.now)
    shown = {one.timestamp for one in stage.link.sent}
    assert len(shown) == 3
    assert stage.out() == list(range(6))
    assert stage.publisher.key_frames - before == 2
    assert SLOW_FRAME_EVERY_S == 1.0


def test_full_video_comes_back_with_a_key_frame() -> None:
    """Up again: asked for at once."""
    stage = Stage()
    stage.frame(0, 1, key=True)
    stage.slot.limit(muted=True, slow=False, now=stage.now)
    stage.frame(2, 2)
    assert len(stage.link.sent) == 2
    stage.slot.limit(muted=False, slow=False, now=stage.now)
    assert stage.source.key_frames.pending
    stage.frame(4, 3, key=True)
    assert stage.out() == [0, 1, 2, 3]


def test_what_the_queue_held_is_dropped_where_the_stream_went_on_without_it() -> None:
    """After a drop to the key frame the viewer's numbers still have no gap."""
    stage = Stage()
    stage.frame(0, 1, key=True)
    stage.link.slow = True
    stage.frame(2, 2)
    stage.slot.drop_to_key_frame(stage.now)
    stage.link.slow = False
    asked = stage.publisher.key_frames
    assert stage.slot.tick(stage.now + 0.5)
    assert stage.publisher.key_frames == asked
    stage.now += 1.1
    stage.slot.tick(stage.now)
    assert stage.publisher.key_frames == asked + 1
    stage.frame(4, 3, key=True)
    for slot, segment, packet in stage.link.held:
        slot.release(segment, packet, stage.now)
    assert stage.out() == [0, 1, 2, 3]
    assert [one.timestamp for one in stage.link.sent] == [3000, 3000, 9000, 9000]


def test_the_publishers_clock_is_translated_for_sound_and_picture_alike() -> None:
    """Both reports name the same moment of our clock, each in its stream's own timestamps."""
    picture, sound = Stage(), Stage(OPUS, kind="audio")
    picture.frame(10, 1, key=True)
    sound.arrive(5, b"opus", 48_000)
    shift = 1000.0  # the publisher's clock is that far behind ours
    for stage, rtp in ((picture, 3000), (sound, 48_000)):
        told = SenderReport(stage.source.ssrc, ntp_time(50.0), rtp, 1, 1)
        stage.source.clock_told(told, stage.now, shift)
    reports = [stage.slot.report(1052.0) for stage in (picture, sound)]
    assert reports[0] is not None
    assert reports[1] is not None
    assert reports[0].ntp == reports[1].ntp == ntp_time(1052.0)
    assert reports[0].rtp == 3000 + 2 * 90_000
    assert reports[1].rtp == 48_000 + 2 * 48_000


def test_header_extensions_are_the_viewers_own() -> None:
    """Its identifiers, our send time; the speaker's level is passed on."""
    picture = Stage(extensions=Extensions(abs_send_time=5))
    picture.frame(10, 1, key=True)
    raw = picture.link.sent[0].raw
    assert EXTENDED.unpack_from(raw)[5:] == (
        0xBEDE0001,
        5 << 28 | 0x02000000 | int(100.0 * 262144) & 0xFFFFFF,
    )
    plain = Stage()
    plain.frame(10, 1, key=True)
    assert plain.link.sent[0].extension == 0


def test_a_publisher_without_key_frames_is_noticed_once() -> None:
    """Five seconds of packets that nobody could decode: the viewer is told, not left in front of nothing."""
    stage = Stage()
    told = []
    for number in range(1, 300):
        stage.frame(2 * number, number)
        told += [stage.now - 100.0] if stage.slot.waits_in_vain(stage.now) else []
    assert len(told) == 1
    assert 5.0 <= told[0] < 5.1


def test_a_viewer_that_asks_for_everything_again_is_not_given_everything() -> None:
    """At most 600 retransmissions a second: a flood of NACKs can not multiply what is sent."""
    stage = Stage()
    stage.frame(0, 1, key=True)
    for number in range(2, 460):
        stage.frame(2 * number - 2, number)
    everything = tuple(one.sequence for one in stage.link.sent[-900:])
    before = len(stage.link.sent)
    stage.slot.resend(everything, stage.now)
    assert len(stage.link.sent) - before == 600


def test_a_publisher_that_jumps_far_ahead_is_begun_anew() -> None:
    """Thousands of numbers are not asked for again, and the viewer sees no jump: only a key frame."""
    stage = Stage()
    stage.frame(0, 1, key=True)
    stage.frame(5000, 2)
    assert stage.out() == [0, 1]
    assert stage.publisher.again == []
    stage.frame(5002, 3, key=True)
    assert stage.out() == [0, 1, 2, 3]


def test_padding_that_probes_the_link_keeps_its_number() -> None:
    """It is passed on as an empty packet: the viewer's numbers need no mending."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    packet = HEADER.pack(0xA0, 96, 12, 3000, 77) + b"\0\0\0\4"
    stage.source.receive(packet, len(packet), HEADER.unpack_from(packet), stage.now)
    stage.frame(13, 2)
    assert stage.out() == [0, 1, 2, 3, 4]
    assert stage.link.sent[2].payload == b""


def test_a_retransmission_fills_the_gap_and_probes_fill_nothing() -> None:
    """RTX carries the original number; an empty one is padding."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    stage.arrive(13, b"\x80\x80\x80\x02rest", 6000, 1)
    assert stage.publisher.again == [[65536 + 12]]
    repair = HEADER.pack(0x80, 97, 900, 6000, 78) + (12).to_bytes(2) + b"\x90\x80\x80\x02\x01"
    stage.source.repaired(repair, len(repair), 6000, stage.now)
    stage.source.repaired(repair[:14], 14, 6000, stage.now)
    assert sorted(stage.out()) == [0, 1, 2, 3]
    assert not stage.source.gaps
    told = stage.source.reception.report(77, stage.now)
    assert (told.fraction_lost, told.lost) == (0, 0)


def test_a_packet_that_came_at_the_second_try_counts_as_lost_at_the_first() -> None:
    """Also from a publisher without retransmission streams, whose reception report shows no loss then."""
    stage = Stage()
    stage.frame(10, 1, key=True)
    assert stage.source.count_loss(0.0)[0] == 0.0
    stage.arrive(13, b"\x80\x80\x80\x02rest", 6000, 1)
    stage.arrive(12, b"\x90\x80\x80\x02\x01", 6000)
    assert not stage.source.gaps
    assert stage.source.count_loss(0.0) == (0.5, 2)
    assert stage.source.count_loss(0.0) == (0.0, 0)


def test_the_estimator_is_fed_once_a_frame() -> None:
    """With the frame's size, at its last packet: a call costs as much as forwarding a packet."""
    stage = Stage()
    word = 3 << 28 | 0x02000000 | 99
    for part in (0, 1):
        payload = vp8_payload(100, start=part == 0, key=True, picture=1)
        packet = EXTENDED.pack(0x90, part << 7 | 96, 10 + part, 3000, 77, 0xBEDE0001, word) + payload
        stage.source.receive(packet, len(packet), HEADER.unpack_from(packet), stage.now)
    assert stage.publisher.frames == [200]
