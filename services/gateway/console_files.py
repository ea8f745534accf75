"""The console's built files at `/`: a path that is no file is the page itself, routing in the browser."""

from __future__ import annotations

import mimetypes
import re
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.problems import ProblemError

CSP = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "media-src 'self' blob:",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
SECURITY_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(self), microphone=(self), geolocation=(self)"),
]
NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Muster</title>"
    "<p>The console is not built here. Run <code>make setup</code>; the API is under /v1."
)
HASHED_FOLDER = "assets"
"""Vite puts a hash into the names of what lies here, so that a browser may keep it for ever."""
_AUTHORITY = re.compile(r"([A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_MEDIA = {".js": "text/javascript", ".mjs": "text/javascript", ".webmanifest": "application/manifest+json"}


class ConsoleFiles:
    """Serves one folder without a token."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    async def answer(self, request: Request) -> Response:
        """A file, or the page; a 404 problem for what looks like a file and is none, and under /v1."""
        path = request.path_params.get("path", "")
        if path == "v1" or path.startswith("v1/"):
            raise ProblemError("not-found", "There is no such route.")
        return await run_in_threadpool(self._find, path)

    def _find(self, path: str) -> Response:
        wanted = (self._folder / path).resolve() if "\0" not in path else self._folder
        if wanted.is_relative_to(self._folder) and wanted.is_file():
            return self._file(wanted)
        if "." in path.rsplit("/", 1)[-1]:
            raise ProblemError("not-found", "There is no such file.")
        page = self._folder / "index.html"
        return self._file(page) if page.is_file() else HTMLResponse(NOT_BUILT)

    def _file(self, path: Path) -> Response:
        media_type = (
            _MEDIA.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        )
        kept = path.parent.name == HASHED_FOLDER
        caching = "public, max-age=31536000, immutable" if kept else "no-cache"
        return FileResponse(path, headers={"Cache-Control": caching}, media_type=media_type)


class SecurityHeaders:
    """ASGI middleware: the same strict headers on everything that leaves; pages may reach relay nodes."""

    def __init__(self, app: ASGIApp, relay_origins: str = "") -> None:
        self._app = app
        self._relays = relay_origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add the headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        headers = self._headers(scope)

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *headers]
            await send(message)

        await self._app(scope, receive, with_headers)

    def _headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        if not self._relays:
            return SECURITY_HEADERS
        host = host_of(dict(scope["headers"]).get(b"host", b"").decode("latin-1"))
        policy = CSP.replace("connect-src 'self'", f"connect-src 'self' {self._relays}")
        return [(b"content-security-policy", policy.replace("{host}", host).encode()), *SECURITY_HEADERS[1:]]


def host_of(authority: str) -> str:
    """The host of a `Host` header without its port; empty where it is no name or address."""
    found = _AUTHORITY.fullmatch(authority)
    return found[1] if found else ""
