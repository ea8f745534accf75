"""WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep, experimental): one offer in, one answer out, one resource.

The node's candidates are all in the answer and it learns the client's from ICE checks, so a trickled
candidate (RFC 8840) is accepted and nothing is to be done. ICE restarts are refused with 422.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from schemas.assist_node import IceServer
from services.assist import lifecycle
from services.assist.drafts import NotAllowed
from services.relay.node.link import StoreAway
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.node import Node, NodeBusy
from services.relay.node.problems import HttpRefused
from services.relay.node.requests import (
    away_of,
    bearer_of,
    body_of,
    content_type_of,
    node_of,
    session_of,
)
from services.relay.node.resource import Kind, Resource
from services.relay.room import NodeFull, OfferRefused, RoomFull
from services.sessions.store import StoreRefused
from services.sessions.tokens import BadPartyToken, Party, spend

SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"
MAX_SDP_BYTES = 64 * 1024
_UFRAG = re.compile(r"^a=ice-ufrag:(\S+)\s*$", re.MULTILINE)


def described(kind: Kind) -> Response:
    """What the endpoint takes (RFC 9725 section 4.2)."""
    headers = {"Accept-Post": SDP, "Allow": "OPTIONS, POST"}
    if kind == "whep":
        headers["Muster-Experimental"] = "draft-ietf-wish-whep"
    return Response(status_code=204, headers=headers)


async def create(request: Request, kind: Kind) -> Response:
    """POST: 201 with the answer, Location, ETag and the ICE servers."""
    node, token = node_of(request), bearer_of(request)
    if content_type_of(request) != SDP:
        raise HttpRefused(415, "unsupported", f"Send the offer as {SDP}.", {"Accept-Post": SDP})
    offer = _text(await body_of(request, MAX_SDP_BYTES))
    try:
        party = node.tokens.read_token(token, request.path_params["session_id"])
        if kind == "whip" and party.role == "observer":
            raise HttpRefused(403, "forbidden", "An observer publishes nothing.")
        live = await session_of(request)
        node.require_room()
        await spend(node.redis.ask, node.settings.topic_prefix, party)
    except BadPartyToken as bad:
        raise HttpRefused(401, "unauthenticated", f"The token opens nothing: {bad}.") from bad
    except NodeBusy as full:
        raise HttpRefused(503, "full", str(full), {"Retry-After": "1"}) from full
    except StoreAway as away:
        raise away_of(away) from away
    return await _created(node, live, party, kind, offer)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise HttpRefused(400, "bad-sdp", "The offer is not UTF-8.") from error


async def _created(node: Node, live: LiveSession, party: Party, kind: Kind, offer: str) -> Response:
    name = secrets.token_urlsafe(12)
    answer = await _answered(node, live, kind, f"{party.subject}~{name}", offer)
    try:
        await live.commit(lambda session: lifecycle.join(session, party.subject, party.role))
    except (NotAllowed, StoreRefused, NotStored) as refused:
        await node.media[live.session_id].room.close_peer(f"{party.subject}~{name}")
        raise HttpRefused(409, "conflict", str(refused)) from refused
    found = _UFRAG.search(offer)
    resource = Resource(
        party.subject, party.token_id, kind, f'"{secrets.token_hex(8)}"', found[1] if found else ""
    )
    live.resources[name] = resource
    live.stay(party.subject)
    live.show_presence()
    headers = {
        "Location": f"/v1/sessions/{live.session_id}/{kind}/{name}",
        "ETag": resource.etag,
        "Cache-Control": "no-store",
    }
    response = Response(answer, 201, headers, media_type=SDP)
    for server in node.settings.ice_servers(party.subject, datetime.now(UTC).timestamp()):
        for link in _links(server):
            response.headers.append("Link", link)
    return response


async def _answered(node: Node, live: LiveSession, kind: Kind, peer_id: str, offer: str) -> str:
    room = node.media[live.session_id].room
    try:
        return await room.accept_offer(peer_id, offer, publish=kind == "whip", view=kind == "whep")
    except OfferRefused as refused:
        raise HttpRefused(400, "bad-sdp", str(refused)) from refused
    except (RoomFull, NodeFull) as full:
        raise HttpRefused(503, "full", str(full), {"Retry-After": "1"}) from full


def _links(server: IceServer) -> list[str]:
    """The Link values of an ICE server (RFC 9725 section 4.6)."""
    more = ""
    if server.username is not None:
        more = f'; username="{server.username}"; credential="{server.credential}"; credential-type="password"'
    return [f'<{url}>; rel="ice-server"{more}' for url in server.urls]


async def _resource_of(request: Request, kind: Kind, *, left: bool) -> tuple[LiveSession, str, Resource]:
    """The resource of the path, with `left` also one whose peer is gone.

    Only the token that made it reaches it, also after it has expired.
    """
    node, token = node_of(request), bearer_of(request)
    session_id, name = request.path_params["session_id"], request.path_params["resource"]
    try:
        party = node.tokens.read_token(token, session_id, expired=True)
    except BadPartyToken as bad:
        raise HttpRefused(401, "unauthenticated", f"The token opens nothing: {bad}.") from bad
    live = node.live.get(session_id)
    known = {} if live is None else {**live.left, **live.resources} if left else live.resources
    resource = known.get(name)
    if live is None or resource is None or resource.kind != kind:
        raise HttpRefused(404, "not-found", "There is no such resource, or not any more.")
    if resource.token_id != party.token_id:
        raise HttpRefused(403, "forbidden", "This resource was made with another token.")
    return live, name, resource


async def trickle(request: Request, kind: Kind) -> Response:
    """PATCH: candidates 204; an ICE restart 422, and the session is kept (RFC 9725 section 4.3).

    WHEP clients in use (whip-whep 1.2) send no If-Match: there the user name says which ICE session is meant.
    """
    _, _, resource = await _resource_of(request, kind, left=False)
    if content_type_of(request) != FRAGMENT:
        raise HttpRefused(415, "unsupported", f"Send {FRAGMENT}.", {"Accept-Patch": FRAGMENT})
    fragment = _text(await body_of(request, MAX_SDP_BYTES))
    matches = request.headers.get("if-match")
    found = _UFRAG.search(fragment)
    restart = found is not None and found[1] != resource.ufrag
    if matches is None and found is not None and kind == "whep":
        matches = resource.etag
    if matches is None and not restart:
        raise HttpRefused(428, "precondition-required", "Send If-Match with the ETag.")
    if restart:
        raise HttpRefused(422, "no-restart", "ICE restarts are not spoken here: make a new resource.")
    if matches not in ("*", resource.etag):
        raise HttpRefused(412, "stale", "The ETag is not this ICE session's.")
    if "a=candidate:" not in fragment and "a=end-of-candidates" not in fragment:
        raise HttpRefused(400, "bad-sdp", "The fragment has no candidate.")
    return Response(status_code=204, headers={"ETag": resource.etag})


async def delete(request: Request, kind: Kind) -> Response:
    """DELETE: the peer is closed; 200, also where it closed its connection just before."""
    live, name, resource = await _resource_of(request, kind, left=True)
    node = node_of(request)
    node.drop_resource(live, name, "said_goodbye")
    await node.media[live.session_id].room.close_peer(f"{resource.party}~{name}")
    return Response(status_code=200)
