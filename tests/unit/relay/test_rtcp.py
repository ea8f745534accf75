"""RTCP is written as the RFCs say and read without trusting its lengths."""

from __future__ import annotations

import random
from typing import Any

import pytest
from aiortc import rtp as aiortc_rtp
from hypothesis import given, settings
from hypothesis import strategies as st

from services.relay import rtcp

REPORT = rtcp.ReceptionReport(7, 25, -3, 70001, 12, 0x12345678, 65536)
SENDER = rtcp.SenderReport(5, rtcp.ntp_time(1_700_000_000.25), 90_000, 10, 1000)
EVERYTHING = (
    rtcp.sender_report(SENDER, b"muster")
    + rtcp.receiver_report(1, [REPORT])
    + rtcp.nack(1, 7, [10, 11, 26, 30, 65535])
    + rtcp.picture_loss(1, 7)
    + rtcp.remb(1, 1_234_567, [7, 8])
    + rtcp.goodbye([7])
)


def test_what_is_written_is_read_back() -> None:
    """Every block says the same after a journey."""
    blocks = list(rtcp.blocks_of(EVERYTHING))
    assert blocks[:2] == [SENDER, REPORT]
    assert blocks[2] == rtcp.PacketsMissing(7, (10, 11, 26, 30, 65535))
    assert blocks[3] == rtcp.KeyFrameWanted(7)
    assert isinstance(blocks[4], rtcp.BandwidthEstimated)
    assert blocks[4].bps == pytest.approx(1_234_567, rel=1e-4)
    assert blocks[5] == rtcp.Goodbye((7,))


def test_another_implementation_reads_what_is_written() -> None:
    """Aiortc's own parser finds the same content."""
    parsed: list[Any] = aiortc_rtp.RtcpPacket.parse(EVERYTHING)
    sender, sdes, reports, nack, pli, remb, bye = parsed
    assert sender.sender_info.ntp_timestamp == SENDER.ntp
    assert sdes.chunks[0].items == [(1, b"muster")]
    assert reports.reports[0].packets_lost == -3
    assert sorted(nack.lost) == [10, 11, 26, 30, 65535]
    assert (pli.fmt, pli.media_ssrc) == (aiortc_rtp.RTCP_PSFB_PLI, 7)
    assert aiortc_rtp.unpack_remb_fci(remb.fci)[1] == [7, 8]
    assert bye.sources == [7]


def test_the_round_trip_is_what_the_reports_clocks_leave() -> None:
    """Now less the echo of our clock and the time that the receiver held it (RFC 3550 6.4.1)."""
    sent = rtcp.ntp_time(1_700_000_000.0)
    report = rtcp.ReceptionReport(7, 0, 0, 0, 0, sent >> 16 & 0xFFFFFFFF, 65536 // 4)
    assert rtcp.round_trip_s(report, rtcp.ntp_time(1_700_000_000.35)) == pytest.approx(0.1, abs=0.001)
    assert rtcp.round_trip_s(rtcp.ReceptionReport(7, 0, 0, 0, 0, 0, 0), sent) is None


def test_what_stands_before_a_malformed_block_counts() -> None:
    """A compound that lies about a length is read up to there."""
    broken = rtcp.picture_loss(1, 7) + rtcp.picture_loss(1, 8)[:-4]
    assert list(rtcp.blocks_of(broken)) == [rtcp.KeyFrameWanted(7)]


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_break_the_reading(packet: bytes) -> None:
    """Whatever arrives is read without an error."""
    list(rtcp.blocks_of(packet))


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_to_a_true_packet_breaks_the_reading(seed: int) -> None:
    """Flipped, cut and doubled bytes of real compounds are read without an error."""
    chance = random.Random(seed)
    for _ in range(100):
        packet = bytearray(EVERYTHING)
        for _ in range(chance.randint(1, 6)):
            packet[chance.randrange(len(packet))] = chance.getrandbits(8)
        list(rtcp.blocks_of(bytes(packet[: chance.randint(0, len(packet))])))
