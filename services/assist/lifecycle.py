"""Who comes, leads, agrees, leaves and ends: each decision is a list of drafts, or NotAllowed. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from schemas.assist_log import Level, Outcome, PartyRole
from services.assist.drafts import SYSTEM, Actor, Draft, NotAllowed
from services.assist.session import Session

MAX_PARTIES = 16

Consented = Literal["asked", "given", "withdrawn"]


def require_open(session: Session) -> None:
    """NotAllowed where the session has ended."""
    if not session.is_open:
        raise NotAllowed("not_open", "The session has ended.")


def leads(session: Session, actor: Actor) -> bool:
    """Whether the actor holds the baton; while no expert is there a dispatcher leads too."""
    return session.baton == actor.subject or actor.role in ("dispatcher", "system")


def open_session(actor: Actor, engineer_id: str | None) -> list[Draft]:
    """Open a session about an incident whose engineer is `engineer_id`."""
    return [Draft("opened", actor, {"party": engineer_id})]


def place(node: str, epoch: int) -> list[Draft]:
    """A node has taken the session over."""
    return [Draft("placed", SYSTEM, {"node": node, "epoch": epoch})]


def join(session: Session, subject: str, role: PartyRole) -> list[Draft]:
    """Somebody comes; the first expert holds the baton. Nothing changes for who is there already."""
    require_open(session)
    known = session.parties.get(subject)
    if known == role:
        return []
    if known is None and len(session.parties) >= MAX_PARTIES:
        raise NotAllowed("full", f"A session has at most {MAX_PARTIES} parties.")
    holder = session.holds_technician()
    if role == "technician" and holder not in (None, subject):
        raise NotAllowed("technician_taken", "Another technician is in this session.")
    actor = Actor(subject, role)
    drafts = [Draft("joined", actor, {"party": subject, "party_role": role})]
    if session.baton == subject and role != "expert":
        drafts += _baton_on(session, subject)
    elif role == "expert" and session.baton is None:
        drafts.append(Draft("baton_passed", SYSTEM, {"party": subject}))
    return drafts + (answer_help(session, actor) if role == "expert" else [])


def answer_help(session: Session, actor: Actor) -> list[Draft]:
    """Somebody looks after the technician's call, or the technician takes it back."""
    return [Draft("help_answered", actor, {"party": actor.subject})] if session.help_asked_at else []


def leave(session: Session, subject: str, reason: str) -> list[Draft]:
    """Somebody goes, or is lost; the baton goes to the expert who is here longest."""
    if not session.is_open or subject not in session.parties:
        return []
    gone = Draft("left", Actor(subject, session.parties[subject]), {"party": subject, "reason": reason})
    return [gone, *(_baton_on(session, subject) if session.baton == subject else [])]


def _baton_on(session: Session, gone: str) -> list[Draft]:
    heir = next((expert for expert in session.experts() if expert != gone), None)
    return [Draft("baton_passed", SYSTEM, {"party": heir})]


def pass_baton(session: Session, actor: Actor, to: str, present: Collection[str]) -> list[Draft]:
    """Hand the lead to an expert of the session."""
    require_open(session)
    if session.parties.get(to) != "expert":
        raise NotAllowed("unknown_party", f"{to} is no expert of this session.")
    held = session.baton is not None and session.baton in present
    if not leads(session, actor) and (held or actor.role != "expert"):
        raise NotAllowed("not_allowed", "Only who holds the baton passes it on.")
    return [] if session.baton == to else [Draft("baton_passed", actor, {"party": to})]


def consent(session: Session, actor: Actor, said: Consented) -> list[Draft]:
    """Ask for, give or withdraw the technician's consent to a recording; withdrawn, it stops at once."""
    require_open(session)
    if said == "asked":
        if not leads(session, actor):
            raise NotAllowed("not_allowed", "Who holds the baton asks for consent.")
        return [] if session.consent in ("asked", "given") else [Draft("consent_asked", actor)]
    if actor.role != "technician":
        raise NotAllowed("not_allowed", "Consent is the technician's to give.")
    if session.consent == said:
        return []
    if said == "given":
        return [Draft("consent_given", actor)]
    stopped = (
        [Draft("recording_stopped", SYSTEM, {"reason": "consent_withdrawn"})] if session.recording else []
    )
    return [Draft("consent_withdrawn", actor), *stopped]


def change_level(subject: str, role: PartyRole, level: Level) -> list[Draft]:
    """Somebody's ladder has moved."""
    return [Draft("level_changed", Actor(subject, role), {"party": subject, "level": level})]


def end(session: Session, actor: Actor, outcome: Outcome, note: str) -> list[Draft]:
    """End the session: the technician, who leads, or any expert while nobody leads."""
    require_open(session)
    alone = session.baton is None and actor.role == "expert"
    if not (leads(session, actor) or alone or actor.role == "technician"):
        raise NotAllowed("not_allowed", "The technician or who holds the baton ends the session.")
    stopped = [Draft("recording_stopped", SYSTEM, {"reason": "ended"})] if session.recording else []
    return [*stopped, Draft("ended", actor, {"outcome": outcome, "note": note})]
