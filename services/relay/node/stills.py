"""Stills: the technician's phone uploads the frozen frame, or a small one for a bad link; all fetch them."""

from __future__ import annotations

import hashlib

from starlette.requests import Request
from starlette.responses import Response

from schemas.assist_node import StillArrived
from services.assist.drafts import Actor, NotAllowed
from services.assist.images import NoPicture, picture_of
from services.assist.operations import Still, freeze_with
from services.relay.node.link import StoreAway
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.problems import HttpRefused
from services.relay.node.requests import (
    away_of,
    bearer_of,
    body_of,
    content_type_of,
    node_of,
    session_of,
    ticket_of,
)
from services.sessions.store import StoreRefused
from services.sessions.tokens import BadPartyToken, Party

MAX_STILL_BYTES = 8 * 1024 * 1024
MAX_SMALL_BYTES = 64 * 1024
LADDER, GLANCE = "ladder", "glance"
RTP_MAX = 2**32 - 1


async def put(request: Request) -> Response:
    """Upload a still that was asked for, or the newest small picture for the ladder or a glance."""
    party, still_id = ticket_of(request), request.path_params["still_id"]
    live = await session_of(request)
    if live.role_of(party.subject) != "technician":
        raise HttpRefused(403, "forbidden", "The technician's phone uploads stills.")
    limit = MAX_SMALL_BYTES if still_id in (LADDER, GLANCE) else MAX_STILL_BYTES
    octets = await body_of(request, limit)
    try:
        picture = picture_of(octets)
    except NoPicture as refused:
        raise HttpRefused(415, "unsupported", str(refused)) from refused
    if content_type_of(request) != picture.media_type:
        raise HttpRefused(415, "unsupported", f"The body is {picture.media_type}; say so.")
    if still_id == GLANCE:
        live.glances.take(octets, picture.media_type)
        return Response(status_code=204)
    if still_id == LADDER:
        live.ladder_still = (octets, picture.media_type)
        path = f"/v1/sessions/{live.session_id}/stills/{LADDER}"
        live.broadcast(StillArrived(path=path, at=live.now()))
        return Response(status_code=204)
    still = Still(
        still_id=still_id,
        sha256=hashlib.sha256(octets).hexdigest(),
        octets=len(octets),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        rtp=_rtp(request),
    )
    return await _freeze(live, party, still, octets)


def _rtp(request: Request) -> int:
    text = request.query_params.get("rtp", "0")
    if not (text.isdecimal() and len(text) <= 10 and int(text) <= RTP_MAX):
        raise HttpRefused(400, "bad-request", "rtp is an RTP timestamp: 0 to 4294967295.")
    return int(text)


async def _freeze(live: LiveSession, party: Party, still: Still, octets: bytes) -> Response:
    if live.session.freeze_asked != still.still_id:
        raise HttpRefused(409, "conflict", f"The still {still.still_id} is not waited for.")
    actor = Actor(party.subject, "technician")
    try:
        await live.store.keep_still(live.session_id, still.still_id, octets, still.media_type)
        await live.commit(lambda session: freeze_with(session, actor, still))
    except NotAllowed as refused:
        raise HttpRefused(409, "conflict", refused.detail) from refused
    except (StoreAway, NotStored) as away:
        raise away_of(away) from away
    except StoreRefused as refused:
        raise HttpRefused(409, "conflict", str(refused)) from refused
    location = f"/v1/sessions/{live.session_id}/stills/{still.still_id}"
    return Response(status_code=201, headers={"Location": location, "ETag": f'"{still.sha256}"'})


async def get(request: Request) -> Response:
    """A still's bytes; it never changes, so a page may keep it."""
    party, still_id = ticket_of(request), request.path_params["still_id"]
    live = await session_of(request)
    if live.role_of(party.subject) is None:
        raise HttpRefused(403, "forbidden", "Join the session first.")
    if still_id == LADDER:
        found, caching = live.ladder_still, "no-store"
    else:
        caching = "private, max-age=86400, immutable"
        try:
            found = await live.store.still(live.session_id, still_id)
        except StoreAway as away:
            raise away_of(away) from away
    if found is None:
        raise HttpRefused(404, "not-found", "There is no such still.")
    headers = {"Cache-Control": caching, "X-Content-Type-Options": "nosniff"}
    return Response(found[0], headers=headers, media_type=found[1])


async def glance(request: Request) -> Response:
    """The newest small picture for somebody who has not come: 204 until the phone has sent one."""
    node, session_id = node_of(request), request.path_params["session_id"]
    try:
        node.tokens.read_glance(bearer_of(request), session_id)
    except BadPartyToken as bad:
        raise HttpRefused(401, "unauthenticated", f"The token shows nothing: {bad}.") from bad
    live = await session_of(request)
    live.glances.look()
    newest = live.glances.newest
    if newest is None:
        return Response(status_code=204, headers={"Cache-Control": "no-store"})
    headers = {
        "Cache-Control": "no-cache, private",
        "ETag": f'"{newest.tag}"',
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(newest.octets, headers=headers, media_type=newest.media_type)
