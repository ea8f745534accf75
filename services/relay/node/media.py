"""The media of a live session: the room's peers by party, and what the room tells about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import structlog

from schemas.assist_client import Draw
from schemas.assist_log import Level, PartyRole
from schemas.assist_node import MediaLost
from services.assist import lifecycle
from services.assist.drafts import NotAllowed
from services.assist.ladder import Level as Rung
from services.relay.endpoint import Endpoint
from services.relay.node.live import LiveSession, NotStored
from services.relay.recording.recorder import Recorder
from services.relay.room import Room
from services.sessions.store import StoreRefused

log = structlog.get_logger(__name__)

LEVELS: dict[Rung, Level] = {
    Rung.VIDEO: "video",
    Rung.SLOW: "one_fps",
    Rung.STILLS: "stills",
    Rung.SOUND: "audio",
    Rung.TEXT: "text",
}


class SessionMedia:
    """The room of a session. A peer is named by its party, a WHIP or WHEP resource by PARTY~RESOURCE."""

    def __init__(self, live: LiveSession, endpoint: Endpoint) -> None:
        self.room = Room(live.session_id, endpoint, self)
        self.on_lost: Callable[[str], None] = lambda _: None
        self.recorder: Recorder | None = None
        self._live = live
        self._rungs: dict[tuple[str, str], Rung] = {}
        live.room = self.room

    async def accept(self, peer_id: str, offer: str, role: PartyRole) -> str:
        """The answer for an assist client. Raises OfferRefused, RoomFull, NodeFull."""
        return await self.room.accept_offer(peer_id, offer, publish=role != "observer", view=True)

    def watch(self, party: str, place: int, publisher: str | None) -> None:
        """Show a publisher in a place of the party's offer."""
        self.room.watch(party, place, publisher)

    def anchored(self, party: str, op: Draw) -> Draw:
        """The mark with its frame in the publisher's RTP clock; the newest frame where none was named."""
        rtp = op.anchor.rtp
        if op.anchor.still_id is not None:
            return op
        known = self.room.newest_video_time() if rtp is None else self.room.source_time(party, rtp)
        if known is None or known == rtp:
            return op
        return op.model_copy(update={"anchor": op.anchor.model_copy(update={"rtp": known})})

    # RoomEvents

    def connected(self, peer_id: str) -> None:
        """Nothing hangs on it: `published` and `channel_opened` do."""

    def published(self, peer_id: str, kind: str) -> None:
        """Somebody can be watched now."""
        log.info("published", session_id=self._live.session_id, peer_id=peer_id, kind=kind)
        self._live.show_presence()
        if self.recorder is not None:
            self.recorder.published(peer_id)

    def channel_opened(self, peer_id: str, channel: Any) -> None:
        """The client's reliable or lossy channel."""
        client = self._live.clients.get(peer_id)
        if client is not None:
            client.on_channel(channel)

    def lost(self, peer_id: str, reason: str) -> None:
        """The peer is silent or failed."""
        client = self._live.clients.get(peer_id)
        if client is not None:
            client.drop_channels()
            client.signal(MediaLost(reason=reason[:500]))
        self.on_lost(peer_id)

    def not_shown(self, peer_id: str, publisher: str, reason: str) -> None:
        """The viewer can not be shown this publisher."""
        client = self._live.clients.get(peer_id)
        if client is not None:
            party = publisher.partition("~")[0]
            client.signal(MediaLost(reason=f"{publisher} is not shown: {reason}"[:500], party=party))

    def level_changed(self, peer_id: str, direction: str, level: Rung, reason: str) -> None:  # noqa: ARG002
        """The ladder of a party moved: told to everybody, and logged."""
        party = peer_id.partition("~")[0]
        self._rungs[peer_id, direction] = level
        worst = min(rung for (peer, _), rung in self._rungs.items() if peer.partition("~")[0] == party)
        role = self._live.role_of(party)
        if role is not None and self._live.session.levels.get(party, "video") != LEVELS[worst]:
            self._live.start(self._log_level(party, role, LEVELS[worst]))

    async def _log_level(self, party: str, role: PartyRole, level: Level) -> None:
        try:
            await self._live.commit(lambda _: lifecycle.change_level(party, role, level))
            self._live.show_presence()
        except (NotAllowed, NotStored, StoreRefused) as error:
            log.warning("level_not_logged", party=party, level=level, error=str(error))
