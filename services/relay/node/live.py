"""A session that lives on this node: its state, who is connected, and the one way into its log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from schemas.assist_log import Entry, PartyRole
from schemas.assist_node import CaughtUp, Glanced, Logged, Moved, NodeMessage, Presence, Welcome
from services.assist import lifecycle
from services.assist.chain import Signer, chained
from services.assist.drafts import Draft, NotAllowed
from services.assist.session import Session
from services.relay.node.client import CLOSED_ELSEWHERE, CLOSED_ENDED, CLOSED_REPLACED, Channel, Client
from services.relay.node.glances import Glances
from services.relay.node.link import StoreAway
from services.relay.node.resource import Resource
from services.sessions.store import Behind, Fenced, SessionStore, StoreRefused

log = structlog.get_logger(__name__)

TRIES = 8
Decide = Callable[[Session], list[Draft]]


class Media(Protocol):
    """The peers of a session (services.relay.room.Room)."""

    async def close_peer(self, peer_id: str) -> None:
        """Let one go; unknown ids are no error."""

    async def close(self) -> None:
        """Let everybody go."""


class NotStored(Exception):
    """The store did not answer: the operation may be sent again under its op_id."""


class LiveSession:
    """One session under this node's epoch; whoever changes it goes through `commit`, one after the other."""

    def __init__(
        self, store: SessionStore, signer: Signer, session: Session, epoch: int, offset_ms: int
    ) -> None:
        self.session = session
        self.epoch = epoch
        self.clients: dict[str, Client] = {}
        self.resources: dict[str, Resource] = {}
        self.left: dict[str, Resource] = {}
        """Resources whose peer has left: a client may close its connection first and say DELETE after."""
        self.ladder_still: tuple[bytes, str] | None = None
        """The newest small picture and its media type, while the ladder is at `stills`."""
        self.glances = Glances(self._tell_technician)
        self.room: Media | None = None
        self.on_logged: Callable[[Sequence[Entry]], None] = lambda _: None
        self.fenced = False
        self.empty_since: float | None = None
        self.store = store
        self._signer = signer
        self._offset = timedelta(milliseconds=offset_ms)
        self._lock = asyncio.Lock()
        self._stale = False
        self.told_seq = session.seq
        """The last number that everybody here was told."""
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def session_id(self) -> str:
        """Its id."""
        return self.session.session_id

    @property
    def present(self) -> set[str]:
        """The parties with a connection now."""
        return set(self.clients) | {resource.party for resource in self.resources.values()}

    def now(self) -> datetime:
        """The time in this session's log."""
        return datetime.now(UTC) + self._offset

    async def commit(self, decide: Decide) -> list[Entry]:
        """Decide upon the session as it is, log it and tell everybody.

        Raises NotAllowed, LogFull, Fenced (then this node has lost the session) and NotStored.
        """
        async with self._lock:
            for _ in range(TRIES):
                if self.fenced:
                    raise Fenced(f"{self.session_id} is not this node's any more")
                await self._catch_up_if_stale()
                drafts = decide(self.session)
                entries = chained(self.session, drafts, self.now(), self._signer)
                if not entries:
                    return []
                try:
                    await self._append(entries)
                except Behind:
                    continue
                self._broadcast_log(entries)
                return entries
        raise NotStored(f"{self.session_id} changes too quickly")

    async def _append(self, entries: list[Entry]) -> None:
        """Apply and store; where that failed, or nobody knows, the state is read again before its use."""
        self._stale = True
        for entry in entries:
            self.session.apply(entry)
        try:
            await self.store.append(self.session, entries, self.epoch)
        except StoreAway as away:
            raise NotStored("Redis does not answer; send it again") from away
        except Fenced:
            log.info("session_lost", session_id=self.session_id, epoch=self.epoch)
            self.lose()
            raise
        self._stale = False

    async def _catch_up_if_stale(self) -> None:
        if not self._stale:
            return
        try:
            self.session = await self.store.load(self.session_id)
            missed = await self.store.entries_after(self.session_id, self.told_seq)
        except StoreAway as away:
            raise NotStored("Redis does not answer; send it again") from away
        self._stale = False
        if missed:
            self._broadcast_log(missed)

    async def catch_up(self) -> None:
        """Somebody else has added to the log: read it and tell everybody."""
        async with self._lock:
            await self._catch_up_if_stale()
            missed = await self.store.entries_after(self.session_id, self.session.seq)
            for entry in missed:
                self.session.apply(entry)
            if missed:
                self._broadcast_log(missed)

    def _broadcast_log(self, entries: Sequence[Entry]) -> None:
        self.told_seq = entries[-1].seq
        for entry in entries:
            self.broadcast(Logged(entry=entry))
        if self.session.ended:
            self._close_clients(CLOSED_ENDED)
        self.on_logged(entries)

    def broadcast(self, message: NodeMessage) -> None:
        """Send to every client."""
        for client in list(self.clients.values()):
            client.send(message)

    def show_presence(self) -> None:
        """Tell everybody who is here."""
        self.broadcast(Presence(parties=self.session.party_views(self.present)))

    async def admit(self, client: Client, after: int, greet: Callable[[Session], Welcome]) -> None:
        """Let a client in under its party's name: greeted, sent what it missed since `after`, then the rest.

        The party's older connection is closed. Raises what `commit` raises.
        """
        party, role = client.party, client.role
        await self.commit(lambda session: lifecycle.join(session, party, role))
        async with self._lock:
            missed = await self._missed(after)
            client.signal(greet(self.session))
            client.replay(missed)
            older = self.clients.get(party)
            self.clients[party] = client
        if older is not None:
            older.close(CLOSED_REPLACED)
        self.stay(party)
        if role == "technician" and self.glances.wanted:
            client.signal(Glanced(on=True))

    def _tell_technician(self, message: Glanced) -> None:
        phone = self.clients.get(self.session.holds_technician() or "")
        if phone is not None:
            phone.signal(message)

    async def replay_to(self, client: Client, after: int, channel: Channel | None) -> None:
        """Send the log again after this number, and all that follows over this channel (None: WebSocket)."""
        async with self._lock:
            missed = await self._missed(after)
            client.reliable = channel
            client.replay(missed)

    async def _missed(self, after: int) -> list[Logged | CaughtUp]:
        await self._catch_up_if_stale()
        entries: list[Entry] = []
        try:
            if after < self.session.seq:
                entries = await self.store.entries_after(self.session_id, after)
        except StoreAway as away:
            raise NotStored("Redis does not answer; try again") from away
        kept = [entry for entry in entries if entry.seq <= self.session.seq]
        return [*(Logged(entry=entry) for entry in kept), CaughtUp(seq=self.session.seq)]

    def stay(self, party: str) -> None:
        """The party is here: it does not leave."""
        timer = self._leaving.pop(party, None)
        if timer is not None:
            timer.cancel()

    def gone(self, party: str, grace_s: float, reason: str) -> None:
        """A connection of the party has ended: unless it has another, or comes back in time, it leaves."""
        if party in self.present or self.session.ended or self.fenced:
            return
        self.stay(party)
        loop = asyncio.get_running_loop()
        self._leaving[party] = loop.call_later(grace_s, self._leave_soon, party, reason)

    def _leave_soon(self, party: str, reason: str) -> None:
        self._leaving.pop(party, None)
        if party not in self.present:
            self.start(self._leave(party, reason))

    async def _leave(self, party: str, reason: str) -> None:
        try:
            await self.commit(lambda session: lifecycle.leave(session, party, reason))
        except (NotStored, StoreRefused, NotAllowed) as error:
            log.warning("leaving_not_logged", session_id=self.session_id, party=party, error=str(error))
        self.show_presence()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run something of this session in the background until it closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def role_of(self, party: str) -> PartyRole | None:
        """What the party is here."""
        return self.session.parties.get(party)

    def lose(self) -> None:
        """The session is this node's no longer: everybody joins again."""
        if not self.fenced:
            self.fenced = True
            for client in list(self.clients.values()):
                client.signal(Moved())
            self._close_clients(CLOSED_ELSEWHERE)

    def _close_clients(self, code: int) -> None:
        for client in list(self.clients.values()):
            client.close(code)

    async def close(self) -> None:
        """Let everybody go; nothing of it runs on."""
        self.lose()
        self.glances.close()
        for timer in self._leaving.values():
            timer.cancel()
        self._leaving.clear()
        if self.room is not None:
            await self.room.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
