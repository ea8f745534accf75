"""The WebSocket of an assist client: hello, then messages both ways until one side goes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import structlog
from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from schemas.assist_client import (
    CLIENT_MESSAGES,
    LOSSY_CHANNEL,
    RELIABLE_CHANNEL,
    SUBPROTOCOL,
    TOKEN_SUBPROTOCOL,
    Hello,
)
from schemas.assist_node import Limits, Moved, Refused, Welcome
from schemas.base import Wire
from services.assist.drafts import NotAllowed
from services.assist.session import Session
from services.relay.node.client import (
    CLOSED_BAD_TOKEN,
    CLOSED_ELSEWHERE,
    CLOSED_ENDED,
    CLOSED_NO_HELLO,
    CLOSED_NOT_ALLOWED,
    CLOSED_UNKNOWN,
    Client,
)
from services.relay.node.hearing import ChannelEar, Hearing
from services.relay.node.keepalive import ALIVE
from services.relay.node.link import StoreAway
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.node import Elsewhere, Node, NodeBusy
from services.relay.node.stills import MAX_STILL_BYTES
from services.sessions.store import Fenced, LogFull, UnknownSession
from services.sessions.tokens import BadPartyToken, Party, spend

log = structlog.get_logger(__name__)

HELLO_WITHIN_S = 10.0
MAX_STRANGERS = 200
"""Connections that have not said hello."""


class NotWelcome(Exception):
    """Why a connection is closed before it began."""

    def __init__(self, code: int, message: Wire) -> None:
        super().__init__(str(code))
        self.code, self.message = code, message


async def signal(socket: WebSocket) -> None:
    """Serve one connection."""
    node: Node = socket.app.state.node
    offered: list[str] = socket.scope.get("subprotocols", [])
    await socket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
    try:
        node.strangers += 1
        try:
            if node.strangers > MAX_STRANGERS:
                raise NotWelcome(CLOSED_ELSEWHERE, Refused(reason="busy", detail="Try again in a moment."))
            hello = await _hello(socket)
        finally:
            node.strangers -= 1
        party = await _party(node, socket.path_params["session_id"], hello, offered)
        live = await _session(node, party)
        client = Client(party.subject, party.role, socket)
        await _admit(node, live, client, hello.after)
    except NotWelcome as refusal:
        await _turn_away(socket, refusal)
        return
    except WebSocketDisconnect:
        return
    await _serve(node, live, client, socket)


async def _turn_away(socket: WebSocket, refusal: NotWelcome) -> None:
    try:
        await socket.send_text(refusal.message.model_dump_json(exclude_none=True))
        await socket.close(refusal.code)
    except (WebSocketDisconnect, RuntimeError, OSError) as error:
        log.debug("gone_before_refused", error=repr(error))


async def _hello(socket: WebSocket) -> Hello:
    bad = NotWelcome(CLOSED_NO_HELLO, Refused(reason="malformed", detail="The first message is hello."))
    try:
        async with asyncio.timeout(HELLO_WITHIN_S):
            message = await socket.receive()
        if message["type"] != "websocket.receive":
            raise WebSocketDisconnect
        first = CLIENT_MESSAGES.validate_json(message.get("text") or "")
    except (TimeoutError, ValidationError, ValueError, RecursionError) as error:
        raise bad from error
    if not isinstance(first, Hello):
        raise bad
    return first


async def _party(node: Node, session_id: str, hello: Hello, offered: list[str]) -> Party:
    token = hello.token or next(
        (word[len(TOKEN_SUBPROTOCOL) :] for word in offered if word.startswith(TOKEN_SUBPROTOCOL)), ""
    )
    try:
        party = node.tokens.read_token(token, session_id)
        await spend(node.redis.ask, node.settings.topic_prefix, party)
    except BadPartyToken as bad:
        raise NotWelcome(CLOSED_BAD_TOKEN, Refused(reason="bad_token", detail=str(bad))) from bad
    except StoreAway as away:
        raise NotWelcome(CLOSED_ELSEWHERE, Refused(reason="not_stored", detail=str(away))) from away
    return party


async def _session(node: Node, party: Party) -> LiveSession:
    try:
        node.require_room()
        return await node.session(party.session_id)
    except UnknownSession as unknown:
        raise NotWelcome(CLOSED_UNKNOWN, Refused(reason="unknown_session", detail=str(unknown))) from unknown
    except NotAllowed as ended:
        raise NotWelcome(CLOSED_ENDED, Refused(reason=ended.reason, detail=ended.detail)) from ended
    except NodeBusy as busy:
        raise NotWelcome(CLOSED_ELSEWHERE, Refused(reason="full", detail=str(busy))) from busy
    except Elsewhere as elsewhere:
        raise NotWelcome(CLOSED_ELSEWHERE, Moved()) from elsewhere
    except (StoreAway, NotStored) as away:
        raise NotWelcome(CLOSED_ELSEWHERE, Refused(reason="not_stored", detail=str(away))) from away


async def _admit(node: Node, live: LiveSession, client: Client, after: int) -> None:
    def greeting(session: Session) -> Welcome:
        view = session.view(live.present | {client.party})
        return Welcome(
            you=next(party for party in view.parties if party.party == client.party),
            session=view,
            node=node.name,
            ticket=node.tokens.ticket(session.session_id, client.party, client.role),
            ice_servers=node.settings.ice_servers(client.party, datetime.now(UTC).timestamp()),
            limits=Limits(still_bytes=MAX_STILL_BYTES),
        )

    try:
        await live.admit(client, after, greeting)
    except NotAllowed as refused:
        told = Refused(reason=refused.reason, detail=refused.detail)
        raise NotWelcome(CLOSED_NOT_ALLOWED, told) from refused
    except Fenced as fenced:
        raise NotWelcome(CLOSED_ELSEWHERE, Moved()) from fenced
    except (LogFull, NotStored, StoreAway) as error:
        raise NotWelcome(CLOSED_ELSEWHERE, Refused(reason="not_stored", detail=str(error))) from error
    live.show_presence()


async def _serve(node: Node, live: LiveSession, client: Client, socket: WebSocket) -> None:
    """Read and write until either ends; the session goes on without this client."""
    hearing = Hearing(live, node.media[live.session_id], client)
    socket.scope[ALIVE] = lambda: node.hears(live.session_id, client.party)
    client.on_channel = lambda channel: _attach(client, hearing, channel)
    reading = asyncio.create_task(_read(socket, hearing, client))
    writing = asyncio.create_task(client.write())
    try:
        await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        client.close(CLOSED_ENDED)
        reading.cancel()
        await asyncio.wait({writing}, timeout=1.0)
        writing.cancel()
        for ended in await asyncio.gather(reading, writing, return_exceptions=True):
            if isinstance(ended, Exception):
                log.error("client_crashed", session_id=live.session_id, party=client.party, exc_info=ended)
        client.drop_channels()
        await node.detach(live, client)


async def _read(socket: WebSocket, hearing: Hearing, client: Client) -> None:
    while client.closing is None:
        try:
            message = await socket.receive()
        except RuntimeError:  # starlette's word for a socket that was closed meanwhile
            return
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        await hearing.hear(text if text is not None else message.get("bytes") or b"")


def _attach(client: Client, hearing: Hearing, channel: Any) -> None:
    """One of the client's data channels has opened."""
    if channel.label not in (RELIABLE_CHANNEL, LOSSY_CHANNEL):
        return
    if channel.label == LOSSY_CHANNEL:
        client.lossy = channel
    ear = ChannelEar(hearing, client, channel)
    channel.on("message", ear.take)
    client.ears.add(asyncio.create_task(ear.run()))
