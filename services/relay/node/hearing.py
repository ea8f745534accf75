"""What a client says: read with limits, answered, decided upon; a bad message hurts nobody else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import structlog
from pydantic import ValidationError

from schemas.assist_client import (
    CLIENT_MESSAGES,
    MAX_OP_BYTES,
    MAX_POINTER_BYTES,
    MAX_SIGNAL_BYTES,
    Bye,
    Candidate,
    ClientMessage,
    Draw,
    Hello,
    Offer,
    Operation,
    Ping,
    PointAt,
    Resume,
    Watch,
)
from schemas.assist_node import Answer, Done, Pointed, Pong, Refused
from services.assist.drafts import Actor, Draft, NotAllowed
from services.assist.operations import Asked, decide, done_before
from services.assist.session import Session
from services.relay.node.client import CLOSED_ENDED, CLOSED_FLOOD, Channel, Client
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.media import SessionMedia
from services.relay.room import NodeFull, OfferRefused, RoomFull
from services.sessions.store import Fenced, LogFull

log = structlog.get_logger(__name__)

MAX_WAITING = 256
"""Messages of one data channel that may wait for the store."""


class Hearing:
    """Hears one client of one session. `hear` is called once a message, in order."""

    def __init__(self, live: LiveSession, media: SessionMedia, client: Client) -> None:
        self._live, self._media, self._client = live, media, client

    async def hear(self, raw: str | bytes, channel: Channel | None = None) -> None:
        """Take one message in; what is wrong with it is told, and too much of that closes the client."""
        message = self._read(raw, channel)
        if message is None:
            return
        self._client.strikes.forgive()
        if isinstance(message, PointAt):
            self._point(message)
        elif isinstance(message, Ping):
            self._reply(Pong(t=message.t), channel)
        elif isinstance(message, Resume):
            await self._resume(message, channel)
        elif isinstance(message, Watch):
            self._media.watch(self._client.party, message.place, message.party)
        elif isinstance(message, Offer | Candidate | Bye | Hello):
            await self._signal(message)
        else:
            await self._operate(message, channel)

    def _read(self, raw: str | bytes, channel: Channel | None) -> ClientMessage | None:
        text = raw if isinstance(raw, str) else None
        limit = MAX_SIGNAL_BYTES if channel is None else MAX_OP_BYTES
        if channel is not None and channel is self._client.lossy:
            limit = MAX_POINTER_BYTES
        if text is None or len(text) > limit or len(text.encode("utf-8", "replace")) > limit:
            self._refuse("too_large", f"A message is text of at most {limit} bytes.", channel, strike=True)
            return None
        try:
            message = CLIENT_MESSAGES.validate_json(text)
        except (ValidationError, ValueError, RecursionError) as error:
            self._refuse("malformed", _first_fault(error), channel, strike=True)
            return None
        if not self._belongs(message, channel):
            self._refuse("malformed", "This message does not belong on this channel.", channel, strike=True)
            return None
        if not isinstance(message, Offer) and len(text) > MAX_OP_BYTES:
            detail = f"An operation has at most {MAX_OP_BYTES} bytes."
            self._refuse("too_large", detail, channel, strike=True)
            return None
        bucket = self._client.points if isinstance(message, PointAt) else self._client.ops
        if isinstance(message, Offer | Resume):
            bucket = self._client.heavy
        if not bucket.take(time.monotonic()):
            if not isinstance(message, PointAt):
                op_id = getattr(message, "op_id", None)
                self._refuse("too_many", "More than the limit a second.", channel, op_id, strike=True)
            elif self._client.strikes.add():
                self._client.close(CLOSED_FLOOD)
            return None
        return message

    def _belongs(self, message: ClientMessage, channel: Channel | None) -> bool:
        """Signalling goes over the WebSocket alone, and over the lossy channel nothing but pointers."""
        if channel is None:
            return True
        if channel is self._client.lossy:
            return isinstance(message, PointAt)
        return not isinstance(message, Offer | Candidate | Bye | Hello | Watch)

    def _reply(self, message: Any, channel: Channel | None) -> None:
        """Answer where the message came from."""
        if channel is None:
            self._client.signal(message)
        elif channel.readyState == "open":
            channel.send(message.model_dump_json(exclude_none=True))

    def _refuse(
        self,
        reason: str,
        detail: str,
        channel: Channel | None,
        op_id: str | None = None,
        *,
        strike: bool = False,
    ) -> None:
        if channel is None or channel is not self._client.lossy:
            self._reply(Refused(reason=reason, detail=detail[:500], op_id=op_id), channel)
        if strike and self._client.strikes.add():
            log.warning("client_floods", session_id=self._live.session_id, party=self._client.party)
            self._client.close(CLOSED_FLOOD)

    def _point(self, message: PointAt) -> None:
        """Hand a pointer on; nothing of it is kept."""
        if self._client.role == "observer":
            return
        told = Pointed(party=self._client.party, x=message.x, y=message.y, rtp=message.rtp)
        for other in list(self._live.clients.values()):
            if other is not self._client:
                other.point(told)

    async def _resume(self, message: Resume, channel: Channel | None) -> None:
        """Send again what came after; from here on over the channel that it was asked on."""
        try:
            await self._live.replay_to(self._client, message.after, channel)
        except NotStored as away:
            self._refuse("not_stored", str(away), channel)

    async def _signal(self, message: Offer | Candidate | Bye | Hello) -> None:
        if isinstance(message, Offer):
            await self._answer(message)
        elif isinstance(message, Bye):
            self._client.said_goodbye = True
            self._client.close(CLOSED_ENDED)
        elif isinstance(message, Hello):
            self._refuse("malformed", "You have said hello before.", None, strike=True)
        # A candidate needs nothing: the relay is reachable, and learns the client's address from its checks.

    async def _answer(self, message: Offer) -> None:
        client = self._client
        client.drop_channels()
        try:
            answer = await self._media.accept(client.party, message.sdp, client.role)
        except OfferRefused as refused:
            self._refuse("bad_sdp", str(refused), None, strike=True)
        except (RoomFull, NodeFull) as full:
            self._refuse("full", str(full), None)
        else:
            client.signal(Answer(sdp=answer))

    async def _operate(self, op: Operation, channel: Channel | None) -> None:
        """Decide, log, tell everybody; the author hears `done` or why not."""
        client = self._client
        actor = Actor(client.party, client.role)
        if isinstance(op, Draw):
            op = self._media.anchored(client.party, op)
        asked = Asked(actor, self._live.present)

        def once(session: Session) -> list[Draft]:
            return [] if done_before(session, actor, op) is not None else decide(session, asked, op)

        try:
            await self._live.commit(once)
        except NotAllowed as refused:
            self._refuse(refused.reason, refused.detail, channel, op.op_id)
        except LogFull as full:
            self._refuse("log_full", str(full), channel, op.op_id)
        except NotStored as away:
            self._refuse("not_stored", str(away), channel, op.op_id)
        except Fenced:
            self._refuse("moved", "The session lives on another node by now: join again.", channel, op.op_id)
        else:
            self._reply(Done(op_id=op.op_id, seq=done_before(self._live.session, actor, op)), channel)


def _first_fault(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}" if where else str(first["msg"])
    return "This is no JSON that can be read."


class ChannelEar:
    """Hears a data channel: its messages wait in a queue with an end, so that a flood stalls nobody else."""

    def __init__(self, hearing: Hearing, client: Client, channel: Channel) -> None:
        self._hearing, self._client, self._channel = hearing, client, channel
        self._waiting: asyncio.Queue[str | bytes] = asyncio.Queue(MAX_WAITING)

    def take(self, raw: str | bytes) -> None:
        """A message came; must not wait."""
        try:
            self._waiting.put_nowait(raw)
        except asyncio.QueueFull:
            self._client.close(CLOSED_FLOOD)

    async def run(self) -> None:
        """Hear one after the other until the client is closed."""
        while self._client.closing is None:
            await self._hearing.hear(await self._waiting.get(), self._channel)
