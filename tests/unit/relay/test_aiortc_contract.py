"""The private names of aiortc that the relay leans on are there, and a missing one is named."""

from __future__ import annotations

import pytest
from aiortc import RTCRtpSender

from services.relay import aiortc_contract as contract
from services.relay import endpoint
from services.relay.endpoint import AiortcTooDifferent, Endpoint


def test_aiortc_still_has_every_name_that_forwarding_needs() -> None:
    """Without one of these nothing is forwarded: the list names what a new release took away."""
    assert contract.missing_names(contract.NEEDED_NAMES) == []


def test_aiortc_still_has_every_name_of_the_short_path() -> None:
    """Without one of these the relay falls back to the slower passthrough."""
    assert contract.short_path_missing() == []


def test_a_name_that_is_gone_is_called_by_its_name() -> None:
    """Whoever raises the pin reads which name to look for."""
    assert contract.missing_names(((RTCRtpSender, "_gone_in_2_0"),)) == ["RTCRtpSender._gone_in_2_0"]


def test_a_lost_function_of_the_cffi_layer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pylibsrtp wheel may stop exporting its layer without any change in aiortc."""
    monkeypatch.setattr(contract, "SRTP_FUNCTIONS", ("srtp_protect", "srtp_gone"))
    assert contract.short_path_missing() == ["pylibsrtp.lib.srtp_gone"]


async def test_without_a_name_of_the_short_path_the_passthrough_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The relay goes on forwarding, more slowly, and binds no port of its own."""
    monkeypatch.setattr(contract, "SRTP_FUNCTIONS", ("srtp_gone",))
    assert Endpoint().port is None


def test_without_a_name_that_forwarding_needs_the_relay_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The refusal names it and the release to install."""
    monkeypatch.setattr(endpoint, "NEEDED_NAMES", ((RTCRtpSender, "_gone"),))
    with pytest.raises(AiortcTooDifferent, match=r"RTCRtpSender\._gone; install aiortc>=1\.16,<1\.17"):
        Endpoint()
