"""A session's evidence from this node: its chain, and what lies on this disk, for who may export it."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from schemas.assist_api import EvidenceHere
from services.assist.evidence import CHAIN_NAME, whole_chain
from services.relay.node.link import StoreAway
from services.relay.node.problems import HttpRefused
from services.relay.node.requests import away_of, bearer_of, node_of
from services.relay.recording.disk import CHAIN, CLOSED, PART, SEGMENTS, STILLS, listed
from services.sessions.tokens import BadPartyToken

NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,199}$")
NO_SUCH = "This node has no such file; another may."


def routes(session: str) -> list[Route]:
    """The routes under a session's path."""
    return [
        Route(f"{session}/evidence", here),
        Route(f"{session}/evidence/{CHAIN_NAME}", chain),
        Route(f"{session}/evidence/segments/{{name}}", partial(file, folder=SEGMENTS)),
        Route(f"{session}/evidence/stills/{{name}}", partial(file, folder=STILLS)),
    ]


def _admitted(request: Request) -> str:
    """The session whose evidence the bearer may read; 401 where the token is none for it."""
    session_id: str = request.path_params["session_id"]
    try:
        node_of(request).tokens.read_evidence(bearer_of(request), session_id)
    except BadPartyToken as bad:
        raise HttpRefused(401, "unauthenticated", f"The token opens nothing: {bad}.") from bad
    return session_id


def _folder(request: Request, session_id: str) -> Path | None:
    keeper = node_of(request).keeper
    return keeper.disk.folder_of(session_id) if keeper is not None else None


async def here(request: Request) -> Response:
    """What of the session lies on this node's disk."""
    session_id = _admitted(request)
    folder = _folder(request, session_id)
    found: tuple[list[str], list[str]] = ([], [])
    if folder is not None:
        found = await asyncio.to_thread(listed, folder)
    told = EvidenceHere(session_id=session_id, segments=found[0], stills=found[1])
    return JSONResponse(told.model_dump(mode="json"))


async def chain(request: Request) -> Response:
    """The whole chain with its seal: from Redis, or as it was kept beside the recording."""
    session_id, node = _admitted(request), node_of(request)
    try:
        entries = await node.store.entries_after(session_id, 0)
    except StoreAway as away:
        raise away_of(away) from away
    if entries:
        lines = await asyncio.to_thread(whole_chain, entries, node.signer)
        return Response(lines, media_type="application/jsonl")
    folder = _folder(request, session_id)
    if folder is not None and await asyncio.to_thread((folder / CHAIN).is_file):
        return FileResponse(folder / CHAIN, media_type="application/jsonl")
    raise HttpRefused(404, "not-found", f"There is no session {session_id} here.")


async def file(request: Request, folder: str) -> Response:
    """One segment or still; a still also from Redis, where it was never kept beside a recording."""
    session_id, name = _admitted(request), request.path_params["name"]
    session_folder = _folder(request, session_id)
    if NAME.match(name) is None or name.endswith((PART, CLOSED)):
        raise HttpRefused(404, "not-found", NO_SUCH)
    if session_folder is not None:
        for path in (session_folder / folder / name, session_folder / folder / (name + CLOSED)):
            if await asyncio.to_thread(path.is_file):
                return FileResponse(path, media_type="application/octet-stream")
    if folder == STILLS:
        try:
            found = await node_of(request).store.still(session_id, name)
        except StoreAway as away:
            raise away_of(away) from away
        if found is not None:
            return Response(found[0], media_type="application/octet-stream")
    raise HttpRefused(404, "not-found", NO_SUCH)
