"""A client's offer: what is refused, what is left out of it, and the answer."""

from __future__ import annotations

import struct

from aiortc import RTCSessionDescription

from services.relay.aiortc_compat import AiortcRefusal, ForwardingPeerConnection

OFFER_BYTES = 64 * 1024
SECTIONS_LIMIT = 32


class OfferRefused(ValueError):
    """The offer can not be answered; the message says why and what to offer instead."""


async def answered(pc: ForwardingPeerConnection, offer: str, *, publish: bool, view: bool) -> str:
    """The answer to a checked offer. Raises OfferRefused, after which the connection is only to be closed."""
    try:
        await pc.setRemoteDescription(RTCSessionDescription(without_candidates(offer), "offer"))
        pc.agree(publish=publish, view=view)
        pc.name_places()
        await pc.setLocalDescription(await pc.createAnswer())
    except AiortcRefusal as error:
        raise OfferRefused(f"no common format: {error}; offer VP8 or H264 and Opus") from error
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
        RuntimeError,
        struct.error,
    ) as error:
        raise OfferRefused(f"the SDP can not be read ({type(error).__name__}: {error})") from error
    return str(pc.localDescription.sdp)


def check(offer: str) -> None:
    """Refuse what is not an offer that the relay answers."""
    if len(offer) > OFFER_BYTES:
        raise OfferRefused(f"the SDP has {len(offer)} characters, at most {OFFER_BYTES} are read")
    lines = offer.replace("\r\n", "\n").split("\n")
    sections = [line for line in lines if line.startswith("m=")]
    if not lines[0].startswith("v=0") or not sections:
        raise OfferRefused("this is no SDP: it must begin with v=0 and have an m= line")
    if len(sections) > SECTIONS_LIMIT:
        raise OfferRefused(f"{len(sections)} m-lines, at most {SECTIONS_LIMIT}")
    strange = [line for line in sections if line.split(" ")[0] not in {"m=audio", "m=video", "m=application"}]
    if strange:
        raise OfferRefused(f"{strange[0][:40]!r}: only audio, video and application are answered")
    if len(sections) > 1 and not bundles_everything(lines):
        raise OfferRefused("all m-lines must be in one BUNDLE group (bundlePolicy max-bundle)")


def bundles_everything(lines: list[str]) -> bool:
    """Whether one BUNDLE group holds every mid."""
    mids = {line[6:].strip() for line in lines if line.startswith("a=mid:")}
    groups = [set(line[15:].split()) for line in lines if line.startswith("a=group:BUNDLE ")]
    return len(groups) == 1 and groups[0] == mids


def without_candidates(offer: str) -> str:
    """The offer without the client's candidates: its authenticated checks show where it is.

    So nothing is ever written to an address that somebody merely claims, and no mDNS name is looked up.
    """
    left_out = ("a=candidate:", "a=end-of-candidates")
    return "\n".join(line for line in offer.split("\n") if not line.startswith(left_out))
