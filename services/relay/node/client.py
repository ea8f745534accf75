"""One connected client: what it is sent, over its WebSocket or its reliable channel, in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import structlog
from starlette.websockets import WebSocketDisconnect

from schemas.assist_client import OPS_BURST, OPS_PER_S, POINTS_BURST, POINTS_PER_S
from schemas.assist_log import PartyRole
from schemas.base import Wire
from services.relay.node.buckets import Bucket, Strikes

log = structlog.get_logger(__name__)

MAX_QUEUED = 2000
HEAVY_PER_S, HEAVY_BURST = 0.5, 6
MAX_CHANNEL_BUFFERED_BYTES = 1024 * 1024

CLOSED_ENDED, CLOSED_NO_HELLO, CLOSED_BAD_TOKEN, CLOSED_UNKNOWN = 1000, 4400, 4401, 4404
CLOSED_NOT_ALLOWED, CLOSED_REPLACED, CLOSED_FLOOD, CLOSED_ELSEWHERE = 4403, 4409, 4429, 4503


class Socket(Protocol):
    """The WebSocket as the client needs it."""

    async def send_text(self, text: str) -> None:
        """Send one frame; raises where the other side is gone."""

    async def close(self, code: int) -> None:
        """Close with a code."""


class Channel(Protocol):
    """A data channel (aiortc's RTCDataChannel)."""

    label: str
    readyState: str  # noqa: N815 - aiortc's own name
    bufferedAmount: int  # noqa: N815

    def send(self, text: str) -> None:
        """Queue one message."""


class Client:
    """A party's connection; `send` never waits, and a client that does not keep up is closed."""

    def __init__(self, party: str, role: PartyRole, socket: Socket) -> None:
        self.party, self.role = party, role
        self.ops = Bucket(OPS_PER_S, OPS_BURST)
        self.points = Bucket(POINTS_PER_S, POINTS_BURST)
        self.heavy = Bucket(HEAVY_PER_S, HEAVY_BURST)
        """For what costs the node much: an offer, and the log sent again."""
        self.strikes = Strikes()
        self.ears: set[asyncio.Task[None]] = set()
        self.reliable: Channel | None = None
        """Set once the client has said on the channel where it goes on."""
        self.lossy: Channel | None = None
        self.closing: int | None = None
        self.said_goodbye = False
        self.on_channel: Callable[[Any], None] = lambda _: None
        """Hears of the data channels that the client opens."""
        self._socket = socket
        self._queue: deque[str] = deque()
        self._most_queued = MAX_QUEUED
        self._wake = asyncio.Event()
        self.closed = asyncio.Event()

    def send(self, message: Wire) -> None:
        """Send over the reliable channel where there is one, else over the WebSocket."""
        text = message.model_dump_json(exclude_none=True)
        channel = self.reliable
        if channel is not None and channel.readyState == "open":
            if channel.bufferedAmount > MAX_CHANNEL_BUFFERED_BYTES:
                self.close(CLOSED_FLOOD)
            else:
                channel.send(text)
        else:
            self._enqueue(text)

    def signal(self, message: Wire) -> None:
        """Send over the WebSocket."""
        self._enqueue(message.model_dump_json(exclude_none=True))

    def replay(self, messages: Sequence[Wire]) -> None:
        """Send what was missed: as much as it is, for it is bounded by the log."""
        if self.reliable is not None and self.reliable.readyState == "open":
            for message in messages:
                self.reliable.send(message.model_dump_json(exclude_none=True))
            return
        self._queue.extend(message.model_dump_json(exclude_none=True) for message in messages)
        self._most_queued = MAX_QUEUED + len(self._queue)
        self._wake.set()

    def point(self, message: Wire) -> None:
        """Send over the lossy channel where there is one and it has nothing waiting."""
        channel = self.lossy
        if channel is not None and channel.readyState == "open":
            if channel.bufferedAmount == 0:
                channel.send(message.model_dump_json(exclude_none=True))
        elif len(self._queue) < 4:
            self._enqueue(message.model_dump_json(exclude_none=True))

    def _enqueue(self, text: str) -> None:
        if len(self._queue) >= self._most_queued:
            self.close(CLOSED_FLOOD)
            return
        self._queue.append(text)
        self._wake.set()

    def drop_channels(self) -> None:
        """Its peer connection is gone: nothing is heard or sent there any more."""
        self.reliable = self.lossy = None
        for ear in self.ears:
            ear.cancel()
        self.ears.clear()

    def close(self, code: int) -> None:
        """Close once what is queued has been sent; the first reason counts."""
        if self.closing is None:
            self.closing = code
            self._wake.set()

    async def write(self) -> None:
        """Send what is queued until closed or the socket is gone."""
        try:
            while self._queue or self.closing is None:
                if self._queue:
                    await self._socket.send_text(self._queue.popleft())
                else:
                    self._wake.clear()
                    await self._wake.wait()
            await self._socket.close(self.closing)
        except (OSError, RuntimeError, WebSocketDisconnect) as error:
            log.debug("client_gone", party=self.party, error=repr(error))
        finally:
            self.closed.set()
