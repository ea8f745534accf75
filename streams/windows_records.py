"""What the windows worker reads: a decision, or a record that is none, as a value and never as a crash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import faust

from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A record that is no decision; `reason` is the dead letter's fixed word."""

    reason: str
    detail: str


class DecisionSchema(faust.Schema):
    """Reads `assignments`: CloudEvents in binary mode, each a Decision or Undecodable, the key as bytes."""

    def __init__(self) -> None:
        super().__init__(key_serializer="raw", value_serializer="raw")

    def loads_value(
        self,
        app: Any,  # noqa: ARG002 - Faust's signature
        message: Any,
        **_: Any,
    ) -> Decision | Undecodable:
        """The record's decision; raises nothing."""
        return decision_of(message.value, headers_of(message))


@dataclass(slots=True)
class Original:
    """A record as it lay on the topic, for its dead letter."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Iterable[tuple[str, bytes]]


def original_of(message: Any) -> Original:
    """The record behind a Faust message, whichever way that holds its headers."""
    headers = headers_of(message)
    return Original(message.topic, message.partition, message.offset, message.key, message.value, headers)


def headers_of(message: Any) -> list[tuple[str, bytes]]:
    """Faust holds a message's headers as pairs, as a mapping or as None."""
    headers = message.headers or ()
    return list(headers.items() if isinstance(headers, Mapping) else headers)


def decision_of(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Decision | Undecodable:
    """The decision that a record carries, or why it carries none."""
    try:
        event = decode(value, headers).event
    except UnreadableRecord as unreadable:
        return Undecodable(unreadable.reason, unreadable.detail)
    if not isinstance(event, Decision):
        return Undecodable("unexpected_type", f"{type(event).__name__} does not stand on this topic")
    return event
