"""One relay node: the sessions that live here, the lease, and what it hears of others."""

from __future__ import annotations

import asyncio
import contextlib
import math
import secrets
import socket
import time
from collections.abc import Awaitable, Callable

import structlog

from services.assist import lifecycle
from services.assist.chain import Signer
from services.assist.drafts import Draft, NotAllowed
from services.assist.session import Session
from services.relay.endpoint import Endpoint
from services.relay.node.client import Client
from services.relay.node.link import NodeRedis, StoreAway
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.media import SessionMedia
from services.relay.node.outbox import Outbox
from services.relay.node.recordings import follower, recorder_of, tell_not_here
from services.relay.node.settings import RelaySettings
from services.relay.node.sweep import Sweep
from services.relay.recording.disk import Disk
from services.relay.recording.keeper import Keeper
from services.sessions.desk import SessionDesk
from services.sessions.nodes import NodeRegistry, RelayNode
from services.sessions.store import Fenced, SessionStore, StoreRefused
from services.sessions.tokens import PartyTokens

log = structlog.get_logger(__name__)

LOOK_EVERY_S = 1.0
EMPTY_FOR_S = 60.0
DRAIN_WITHIN_S = 2.0
LEFT_KEPT = 64


class Elsewhere(Exception):
    """The session lives on another node, or on none yet: join again."""


class NodeBusy(Exception):
    """The node has as many clients as it may have."""


class Node:
    """The parts of one process; `run` until cancelled, then `close`."""

    def __init__(self, settings: RelaySettings) -> None:
        secret = settings.secret.get_secret_value()
        self.settings = settings
        self.name = f"{socket.gethostname().partition('.')[0]}-{settings.relay_port}-{secrets.token_hex(4)}"
        self.redis = NodeRedis(settings.redis_url)
        self.store = SessionStore(self.redis.ask, settings.topic_prefix)
        self.registry = NodeRegistry(self.redis.ask, settings.topic_prefix)
        self.tokens = PartyTokens(secret)
        self.signer = Signer(secret)
        self.outbox = Outbox(settings.broker, settings.topic_prefix, self.store)
        self.live: dict[str, LiveSession] = {}
        self.media: dict[str, SessionMedia] = {}
        self.stopping = False
        self._renewed_s = -math.inf
        self.strangers = 0
        """Connections that have not said who they are."""
        self._desk = SessionDesk(self.store, self.signer)
        self.keeper: Keeper | None = None
        if settings.relay_recordings is not None:
            disk = Disk(settings.relay_recordings, settings.relay_record_free_mb * 1024**2)
            self.keeper = Keeper(disk, self.store, self.signer, self.outbox.mark)
        self._adopting: dict[str, asyncio.Task[LiveSession]] = {}
        addresses, announce = settings.relay_addresses.split(), settings.relay_announce.split()
        self.endpoint = Endpoint(
            addresses or None,
            settings.relay_udp_port,
            announce or None,
            peers_limit=settings.relay_capacity,
        )

    @property
    def holds_lease(self) -> bool:
        """Whether sessions may be placed here."""
        return (
            not self.stopping and (time.monotonic() - self._renewed_s) * 1000 < self.settings.relay_lease_ms
        )

    @property
    def load(self) -> int:
        """Clients and media resources."""
        return sum(len(live.clients) + len(live.resources) for live in self.live.values())

    def told(self) -> RelayNode:
        """What the register is told."""
        settings = self.settings
        return RelayNode(
            name=self.name,
            url=settings.relay_url or settings.own_url,
            inner_url=settings.relay_inner_url or settings.own_url,
            load=self.load,
            capacity=settings.relay_capacity,
        )

    async def run(self) -> None:
        """Hold the lease, publish, and let go of what is not ours any more, until cancelled."""
        self.endpoint.start()
        sweep = Sweep(self.store, self.registry, self.outbox, self._desk, self.live)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._every(self.settings.relay_renew_s, self._renew))
            tasks.create_task(self._every(LOOK_EVERY_S, self._look))
            tasks.create_task(self._every(sweep.EVERY_S, sweep.once))
            tasks.create_task(self.outbox.run())
            tasks.create_task(self._hear())
            if self.keeper is not None:
                tasks.create_task(self.keeper.run())

    async def _every(self, pause_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except (StoreAway, StoreRefused, NotAllowed, NotStored) as error:
                log.warning("tried_again_later", work=getattr(work, "__name__", ""), error=repr(error))
            await asyncio.sleep(pause_s)

    async def _renew(self) -> None:
        if not self.stopping:
            await self.registry.renew(self.told(), self.settings.relay_lease_ms)
            self._renewed_s = time.monotonic()

    async def _hear(self) -> None:
        """Somebody who is no node has added to a session of ours."""
        async for session_id in self.redis.heard(self.settings.topic_prefix, self.name):
            live = self.live.get(session_id)
            if live is not None:
                live.start(self._catch_up(live))

    async def _catch_up(self, live: LiveSession) -> None:
        try:
            await live.catch_up()
            live.show_presence()
        except (StoreAway, NotStored) as error:
            log.warning("not_caught_up", session_id=live.session_id, error=str(error))

    async def _look(self) -> None:
        """Let go of sessions that another node owns, that have ended, or that nobody has used for a while."""
        for session_id, live in list(self.live.items()):
            placed = await self.store.placement(session_id)
            if placed.epoch != live.epoch:
                log.info("session_lost", session_id=session_id, epoch=live.epoch)
                live.lose()
            elif placed.seq != live.told_seq:
                await self._catch_up(live)
            now = time.monotonic()
            if live.present:
                live.empty_since = None
            elif live.empty_since is None:
                live.empty_since = now
            unused = live.empty_since is not None and now - live.empty_since > EMPTY_FOR_S
            if live.fenced or unused or (live.session.ended and not live.clients):
                await self._let_go(live)

    async def _let_go(self, live: LiveSession) -> None:
        self.live.pop(live.session_id, None)
        media = self.media.pop(live.session_id, None)
        if media is not None and media.recorder is not None:
            await media.recorder.close()
        await live.close()

    async def session(self, session_id: str) -> LiveSession:
        """The session, taken over where it was placed here.

        Raises Elsewhere, UnknownSession, NotAllowed (it has ended), StoreAway, NotStored.
        """
        live = self.live.get(session_id)
        if live is not None and not live.fenced:
            return live
        if live is not None:
            await self._let_go(live)
        task = self._adopting.get(session_id)
        if task is None:
            task = asyncio.create_task(self._adopt(session_id))
            self._adopting[session_id] = task
            task.add_done_callback(lambda _: self._adopting.pop(session_id, None))
        return await asyncio.shield(task)

    async def _adopt(self, session_id: str) -> LiveSession:
        placed = await self.store.placement(session_id)
        if placed.node != self.name or self.stopping:
            raise Elsewhere(session_id)
        session = await self.store.load(session_id)
        lifecycle.require_open(session)
        live = LiveSession(self.store, self.signer, session, placed.epoch, placed.offset_ms)
        media = SessionMedia(live, self.endpoint)
        media.on_lost = lambda peer_id: self._peer_lost(live, peer_id)
        recorder = media.recorder = recorder_of(live, media.room, self.keeper, self.settings)
        live.on_logged = follower(live, recorder, self.outbox.mark)
        try:
            await live.commit(lambda now: self._place(now, placed.epoch))
        except Fenced as late:
            raise Elsewhere(session_id) from late
        self.live[session_id], self.media[session_id] = live, media
        self.outbox.mark(session_id)
        if recorder is not None:
            recorder.begin()
        elif session.recording:
            live.start(tell_not_here(live))
        for party in list(session.parties):
            live.gone(party, self.settings.relay_grace_s, "connection_lost")
        return live

    def _place(self, session: Session, epoch: int) -> list[Draft]:
        return [] if session.epoch == epoch else lifecycle.place(self.name, epoch)

    def _peer_lost(self, live: LiveSession, peer_id: str) -> None:
        self.drop_resource(live, peer_id.partition("~")[2], "connection_lost")

    def drop_resource(self, live: LiveSession, name: str, reason: str) -> None:
        """A WHIP or WHEP resource has ended."""
        resource = live.resources.pop(name, None) or live.left.pop(name, None)
        if resource is not None:
            grace_s = 0.0 if reason == "said_goodbye" else self.settings.relay_grace_s
            if reason != "said_goodbye":
                live.left[name] = resource
            if len(live.left) > LEFT_KEPT:
                del live.left[next(iter(live.left))]
            live.gone(resource.party, grace_s, reason)
            live.show_presence()

    def hears(self, session_id: str, party: str) -> bool:
        """Whether the party's media was heard lately."""
        media = self.media.get(session_id)
        return media is not None and media.room.hears(party)

    def require_room(self) -> None:
        """NodeBusy where one more client is one too many, or where this node stops."""
        if self.stopping or self.load >= self.settings.relay_capacity:
            raise NodeBusy("This node has as many clients as it may have; join again.")

    async def detach(self, live: LiveSession, client: Client) -> None:
        """A client's connection has ended."""
        if live.clients.get(client.party) is not client:
            return
        del live.clients[client.party]
        media = self.media.get(live.session_id)
        if media is not None:
            await media.room.close_peer(client.party)
        grace_s = 0.0 if client.said_goodbye else self.settings.relay_grace_s
        live.gone(client.party, grace_s, "said_goodbye" if client.said_goodbye else "connection_lost")
        if not live.session.ended:
            live.show_presence()

    async def drain(self) -> None:
        """End the lease, so that nothing new is placed here, and send everybody on to another node.

        Returns once they have gone, or after DRAIN_WITHIN_S; those that are left find the connection closed.
        """
        if self.stopping:
            return
        self.stopping = True
        try:
            await self.registry.withdraw(self.name)
        except StoreAway as error:
            log.warning("lease_not_ended", error=str(error))
        gone = [client.closed.wait() for live in self.live.values() for client in live.clients.values()]
        log.info("relay_drains", sessions=len(self.live), clients=len(gone))
        for live in self.live.values():
            live.lose()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*gone), DRAIN_WITHIN_S)

    async def close(self) -> None:
        """Let everything go; nobody is told where to."""
        self.stopping = True
        await asyncio.gather(*(self._let_go(live) for live in list(self.live.values())))
        if self.keeper is not None:
            self.keeper.disk.close()
        await self.outbox.close()
        self.endpoint.close()
        await self.redis.close()
