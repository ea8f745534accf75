"""The private names of aiortc that the relay leans on are there, and a missing one is named."""

from __future__ import annotations

import pytest

from services.relay import aiortc_compat as compat


def test_aiortc_still_has_every_name_that_forwarding_needs() -> None:
    """Without one of these nothing is forwarded: the list names what a new release took away."""
    assert compat.missing_names(compat.NEEDED_NAMES) == []


def test_aiortc_still_has_every_name_of_the_short_path() -> None:
    """Without one of these the relay falls back to the slower passthrough."""
    assert compat.short_path_missing() == []


def test_a_name_that_is_gone_is_called_by_its_name() -> None:
    """Whoever raises the pin reads which name to look for."""
    assert compat.missing_names(((compat.ForwardingReceiver, "_gone_in_2_0"),)) == [
        "ForwardingReceiver._gone_in_2_0"
    ]


def test_a_lost_function_of_the_cffi_layer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pylibsrtp wheel may stop exporting its layer without any change in aiortc."""
    monkeypatch.setattr(compat, "SRTP_FUNCTIONS", ("srtp_protect", "srtp_gone"))
    assert compat.short_path_missing() == ["pylibsrtp.lib.srtp_gone"]
