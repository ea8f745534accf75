"""The dead letters as people handle them: listed, and sent again to where they came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.cloudevents import UnreadableRecord, decode
from schemas.statistics import DeadLetter
from schemas.topics import TOPICS
from streams.dead_letters import RETRIES_HEADER, encoded, newest_by_id, original_of
from streams.kafka import new_producer
from streams.reading import read_to_end
from streams.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Filed:
    """A letter and whether it was sent again."""

    letter: DeadLetter
    retried: bool


async def read_letters(settings: WorkerSettings) -> list[Filed]:
    """All letters, oldest first. Raises KafkaError."""
    letters: list[DeadLetter] = []
    async for record in read_to_end(settings, "dead-letters", range(TOPICS["dead-letters"].partitions)):
        try:
            event = decode(record.value, record.headers).event
        except UnreadableRecord:
            continue  # somebody else's record on our topic
        if isinstance(event, DeadLetter):
            letters.append(event)
    return [Filed(letter, retried) for letter, retried in newest_by_id(letters).values()]


async def retry(settings: WorkerSettings, letters: Iterable[DeadLetter]) -> int:
    """Write each letter's original bytes to its original topic, then mark it; returns how many.

    The mark comes after the record is confirmed: a stop in between sends the record again at the next retry,
    and the fold drops what it has seen.
    """
    producer = new_producer(settings)
    await producer.start()
    count = 0
    try:
        for letter in letters:
            if letter.topic not in TOPICS:
                continue
            key, value, headers = original_of(letter)
            marked = letter.model_copy(update={"retries": letter.retries + 1, "failed_at": datetime.now(UTC)})
            headers.append((RETRIES_HEADER, str(marked.retries).encode()))
            await producer.send_and_wait(settings.topic(letter.topic), value, key=key, headers=headers)
            value, headers = encoded(marked)
            await producer.send_and_wait(
                settings.topic("dead-letters"), value, key=letter.letter_id.encode(), headers=headers
            )
            count += 1
    finally:
        await producer.stop()
    return count
