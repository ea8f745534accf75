"""RTCP on the wire (RFC 3550 section 6, RFC 4585, RFC 5104, REMB): read leniently, written exactly.

A compound packet is read block by block; the first block that lies about its length ends the reading, and
what was read before it counts.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
NACK, PLI, FIR, APPLICATION = 1, 1, 4, 15
REPORT_BYTES = 24
LOST_LIMIT = (1 << 23) - 1
NTP_EPOCH_S = 2208988800
NACKS_IN_ONE = 64


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A sender's clocks: `ntp` in 32.32 fixed point, `rtp` the same moment in the media's clock."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class ReceptionReport:
    """What a receiver says of one of our streams; `fraction_lost` in 1/256, `lsr` and `dlsr` in 1/65536 s."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


@dataclass(frozen=True, slots=True)
class PacketsMissing:
    """A generic NACK (RFC 4585 section 6.2.1)."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyFrameWanted:
    """A PLI or FIR for one of our streams."""

    ssrc: int


@dataclass(frozen=True, slots=True)
class BandwidthEstimated:
    """A REMB: what the receiver believes that its link carries."""

    bps: int


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The named streams have ended."""

    ssrcs: tuple[int, ...]


Block = SenderReport | ReceptionReport | PacketsMissing | KeyFrameWanted | BandwidthEstimated | Goodbye


def blocks_of(packet: bytes) -> Iterator[Block]:
    """What a compound packet says, in order; unknown blocks are skipped, a malformed one ends it."""
    at = 0
    while at + 4 <= len(packet):
        first, kind, words = struct.unpack_from("!BBH", packet, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(packet):
            return
        body = packet[at + 4 : end]
        try:
            yield from _read(kind, first & 0x1F, body)
        except struct.error:
            return
        at = end


def _read(kind: int, count: int, body: bytes) -> Iterator[Block]:
    if kind == SR:
        ssrc, ntp, rtp, packets, octets = struct.unpack_from("!LQLLL", body)
        yield SenderReport(ssrc, ntp, rtp, packets, octets)
        yield from _reports(body, 24, count)
    elif kind == RR:
        yield from _reports(body, 4, count)
    elif kind == BYE:
        yield Goodbye(struct.unpack_from(f"!{count}L", body))
    elif kind == RTPFB and count == NACK:
        yield PacketsMissing(struct.unpack_from("!L", body, 4)[0], tuple(_nacked(body)))
    elif kind == PSFB and count == PLI:
        yield KeyFrameWanted(struct.unpack_from("!L", body, 4)[0])
    elif kind == PSFB and count == FIR:
        for at in range(8, len(body) - 7, 8):
            yield KeyFrameWanted(struct.unpack_from("!L", body, at)[0])
    elif kind == PSFB and count == APPLICATION and body[8:12] == b"REMB":
        high, low = struct.unpack_from("!BH", body, 13)
        yield BandwidthEstimated(min(((high & 3) << 16 | low) << (high >> 2), 1 << 40))


def _reports(body: bytes, begin: int, count: int) -> Iterator[ReceptionReport]:
    for at in range(begin, begin + REPORT_BYTES * count, REPORT_BYTES):
        ssrc, loss, highest, jitter, lsr, dlsr = struct.unpack_from("!6L", body, at)
        lost = loss & 0xFFFFFF
        yield ReceptionReport(
            ssrc, loss >> 24, lost - (1 << 24) if lost >> 23 else lost, highest, jitter, lsr, dlsr
        )


def _nacked(body: bytes) -> Iterator[int]:
    for at in range(8, min(len(body) - 3, 8 + 4 * NACKS_IN_ONE), 4):
        first, following = struct.unpack_from("!HH", body, at)
        yield first
        for bit in range(16):
            if following >> bit & 1:
                yield (first + bit + 1) & 0xFFFF


def _block(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body


def sender_report(report: SenderReport, cname: bytes) -> bytes:
    """A compound of SR and the SDES that RFC 3550 asks for."""
    body = struct.pack("!LQLLL", report.ssrc, report.ntp, report.rtp, report.packets, report.octets)
    item = struct.pack("!LBB", report.ssrc, 1, len(cname)) + cname
    return _block(SR, 0, body) + _block(SDES, 1, item + b"\0" * (4 - len(item) % 4))


def receiver_report(ssrc: int, reports: list[ReceptionReport]) -> bytes:
    """One RR block with at most 31 reports."""
    body = struct.pack("!L", ssrc)
    for one in reports[:31]:
        lost = max(-LOST_LIMIT - 1, min(one.lost, LOST_LIMIT)) & 0xFFFFFF
        body += struct.pack(
            "!6L", one.ssrc, one.fraction_lost << 24 | lost, one.highest, one.jitter, one.lsr, one.dlsr
        )
    return _block(RR, min(len(reports), 31), body)


def nack(ssrc: int, media_ssrc: int, sequences: list[int]) -> bytes:
    """Ask again for these packets (ascending, unwrapped or 16 bit)."""
    pairs: list[list[int]] = []
    for sequence in sequences:
        step = (sequence - pairs[-1][0] - 1) & 0xFFFF if pairs else 16
        if step < 16:
            pairs[-1][1] |= 1 << step
        else:
            pairs.append([sequence & 0xFFFF, 0])
    body = b"".join(struct.pack("!HH", *pair) for pair in pairs[:NACKS_IN_ONE])
    return _block(RTPFB, NACK, struct.pack("!LL", ssrc, media_ssrc) + body)


def picture_loss(ssrc: int, media_ssrc: int) -> bytes:
    """Ask for a key frame."""
    return _block(PSFB, PLI, struct.pack("!LL", ssrc, media_ssrc))


def remb(ssrc: int, bps: int, ssrcs: list[int]) -> bytes:
    """Tell the sender of `ssrcs` what it may send together (draft-alvestrand-rmcat-remb-03)."""
    exponent = max(0, bps.bit_length() - 18)
    mantissa = bps >> exponent
    body = struct.pack(
        "!LL4sBBH", ssrc, 0, b"REMB", len(ssrcs), exponent << 2 | mantissa >> 16, mantissa & 0xFFFF
    )
    return _block(PSFB, APPLICATION, body + struct.pack(f"!{len(ssrcs)}L", *ssrcs))


def goodbye(ssrcs: list[int]) -> bytes:
    """Say that these streams have ended."""
    return _block(BYE, len(ssrcs), struct.pack(f"!{len(ssrcs)}L", *ssrcs))


def ntp_time(unix_s: float) -> int:
    """Seconds since 1970 as an NTP timestamp, 32.32 fixed point."""
    return int((unix_s + NTP_EPOCH_S) * 4294967296)


def unix_time(ntp: int) -> float:
    """An NTP timestamp as seconds since 1970."""
    return ntp / 4294967296 - NTP_EPOCH_S


def round_trip_s(report: ReceptionReport, now_ntp: int) -> float | None:
    """The round trip that a reception report shows (RFC 3550 section 6.4.1); None where it does not."""
    if report.lsr == 0:
        return None
    trip = ((now_ntp >> 16) - report.lsr - report.dlsr) & 0xFFFFFFFF
    return trip / 65536 if trip < 65536 * 60 else None
