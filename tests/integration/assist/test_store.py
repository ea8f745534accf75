"""A session's log in Redis: one order, one owner, nothing lost between two writers, everything published."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from schemas.cloudevents import Envelope
from services.assist import lifecycle
from services.assist.chain import Signer, chained
from services.assist.drafts import Actor, Draft
from services.assist.evidence import chain_lines, verify_chain
from services.assist.session import Session
from services.sessions.desk import SessionDesk
from services.sessions.outbox import drain
from services.sessions.store import Behind, Fenced, SessionStore, UnknownSession
from tests.integration.assist.conftest import SECRET, TEN

SIGNER = Signer(SECRET)
EVA = Actor("EVA", "expert")


async def say(store: SessionStore, session: Session, words: str, epoch: int | None) -> None:
    """One line, added as whoever holds the session in this state."""
    entries = chained(session, [Draft("said", EVA, {"text": words})], TEN, SIGNER)
    for entry in entries:
        session.apply(entry)
    await store.append(session, entries, epoch)


async def test_what_is_appended_is_read_again_as_it_was(desk: SessionDesk, session_id: str) -> None:
    """The log makes the same session on every machine, its chain holds, and the view is kept beside."""
    session, _ = await desk.change(session_id, lambda now: lifecycle.join(now, "EVA", "expert"), TEN)
    again = await desk.store.load(session_id)
    assert again == session
    assert again.baton == "EVA"
    entries = await desk.store.entries_after(session_id, 0)
    assert [entry.seq for entry in entries] == [1, 2, 3]
    assert verify_chain(chain_lines(entries, SIGNER), SIGNER).entries == 3
    assert await desk.store.view(session_id) == session.view().model_dump_json(exclude_none=True).encode()
    assert await desk.store.open_sessions(10) == [session_id]


async def test_many_writers_make_one_order(desk: SessionDesk, session_id: str) -> None:
    """Twelve who write at once all get in, each once, and every number is there."""

    async def one(number: int) -> None:
        for _ in range(50):
            try:
                await desk.change(session_id, lambda now: lifecycle.join(now, f"X{number}", "observer"), TEN)
            except Behind:
                await asyncio.sleep(0.01 * number)
            else:
                return

    await asyncio.gather(*(one(number) for number in range(12)))
    session = await desk.store.load(session_id)
    assert sorted(session.parties) == sorted(f"X{number}" for number in range(12))
    assert session.seq == 13


async def test_a_late_node_can_not_add_to_what_a_new_one_owns(store: SessionStore, session_id: str) -> None:
    """The epoch fences: who lost the session, however late it wakes, writes nothing, even at the end."""
    late = await store.load(session_id)
    assert await store.claim(session_id, 0, "node-a") == 1
    await say(store, late, "still mine", 1)
    assert await store.claim(session_id, 1, "node-b") == 2
    assert await store.claim(session_id, 1, "node-c") is None
    with pytest.raises(Fenced):
        await say(store, await store.load(session_id), "I was only asleep", 1)
    new = await store.load(session_id)
    await say(store, new, "mine now", 2)
    assert (await store.load(session_id)).head == new.head
    assert (await store.placement(session_id)).node == "node-b"


async def test_who_does_not_know_the_end_adds_nothing(store: SessionStore, session_id: str) -> None:
    """Two writers from one state: the second is told to read on."""
    first, second = await store.load(session_id), await store.load(session_id)
    await say(store, first, "one", None)
    with pytest.raises(Behind):
        await say(store, second, "two", None)
    with pytest.raises(UnknownSession):
        await store.load("ses-2")


async def test_everything_reaches_the_broker_also_after_a_failure(desk: SessionDesk, session_id: str) -> None:
    """What could not be published is published later, in order, under the ids of its entries."""
    broker: list[tuple[str, Envelope]] = []

    async def away(_events: Sequence[tuple[str, Envelope]]) -> None:
        raise ConnectionError("the broker is away")

    async def there(events: Sequence[tuple[str, Envelope]]) -> None:
        broker.extend(events)

    with pytest.raises(ConnectionError):
        await drain(desk.store, session_id, away)
    session, _ = await desk.change(session_id, lambda now: lifecycle.join(now, "EVA", "expert"), TEN)
    await say(desk.store, session, "hello", None)
    assert await drain(desk.store, session_id, there) == 4
    assert await drain(desk.store, session_id, there) == 0
    assert [event.id for _, event in broker] == [f"{session_id}/{seq}" for seq in (1, 2, 3, 4)]
    assert [topic for topic, _ in broker] == ["remote-sessions"] * 3 + ["annotations"]
    assert {event.partitionkey for _, event in broker[:3]} == {"INC-1"}
    await desk.store.note_published(session_id, 2)
    assert (await desk.store.placement(session_id)).published == 4


async def test_an_opened_session_is_not_opened_again(desk: SessionDesk, session_id: str) -> None:
    """The same command again finds the log begun and changes nothing."""
    session = Session(session_id, "INC-1", "R1")
    assert not await desk.open(session, lambda _: lifecycle.open_session(EVA, "BOB"), TEN, TEN)
    assert (await desk.store.load(session_id)).technician == "ANA"
