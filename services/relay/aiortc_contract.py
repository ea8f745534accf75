"""The private names that services/relay/aiortc_compat.py stands on, and which of them a release took away.

Where one of `SHORT_PATH_NAMES` is gone, datagrams travel through aiortc's own receive chain (the
passthrough); where one of `NEEDED_NAMES` is gone, the relay refuses to start.
"""

from __future__ import annotations

import inspect
from functools import cache

import aioice.ice
import pylibsrtp
from aiortc import RTCPeerConnection
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcicetransport import RTCIceGatherer, RTCIceTransport
from aiortc.rtcrtpsender import RTCRtpSender
from aiortc.rtcrtptransceiver import RTCRtpTransceiver

NEEDED_NAMES: tuple[tuple[type, str], ...] = (
    (RTCPeerConnection, "_RTCPeerConnection__createDtlsTransport"),
    (RTCPeerConnection, "_RTCPeerConnection__createTransceiver"),
    (RTCDtlsTransport, "_handle_rtp_data"),
    (RTCDtlsTransport, "_handle_rtcp_data"),
    (RTCDtlsTransport, "_send_rtp"),
    (RTCDtlsTransport, "_set_role"),
    (RTCDtlsTransport, "_srtp_profiles"),
    (RTCRtpTransceiver, "_offerDirection"),
    (RTCIceTransport, "_connection"),
    (aioice.ice.Connection, "get_event"),
    (aioice.ice.Connection, "build_request"),
    (aioice.ice.Connection, "remote_password"),
    (aioice.ice.Connection, "_nominated"),
    (aioice.ice.StunProtocol, "request"),
    (RTCRtpSender, "_ssrc"),
    (RTCRtpSender, "_rtx_ssrc"),
    (RTCRtpSender, "_stream_id"),
    (RTCRtpSender, "_track_id"),
)
SHORT_PATH_NAMES: tuple[tuple[type, str], ...] = (
    (RTCDtlsTransport, "_rx_srtp"),
    (RTCDtlsTransport, "_tx_srtp"),
    (RTCDtlsTransport, "_setup_srtp"),
    (pylibsrtp.Session, "_srtp"),
    (RTCIceGatherer, "_connection"),
    (RTCIceTransport, "_recv"),
    (RTCIceTransport, "_send"),
    (aioice.ice.Connection, "get_component_candidates"),
    (aioice.ice.Connection, "check_incoming"),
    (aioice.ice.Connection, "data_received"),
    (aioice.ice.Connection, "_protocols"),
    (aioice.ice.StunProtocol, "datagram_received"),
    (aioice.ice.StunProtocol, "send_stun"),
    (aioice.ice.StunProtocol, "connection_made"),
    (aioice.ice.StunProtocol, "connection_lost"),
)
SRTP_FUNCTIONS = ("srtp_protect", "srtp_unprotect", "srtp_protect_rtcp", "srtp_unprotect_rtcp")


def missing_names(names: tuple[tuple[type, str], ...]) -> list[str]:
    """The names of `names` that this release does not have, as `Class.name`."""
    return [f"{owner.__name__}.{name}" for owner, name in names if not _has(owner, name)]


_source_of = cache(inspect.getsource)


def _has(owner: type, name: str) -> bool:
    """A method stands on the class; an attribute is assigned in one of its methods."""
    return hasattr(owner, name) or f"self.{name}" in _source_of(owner)


def missing_srtp_functions() -> list[str]:
    """The functions of the pylibsrtp wheel's cffi layer that are not there."""
    layer = getattr(pylibsrtp, "lib", None)
    return [f"pylibsrtp.lib.{name}" for name in SRTP_FUNCTIONS if not hasattr(layer, name)]


def short_path_missing() -> list[str]:
    """Why the short path can not be taken; empty where it can."""
    return missing_names(SHORT_PATH_NAMES) + missing_srtp_functions()
