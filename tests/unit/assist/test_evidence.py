"""The chain: what holds says what it proves, and every change of it is found."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.assist import recorded
from services.assist.chain import Signer, Verifier
from services.assist.evidence import Broken, chain_lines, key_of, verify_chain
from services.assist.recorded import RecordedSegment
from tests.unit.assist.play import ANA, ARROW, BEA, SIGNER, opened


def whole_chain() -> list[bytes]:
    """A short session with a mark, a still and a recorded segment."""
    play = opened(ANA, BEA)
    play.does(BEA, "draw", mark=ARROW, anchor={"rtp": 1})
    play.does(BEA, "freeze")
    play.uploads()
    play.does(ANA, "give_consent")
    play.commit(recorded.record(play.session, on=True))
    play.commit(recorded.record_segment(play.session, RecordedSegment("0001.webm", "cd" * 32, 1000)))
    play.does(BEA, "say", text="äöü — done")
    play.does(BEA, "end", outcome="resolved")
    return list(chain_lines(play.log, SIGNER))


CHAIN = whole_chain()


def test_a_chain_that_holds_names_the_files_that_it_proves() -> None:
    """Session, number of entries, end, and the SHA-256 of each segment and still."""
    proved = verify_chain(CHAIN, key_of(CHAIN[0]))
    assert (proved.session_id, proved.incident_id) == ("ses-1", "INC-1")
    assert proved.entries == len(CHAIN) - 2
    assert proved.ended
    assert proved.files == {"segments/0001.webm": "cd" * 32, "stills/still-6": "ab" * 32}


@settings(max_examples=150, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_changed_byte_is_found(chance) -> None:
    """Whichever byte of whichever line is changed, the chain does not hold under the installation's key."""
    lines = list(CHAIN)
    number = chance.randrange(1, len(lines))
    line = bytearray(lines[number])
    place = chance.randrange(len(line))
    line[place] ^= 1 << chance.randrange(8)
    lines[number] = bytes(line)
    with pytest.raises(Broken) as found:
        verify_chain(lines, SIGNER)
    assert found.value.line == number + 1


@pytest.mark.parametrize("bit", range(8))
def test_a_changed_byte_of_the_head_is_found(bit: int) -> None:
    """Nothing of the head is signed: each bit of it is checked against the key and the entries."""
    for place in range(len(CHAIN[0])):
        head = bytearray(CHAIN[0])
        head[place] ^= 1 << bit
        with pytest.raises(Broken) as found:
            verify_chain([bytes(head), *CHAIN[1:]], SIGNER)
        assert found.value.line <= 2


def test_the_public_key_of_the_head_is_only_as_good_as_its_owner() -> None:
    """Who makes a chain of their own with their own key is found by the installation's key."""
    forger = Signer("another secret of more than 32 characters!")
    forged = list(chain_lines(opened(ANA, BEA).log, forger))
    with pytest.raises(Broken):
        verify_chain(forged, SIGNER)
    with pytest.raises(Broken, match="does not name the key"):
        verify_chain(CHAIN, forger)
    assert key_of(CHAIN[0]).kid == SIGNER.kid


@pytest.mark.parametrize("cut", [1, 2, 5])
def test_a_chain_cut_short_is_found(cut: int) -> None:
    """Without its seal, or with entries missing before it, a chain does not hold."""
    with pytest.raises(Broken):
        verify_chain(CHAIN[:-cut], SIGNER)
    if cut > 1:
        with pytest.raises(Broken):
            verify_chain([*CHAIN[:-cut], CHAIN[-1]], SIGNER)


@pytest.mark.parametrize(
    "swap", [lambda lines: lines[:3] + lines[4:], lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]]]
)
def test_entries_left_out_or_exchanged_are_found(swap) -> None:
    """The numbers and the hashes hold the order."""
    with pytest.raises(Broken) as found:
        verify_chain(swap(CHAIN), SIGNER)
    assert found.value.line == 4


@pytest.mark.parametrize("line", [b"", b"[]", b"\xff\xfe", b'{"a": 1}', b"[" * 100_000, b'{"seal":1}', b"{}"])
def test_what_is_no_chain_is_refused_and_never_crashes(line: bytes) -> None:
    """Any bytes at all are answered with the line that is wrong."""
    for lines in ([line], [CHAIN[0], line], [*CHAIN, line], []):
        with pytest.raises(Broken):
            verify_chain(lines, SIGNER)
    with pytest.raises(Broken):
        key_of(line)


def test_a_public_key_travels_as_jwk() -> None:
    """The head's key alone checks the signatures."""
    again = Verifier.of_jwk(json.loads(json.dumps(SIGNER.jwk)))
    assert again.accepts(SIGNER.sign(b"words"), b"words")
    assert not again.accepts(SIGNER.sign(b"words"), b"other words")
