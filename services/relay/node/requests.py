"""What the node's HTTP routes share: the token, the session, a body with an end."""

from __future__ import annotations

from starlette.requests import Request

from services.assist.drafts import NotAllowed
from services.relay.node.link import StoreAway
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.node import Elsewhere, Node
from services.relay.node.problems import HttpRefused
from services.sessions.store import UnknownSession
from services.sessions.tokens import BadPartyToken, Party


def node_of(request: Request) -> Node:
    """The node that this app serves."""
    node: Node = request.app.state.node
    return node


def bearer_of(request: Request) -> str:
    """The token of the Authorization header; 401 where there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise HttpRefused(401, "unauthenticated", "Send Authorization: Bearer <token>.")
    return token.strip()


def ticket_of(request: Request) -> Party:
    """Whose ticket the request carries; 401 where it is none for this session."""
    try:
        return node_of(request).tokens.read_ticket(bearer_of(request), request.path_params["session_id"])
    except BadPartyToken as bad:
        raise HttpRefused(401, "unauthenticated", f"The ticket opens nothing: {bad}.") from bad


async def session_of(request: Request) -> LiveSession:
    """The session of the path where it lives here; a refusal where it does not."""
    session_id = request.path_params["session_id"]
    try:
        return await node_of(request).session(session_id)
    except UnknownSession as unknown:
        raise HttpRefused(404, "not-found", str(unknown)) from unknown
    except Elsewhere as elsewhere:
        raise HttpRefused(
            503, "elsewhere", "The session does not live on this node: join again.", {"Retry-After": "1"}
        ) from elsewhere
    except NotAllowed as ended:
        raise HttpRefused(409, "conflict", ended.detail) from ended
    except (StoreAway, NotStored) as away:
        raise away_of(away) from away


def away_of(error: Exception) -> HttpRefused:
    """The refusal where Redis does not answer."""
    return HttpRefused(503, "redis-away", f"The store does not answer: {error}", {"Retry-After": "1"})


async def body_of(request: Request, limit_bytes: int) -> bytes:
    """The whole body; 413 as soon as it is more than the limit."""
    too_large = HttpRefused(413, "too-large", f"A body may have {limit_bytes} bytes here.")
    announced = request.headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > limit_bytes:
        raise too_large
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > limit_bytes:
            raise too_large
    return bytes(octets)


def content_type_of(request: Request) -> str:
    """The media type without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
