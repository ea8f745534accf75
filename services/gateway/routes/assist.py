"""Remote-assist sessions: opened about an incident, joined by right, code or ticket, led, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from schemas.answers import FieldError
from schemas.assist_api import (
    BatonBody,
    ConsentBody,
    EndBody,
    ExportPass,
    JoinBody,
    Joined,
    SessionBody,
    SessionOpened,
)
from schemas.assist_log import PartyRole
from schemas.assist_node import SessionView
from schemas.base import Id
from services.assist import lifecycle
from services.assist.drafts import Actor
from services.assist.session import Session
from services.gateway.access import Caller, GuardedRoute, Parts, Visitor, require_region
from services.gateway.commands import Asked, AskedBy
from services.gateway.console_files import host_of
from services.gateway.parts import Gateway
from services.gateway.problems import ProblemError, invalid_fields
from services.gateway.routes.answers import json_answer
from services.gateway.routes.incidents import visible_incident
from services.gateway.shown import OPEN
from services.gateway.stored_answers import StoredAnswer
from services.gateway.tokens import Identity
from services.sessions.join_codes import CODE_TTL_S
from services.sessions.tokens import BadPartyToken

router = APIRouter(prefix="/v1", route_class=GuardedRoute, tags=["remote assist"])
SessionId = Annotated[Id, Path()]
CODES_PER_S, CODES_BURST = 0.2, 20
_NO_CODE = "The code is wrong, has expired, or was used too often."


@router.post("/sessions", response_model=SessionOpened, status_code=201)
async def open_session(body: SessionBody, caller: Caller, gateway: Parts, asked: AskedBy) -> Response:
    """Open a session about an incident that is not over; the code lets somebody in without a token."""
    incident = await visible_incident(gateway, caller, body.incident_id)
    if incident["state"] not in OPEN:
        raise ProblemError("conflict", f"The incident is {incident['state']}.", incident_id=body.incident_id)
    admits: PartyRole = body.code_admits or ("expert" if caller.role == "technician" else "technician")
    session = Session(f"ses-{asked.event_id[:20]}", body.incident_id, incident["region"])

    async def answer() -> StoredAnswer:
        actor = Actor(caller.subject, _author_role(caller))
        await gateway.assist.open(session, lifecycle.open_session(actor, incident.get("engineer_id")))
        code = await gateway.assist.codes.issue(session.session_id, admits)
        opened = SessionOpened(
            session_id=session.session_id,
            incident_id=body.incident_id,
            code=code,
            code_admits=admits,
            expires_at=datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=CODE_TTL_S),
        )
        return _stored(201, opened.model_dump_json(), f"/v1/sessions/{session.session_id}")

    return await gateway.commands.once(asked, answer)


def _author_role(caller: Identity) -> Any:
    return caller.role if caller.role in ("technician", "expert") else "dispatcher"


def _stored(status: int, body: str, location: str = "") -> StoredAnswer:
    return StoredAnswer(status, "application/json", body.encode(), location)


@router.post("/sessions/join", response_model=Joined)
async def join_by_code(
    body: JoinBody, request: Request, visitor: Visitor, gateway: Parts, asked: AskedBy
) -> Response:
    """Join the session that a code is of, where nothing but the code is known."""
    return await _join(None, body, request, visitor, gateway, asked)


@router.post("/sessions/{session_id}/join", response_model=Joined)
async def join_session(
    session_id: SessionId,
    body: JoinBody,
    request: Request,
    visitor: Visitor,
    gateway: Parts,
    asked: AskedBy,
) -> Response:
    """Be told where the session lives, and get a token that opens one connection there within a minute."""
    return await _join(session_id, body, request, visitor, gateway, asked)


async def _join(
    session_id: str | None,
    body: JoinBody,
    request: Request,
    visitor: Identity | None,
    gateway: Gateway,
    asked: Asked,
) -> Response:
    async def answer() -> StoredAnswer:
        found = session_id
        if body.code is not None:
            address = request.client.host if request.client else "unknown"
            found, subject, role = await _by_code(session_id, body.code, address, visitor, gateway, asked)
        elif found is None:
            raise invalid_fields([FieldError(field="code", detail="say which session: its code")])
        elif body.ticket is not None:
            subject, role = _by_ticket(found, body.ticket, gateway)
        else:
            subject, role = await _by_right(found, body.role, visitor, gateway)
        session = await gateway.assist.load(found)
        if not session.is_open:
            raise ProblemError("conflict", "The session has ended.", reason="not_open")
        host = host_of(request.headers.get("host", ""))
        joined = await gateway.assist.admit(found, subject, role, body.lost_node, host)
        return _stored(200, joined.model_dump_json())

    return await gateway.commands.once(asked, answer)


async def _by_code(
    session_id: str | None,
    code: str,
    address: str,
    visitor: Identity | None,
    gateway: Gateway,
    asked: Asked,
) -> tuple[str, str, PartyRole]:
    gateway.rates.take(f"codes {address}", CODES_PER_S, CODES_BURST)
    admission = await gateway.assist.codes.redeem(code)
    if admission is None or session_id not in (None, admission.session_id):
        raise ProblemError("forbidden", _NO_CODE, reason="bad_code")
    subject = visitor.subject if visitor is not None else f"guest-{asked.event_id[:12]}"
    return admission.session_id, subject, admission.role


def _by_ticket(session_id: str, ticket: str, gateway: Gateway) -> tuple[str, PartyRole]:
    try:
        party = gateway.assist.tokens.read_ticket(ticket, session_id)
    except BadPartyToken as bad:
        raise ProblemError("forbidden", f"The ticket opens nothing: {bad}.", reason="bad_ticket") from bad
    return party.subject, party.role


async def _by_right(
    session_id: str, wanted: PartyRole | None, visitor: Identity | None, gateway: Gateway
) -> tuple[str, PartyRole]:
    """Come as what one's role may be here; a problem where that is nothing."""
    if visitor is None:
        challenge = {"WWW-Authenticate": 'Bearer realm="muster"'}
        raise ProblemError("unauthenticated", "Send a token, a code or a ticket.", challenge)
    session = await gateway.assist.load(session_id)
    await _require_visible(session, visitor, gateway)
    may: dict[str, tuple[PartyRole, ...]] = {
        "technician": ("technician",),
        "expert": ("expert", "observer"),
        "dispatcher": ("observer", "expert"),
        "lead": ("observer", "expert"),
        "service": ("observer", "expert", "technician"),
    }
    roles = may.get(visitor.role, ())
    role = wanted or (roles[0] if roles else None)
    if role is None or role not in roles:
        raise ProblemError("forbidden", f"The role {visitor.role} can not come as {wanted or 'anything'}.")
    return visitor.subject, role


async def _require_visible(session: Session, caller: Identity, gateway: Gateway) -> None:
    """A problem where the session is none of the caller's: by region, or the technician's own incident."""
    if caller.subject in session.parties:
        return
    if caller.role == "technician":
        view = await gateway.shown.incident(session.incident_id, session.region)
        if caller.subject not in (session.technician, (view or {}).get("engineer_id")):
            raise ProblemError("not-found", f"There is no session {session.session_id}.")
    else:
        require_region(caller, session.region)


@router.get("/sessions/{session_id}", response_model=SessionView)
async def read_session(session_id: SessionId, caller: Caller, gateway: Parts) -> Response:
    """A session as it stands."""
    session = await gateway.assist.load(session_id)
    await _require_visible(session, caller, gateway)
    return json_answer(session.view().model_dump(mode="json", exclude_none=True))


async def _change(session_id: str, caller: Identity, gateway: Gateway, asked: Asked, decide: Any) -> Response:
    session = await gateway.assist.load(session_id)
    await _require_visible(session, caller, gateway)

    async def answer() -> StoredAnswer:
        after, _ = await gateway.assist.change(
            session_id, lambda now: decide(now, Actor(caller.subject, _role_in(now, caller)))
        )
        return _stored(200, after.view().model_dump_json(exclude_none=True))

    return await gateway.commands.once(asked, answer)


def _role_in(session: Session, caller: Identity) -> Any:
    """What the caller is in the session; who watches over it from outside acts as a dispatcher."""
    outside = "dispatcher" if caller.role in ("dispatcher", "lead", "service") else caller.role
    return session.parties.get(caller.subject, outside)


@router.post("/sessions/{session_id}/baton", response_model=SessionView)
async def pass_baton(
    session_id: SessionId, body: BatonBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Hand the lead to another expert of the session; the session goes on."""
    return await _change(
        session_id,
        caller,
        gateway,
        asked,
        lambda now, actor: lifecycle.pass_baton(now, actor, body.to, now.parties),
    )


@router.post("/sessions/{session_id}/consent", response_model=SessionView)
async def consent(
    session_id: SessionId, body: ConsentBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """Ask for consent to a recording, give it, or withdraw it: then recording stops."""
    return await _change(
        session_id,
        caller,
        gateway,
        asked,
        lambda now, actor: lifecycle.consent(now, actor, body.consent),
    )


@router.post("/sessions/{session_id}/end", response_model=SessionView)
async def end_session(
    session_id: SessionId, body: EndBody, caller: Caller, gateway: Parts, asked: AskedBy
) -> Response:
    """End the session with its outcome."""
    return await _change(
        session_id,
        caller,
        gateway,
        asked,
        lambda now, actor: lifecycle.end(now, actor, body.outcome, body.note),
    )


@router.post("/sessions/{session_id}/export", response_model=ExportPass)
async def export_session(session_id: SessionId, request: Request, caller: Caller, gateway: Parts) -> Response:
    """What reads the session's evidence from the relay nodes, for an hour: for who answers for its region."""
    session = await gateway.assist.load(session_id)
    require_region(caller, session.region)
    host = host_of(request.headers.get("host", ""))
    passed = await gateway.assist.export(session, caller.subject, host)
    answer = json_answer(passed.model_dump(mode="json"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
