"""A dead letter gives its record back byte for byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from schemas.cloudevents import decode
from streams.dead_letters import (
    RETRIES_HEADER,
    encoded,
    letter_about,
    newest_by_id,
    original_of,
    unwritten,
    written,
)
from tests.unit.streams.samples import NOW, FakeRecord


@given(st.binary(max_size=200) | st.just(b"base64:eA=="))
def test_any_bytes_come_back_from_their_text(raw: bytes):
    """Keys and headers need not be UTF-8."""
    assert unwritten(written(raw)) == raw


@given(
    st.none() | st.binary(max_size=20),
    st.binary(max_size=100),
    st.dictionaries(st.sampled_from(["ce_id", "ce_type", "x"]), st.binary(max_size=20)),
)
def test_key_headers_and_value_come_back(key: bytes | None, value: bytes, headers: dict[str, bytes]):
    """Retrying sends the original bytes with the original headers."""
    record = FakeRecord("incidents", value, list(headers.items()), key, 3, 17)
    letter = letter_about(record, "incidents", "undecodable", "why", NOW)
    again = decode(*encoded(letter)).event
    assert original_of(again) == (key, value, list(headers.items()))  # type: ignore[arg-type]


def test_a_letter_is_named_by_its_records_place():
    """A record that is read twice makes one letter."""
    letter = letter_about(
        FakeRecord("incidents", b"", partition=3, offset=17), "incidents", "invalid", "", NOW
    )
    assert letter.letter_id == "incidents/3/17"


def test_a_retried_record_that_fails_again_remembers_how_often():
    """The count travels with the record and is not sent as one of its own headers."""
    record = FakeRecord("incidents", b"x", [(RETRIES_HEADER, b"2"), ("ce_id", b"1")])
    letter = letter_about(record, "incidents", "invalid", "", NOW)
    assert letter.retries == 2
    assert original_of(letter)[2] == [("ce_id", b"1")]


def test_a_letter_counts_as_retried_when_it_was_written_again_with_a_higher_count():
    """The mark is a newer version of the same letter."""
    letter = letter_about(FakeRecord("incidents", b"x"), "incidents", "invalid", "", NOW)
    marked = letter.model_copy(update={"retries": 1})
    assert newest_by_id([letter, letter])[letter.letter_id] == (letter, False)
    assert newest_by_id([letter, marked])[letter.letter_id] == (marked, True)
