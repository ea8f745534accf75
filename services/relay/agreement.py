"""What an m-line's negotiated parameters (aiortc's objects) mean in the relay's own terms."""

from __future__ import annotations

from typing import Any

from services.relay.rtp import ABS_SEND_TIME, AUDIO_LEVEL, MID
from services.relay.source import Codec, Extensions

FORWARDED = {"vp8", "h264", "opus"}
ONE_BYTE_IDS = range(1, 15)


def codecs_of(parameters: Any) -> list[Codec]:
    """The formats that the relay forwards, in the order agreed, each with its retransmission type."""
    repairs = {
        codec.parameters.get("apt"): codec.payloadType
        for codec in parameters.codecs
        if codec.name.lower() == "rtx"
    }
    return [
        Codec(
            codec.name.lower(),
            codec.payloadType,
            codec.clockRate,
            str(codec.parameters.get("profile-level-id", ""))[:4].lower(),
            repairs.get(codec.payloadType, -1),
        )
        for codec in parameters.codecs
        if codec.name.lower() in FORWARDED
    ]


def extensions_of(parameters: Any) -> Extensions:
    """The identifiers of the header extensions that the relay reads or writes."""
    known = {one.uri: one.id for one in parameters.headerExtensions if one.id in ONE_BYTE_IDS}
    return Extensions(known.get(ABS_SEND_TIME, 0), known.get(AUDIO_LEVEL, 0), known.get(MID, 0))


def ssrcs_of(parameters: Any) -> list[tuple[int, int | None]]:
    """Announced SSRCs with that of their retransmissions."""
    pairs = {one.ssrc: one.rtx.ssrc if one.rtx is not None else None for one in parameters.encodings}
    return list(pairs.items())
