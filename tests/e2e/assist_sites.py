"""Sites without a browser: phones that join over the public API and send small pictures when asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import av
import httpx
import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.e2e.stack import Installation

EVERY_S = 1.0


def small_picture(hue: int, count: int) -> bytes:
    """A JPEG of 320 x 180 that differs by site and by time."""
    canvas = np.full((180, 320, 3), (hue % 200 + 30, 90, 220 - hue % 180), np.uint8)
    canvas[60:120, 20 + count * 8 % 240 :][:, :60] = 235
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 320, 180, "yuvj420p"
    frame = av.VideoFrame.from_ndarray(canvas, format="rgb24").reformat(format="yuvj420p")
    return b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode(None)))


class Site:
    """One phone: joined until `close`, and sending only while it is told that somebody looks."""

    def __init__(self, stack: Installation, region: str, number: int) -> None:
        self.incident = f"INC-{region}-{number}"
        stack.report(region, self.incident)
        self.session_id = str(stack.send("POST", "/sessions", {"incident_id": self.incident})["session_id"])
        joined = stack.send("POST", f"/sessions/{self.session_id}/join", {"role": "technician"})
        self._stills = f"{joined['node_url']}/v1/sessions/{self.session_id}/stills/glance"
        self._number, self._looked_at = number, threading.Event()
        self._open = ExitStack()
        self._socket = self._open.enter_context(connect(joined["signal_url"], open_timeout=20))
        self._socket.send(json.dumps({"type": "hello", "token": joined["token"]}))
        self._ticket = self._heard("welcome")["ticket"]
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._listen, self._show)]
        self._closed = threading.Event()
        for thread in self._threads:
            thread.start()

    def _heard(self, kind: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=20))
            if message["type"] == kind:
                return message

    def _listen(self) -> None:
        try:
            while True:
                told = self._heard("glanced")
                (self._looked_at.set if told["on"] else self._looked_at.clear)()
        except (ConnectionClosed, TimeoutError, EOFError):
            self._closed.set()

    def _show(self) -> None:
        head = {"Authorization": f"Bearer {self._ticket}", "Content-Type": "image/jpeg"}
        count = 0
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not self._closed.wait(EVERY_S):
                if self._looked_at.is_set():
                    count += 1
                    http.put(self._stills, headers=head, content=small_picture(self._number * 29, count))

    def close(self) -> None:
        """Leave."""
        self._closed.set()
        self._open.close()
        for thread in self._threads:
            thread.join(timeout=10)


@contextmanager
def sites(stack: Installation, region: str, count: int) -> Iterator[list[Site]]:
    """So many sites in a region, each about an incident of its own."""
    there: list[Site] = []
    try:
        there.extend(Site(stack, region, number) for number in range(count))
        yield there
    finally:
        for site in there:
            site.close()
