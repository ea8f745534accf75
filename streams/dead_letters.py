"""Records nobody could read or apply: kept with the reason and their original bytes, to be tried again."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from schemas.cloudevents import Envelope, encode
from schemas.statistics import DeadLetter
from streams.metrics import WorkerMetrics
from streams.settings import WorkerSettings

log = structlog.get_logger(__name__)

RETRIES_HEADER = "muster_retries"
BINARY = "base64:"
"""Marks a key or header that is no UTF-8."""


class Record(Protocol):
    """What a consumer hands over: topic, place, key, headers and the bytes themselves."""

    @property
    def topic(self) -> str:
        """The name on the broker, prefix included."""

    @property
    def partition(self) -> int:
        """The partition's number."""

    @property
    def offset(self) -> int:
        """The place in it."""

    @property
    def key(self) -> bytes | None:
        """The key's bytes."""

    @property
    def value(self) -> bytes | None:
        """The record's bytes; None: a tombstone."""

    @property
    def headers(self) -> Iterable[tuple[str, bytes]]:
        """Names and bytes."""


class Sender(Protocol):
    """The part of a producer that is needed here."""

    async def send(
        self,
        topic: str,
        value: bytes | None = None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp_ms: int | None = None,
        headers: Any = None,
    ) -> asyncio.Future[Any]:
        """Hand a record over; the answer is done when the broker has it."""


def written(raw: bytes) -> str:
    """Bytes as text that `unwritten` turns back into the same bytes."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return BINARY + base64.b64encode(raw).decode()
    return BINARY + base64.b64encode(raw).decode() if text.startswith(BINARY) else text


def unwritten(text: str) -> bytes:
    """The bytes that `written` was given."""
    return base64.b64decode(text.removeprefix(BINARY)) if text.startswith(BINARY) else text.encode()


def letter_about(record: Record, topic: str, reason: str, detail: str, failed_at: datetime) -> DeadLetter:
    """The dead letter of a record; its id is the record's place, so a record read twice makes one letter.

    `topic` is the registry's name, without the installation's prefix.
    """
    headers = {name: written(raw or b"") for name, raw in record.headers}
    retries = headers.get(RETRIES_HEADER, "0")
    return DeadLetter(
        letter_id=f"{topic}/{record.partition}/{record.offset}",
        topic=topic,
        partition=record.partition,
        offset=record.offset,
        reason=reason,
        detail=detail[:2000],
        failed_at=failed_at,
        key=None if record.key is None else written(record.key),
        headers=headers,
        value_base64=base64.b64encode(record.value or b"").decode(),
        retries=int(retries) if retries.isdigit() else 0,
    )


def original_of(letter: DeadLetter) -> tuple[bytes | None, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers of the record a letter is about."""
    key = None if letter.key is None else unwritten(letter.key)
    headers = [(name, unwritten(text)) for name, text in letter.headers.items() if name != RETRIES_HEADER]
    return key, base64.b64decode(letter.value_base64), headers


def encoded(letter: DeadLetter) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of the letter's own record."""
    return encode(
        Envelope(
            id=f"{letter.letter_id}/{letter.retries}",
            source="muster/dead-letters",
            event=letter,
            time=letter.failed_at,
            partitionkey=letter.letter_id,
        )
    )


def newest_by_id(letters: Iterable[DeadLetter]) -> Mapping[str, tuple[DeadLetter, bool]]:
    """Each letter's newest version, and whether it was tried again since it was written."""
    found: dict[str, tuple[DeadLetter, bool]] = {}
    for letter in letters:
        before = found.get(letter.letter_id)
        retried = before is not None and (before[1] or letter.retries > before[0].retries)
        found[letter.letter_id] = (letter, retried)
    return found


class DeadLetters:
    """Writes letters to `dead-letters`; the caller confirms each before it counts the record as read."""

    def __init__(self, producer: Sender, settings: WorkerSettings, metrics: WorkerMetrics) -> None:
        self._producer = producer
        self._topic = settings.topic("dead-letters")
        self._prefix = settings.topic_prefix
        self._metrics = metrics

    async def write(self, record: Record, reason: str, detail: str) -> asyncio.Future[Any]:
        """Send the letter of this record; the answer is done when the broker has it."""
        topic = record.topic.removeprefix(self._prefix)
        letter = letter_about(record, topic, reason, detail, datetime.now(UTC))
        self._metrics.dead_letters.labels(reason).inc()
        log.warning("dead_letter", letter=letter.letter_id, reason=reason, detail=letter.detail)
        value, headers = encoded(letter)
        return await self._producer.send(self._topic, value, key=letter.letter_id.encode(), headers=headers)
