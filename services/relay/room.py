"""A session's media: its peers, and who is shown what.

Each peer comes with one offer: m-lines on which it sends (camera, microphone), m-lines on which it wants to
be sent to, and data channels. Its place n is its n-th audio and its n-th video m-line of the second kind.
Without `watch`, each new publisher takes the first free place of every viewer; with it, a place shows whom it
is told to. Nothing is ever negotiated again: to come back, a client makes a new connection.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from services.assist.ladder import Level, Rung
from services.relay.endpoint import Endpoint
from services.relay.offer import OfferRefused, check
from services.relay.peer import Peer
from services.relay.slot import Slot
from services.relay.source import Source

__all__ = ["NodeFull", "OfferRefused", "Room", "RoomEvents", "RoomFull"]

ROOM_PEERS_LIMIT = 200
log = logging.getLogger(__name__)


class RoomFull(RuntimeError):
    """The session has as many peers as it may; somebody has to leave first."""


class NodeFull(RuntimeError):
    """The process has as many peers as it may; join on another node."""


class RoomEvents(Protocol):
    """What a session hears of its media. Calls come from the event loop and must not block."""

    def connected(self, peer_id: str) -> None:
        """The peer's ICE and DTLS are complete."""

    def published(self, peer_id: str, kind: str) -> None:
        """The peer's first `audio` or `video` packet came: it can be watched."""

    def channel_opened(self, peer_id: str, channel: Any) -> None:
        """The peer opened a data channel: an aiortc RTCDataChannel with `label`, `send`, `on("message")`."""

    def lost(self, peer_id: str, reason: str) -> None:
        """The peer is silent for 3 s, failed, or floods; it is being closed."""

    def level_changed(self, peer_id: str, direction: str, level: Level, reason: str) -> None:
        """What the peer is sent (`down`) or can send (`up`) changed: show it to both sides."""

    def not_shown(self, peer_id: str, publisher: str, reason: str) -> None:
        """A place can not show this publisher: no common format, or it never sends a key frame."""


class Room:
    """The peers of one session on this node."""

    def __init__(self, session_id: str, endpoint: Endpoint, events: RoomEvents) -> None:
        self.session_id = session_id
        self.peers: dict[str, Peer] = {}
        self._endpoint, self._events = endpoint, events
        self._chosen: dict[tuple[str, int], str | None] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def accept_offer(self, peer_id: str, offer: str, *, publish: bool, view: bool) -> str:
        """The answer for a new peer. A peer of that id that is still here is closed: it came back.

        Raises OfferRefused, RoomFull, NodeFull.
        """
        check(offer)
        if peer_id in self.peers:
            await self.close_peer(peer_id)
        if len(self.peers) >= ROOM_PEERS_LIMIT:
            raise RoomFull(f"the session has {len(self.peers)} peers")
        if self._endpoint.peers >= self._endpoint.peers_limit:
            raise NodeFull(f"this node has {self._endpoint.peers} peers")
        peer = Peer(peer_id, self._endpoint, self)
        peer.wanted_bps = self._wanted_bps
        self.peers[peer_id] = peer
        self._endpoint.peers += 1
        try:
            return await peer.accept(offer, publish=publish, view=view)
        except OfferRefused:
            await self.close_peer(peer_id)
            raise

    def watch(self, peer_id: str, place: int, publisher: str | None) -> None:
        """Show `publisher` in this place of the peer; None shows nobody there.

        Holds also for who comes later.
        """
        self._chosen[peer_id, place] = publisher
        peer = self.peers.get(peer_id)
        if peer is not None:
            for slot in places(peer, place):
                self._show(slot, publisher)

    def publishers(self) -> dict[str, list[str]]:
        """The kinds that each publisher sends now."""
        return {
            peer_id: [source.kind for source in peer.uplink.live()]
            for peer_id, peer in self.peers.items()
            if any(True for _ in peer.uplink.live())
        }

    def sources(self, publisher: str) -> list[Source]:
        """A publisher's live tracks, those of its WHIP resources too."""
        own = [peer for peer_id, peer in self.peers.items() if _belongs(peer_id, publisher)]
        return [source for peer in own for source in peer.uplink.live()]

    def hears(self, peer_id: str) -> bool:
        """Whether the peer is connected and not silent."""
        peer = self.peers.get(peer_id)
        return peer is not None and peer.connected and not peer.silent

    def source_time(self, viewer: str, timestamp: int) -> int | None:
        """The publisher's RTP time of a picture that the viewer has under `timestamp`; None: no picture."""
        peer = self.peers.get(viewer)
        shown = [slot for slot in peer.downlink.slots if slot.kind == "video" and slot.source] if peer else []
        return shown[0].source_time(timestamp) if shown else None

    def newest_video_time(self) -> int | None:
        """The RTP timestamp of the newest picture that anybody publishes."""
        sources = [one for peer in self.peers.values() for one in peer.uplink.live() if one.kind == "video"]
        return next((one.newest_timestamp for one in sources if one.newest_timestamp >= 0), None)

    async def close_peer(self, peer_id: str) -> None:
        """Let a peer go, within 2 s; unknown ids are no error."""
        peer = self.peers.pop(peer_id, None)
        if peer is None:
            return
        self._endpoint.peers -= 1
        for place in [key for key in self._chosen if key[0] == peer_id]:
            del self._chosen[place]
        await peer.close()

    async def close(self) -> None:
        """Let everybody go."""
        await asyncio.gather(*(self.close_peer(peer_id) for peer_id in list(self.peers)))
        if self._closing:
            await asyncio.wait(set(self._closing))

    # what peers tell

    def peer_connected(self, peer: Peer) -> None:
        """Show the new peer what there is."""
        if self.peers.get(peer.peer_id) is not peer:
            return
        for publisher in list(self.peers.values()):
            for source in publisher.uplink.live():
                self._offer(source, peer)
        self._events.connected(peer.peer_id)

    def source_live(self, source: Source) -> None:
        """Show the new track to everybody who has a place for it."""
        for peer in list(self.peers.values()):
            self._offer(source, peer)
        self._events.published(source.publisher, source.kind)

    def channel_opened(self, peer: Peer, channel: Any) -> None:
        """Hand a data channel on."""
        self._events.channel_opened(peer.peer_id, channel)

    def peer_lost(self, peer: Peer, reason: str) -> None:
        """Close it in the background and say why."""
        if self.peers.get(peer.peer_id) is not peer:
            return
        log.info("session %s loses peer %s: %s", self.session_id, peer.peer_id, reason)
        task = asyncio.get_running_loop().create_task(self.close_peer(peer.peer_id))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._events.lost(peer.peer_id, reason)

    def level_changed(self, peer: Peer, direction: str, rung: Rung) -> None:
        """Hand the ladder's step on."""
        self._events.level_changed(peer.peer_id, direction, rung.level, rung.reason)

    # who is shown where

    def _offer(self, source: Source, peer: Peer) -> None:
        """Put a source in the place chosen for it, else in a free one, beside its sound or picture."""
        if source.publisher == peer.peer_id:
            return
        slots = [slot for slot in peer.downlink.slots if slot.kind == source.kind]
        if any(slot.source is source for slot in slots):
            return
        place = self._place_for(source, peer)
        if place is not None and place < len(slots):
            slots[place].watch(source, self._endpoint.now())

    def _place_for(self, source: Source, peer: Peer) -> int | None:
        for place in range(len(peer.downlink.slots)):
            shown = {slot.source.publisher for slot in places(peer, place) if slot.source is not None}
            chosen = self._chosen.get((peer.peer_id, place))
            if source.publisher in shown or (chosen is not None and _belongs(source.publisher, chosen)):
                return place
        for place in range(len(peer.downlink.slots)):
            taken = any(slot.source is not None for slot in places(peer, place))
            if not taken and (peer.peer_id, place) not in self._chosen and places(peer, place):
                return place
        return None

    def _show(self, slot: Slot, publisher: str | None) -> None:
        sources = self.sources(publisher) if publisher is not None else []
        source = next((one for one in sources if one.kind == slot.kind), None)
        slot.watch(source, self._endpoint.now())

    def shows_nothing(self, peer: Peer, slot: Slot, reason: str) -> None:
        """Say whom a place can not show, and why."""
        if slot.source is not None:
            self._events.not_shown(peer.peer_id, slot.source.publisher, reason)

    def _wanted_bps(self, source: Source) -> list[int | None]:
        """What each viewer who gets all of this video can take; None: anything."""
        if source.kind != "video":
            return []
        return [
            peer.downlink.video_bps(peer.downlink.limit_bps)
            for peer in self.peers.values()
            for slot in peer.downlink.slots
            if slot.source is source and peer.down.level == Level.VIDEO
        ]


def places(peer: Peer, place: int) -> list[Slot]:
    """The audio and the video slot of a place, those that there are."""
    by_kind = [[slot for slot in peer.downlink.slots if slot.kind == kind] for kind in ("audio", "video")]
    return [slots[place] for slots in by_kind if 0 <= place < len(slots)]


def _belongs(peer_id: str, party: str) -> bool:
    """Whether the peer is the party's client or one of its resources (PARTY~RESOURCE)."""
    return peer_id == party or peer_id.partition("~")[0] == party
