"""A client's operations: what each may do, and the drafts that it becomes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from schemas.assist_client import (
    AnswerHelp,
    AskConsent,
    AskHelp,
    Clear,
    Draw,
    End,
    EndGuide,
    Erase,
    Freeze,
    GiveConsent,
    Operation,
    PassBaton,
    Say,
    StartGuide,
    Tick,
    Unfreeze,
    WithdrawConsent,
)
from schemas.assist_marks import LIVE_FADES_AFTER_MS, RTP_MAX
from services.assist import lifecycle
from services.assist.drafts import Actor, Draft, NotAllowed
from services.assist.session import Session

MAX_STILLS = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation with who asks it and who is present now."""

    actor: Actor
    present: Collection[str]


def decide(session: Session, asked: Asked, op: Operation) -> list[Draft]:
    """What the operation becomes; [] where it changes nothing. NotAllowed where it may not be.

    An operation that was done before (same author, same op_id) is found by `done_before`, not here.
    """
    lifecycle.require_open(session)
    if asked.actor.subject not in session.parties:
        raise NotAllowed("not_allowed", "Join the session first.")
    drafts = _DECIDERS[type(op)](session, asked, op)
    return [replace(draft, op_id=op.op_id) if draft.actor == asked.actor else draft for draft in drafts]


def done_before(session: Session, actor: Actor, op: Operation) -> int | None:
    """The number of the entry that this operation became when it was sent the first time."""
    return session.ops.get((actor.subject, op.op_id))


def _require(asked: Asked, *roles: str) -> None:
    if asked.actor.role not in roles:
        raise NotAllowed("not_allowed", f"This is for {' and '.join(roles)}.")


def _draw(session: Session, asked: Asked, op: Draw) -> list[Draft]:
    _require(asked, "technician", "expert")
    fields: dict[str, Any] = {"mark": op.mark, "anchor": op.anchor}
    if op.anchor.still_id is None:
        fields["fades_after_ms"] = LIVE_FADES_AFTER_MS
    elif op.anchor.still_id not in session.stills:
        raise NotAllowed("unknown_still", f"There is no still {op.anchor.still_id}.")
    return [Draft("drawn", asked.actor, fields)]


def _erase(session: Session, asked: Asked, op: Erase) -> list[Draft]:
    mark = session.marks.get(op.mark_seq)
    if mark is None:
        raise NotAllowed("unknown_mark", f"There is no mark {op.mark_seq}.")
    if mark.author != asked.actor.subject and session.baton != asked.actor.subject:
        raise NotAllowed("not_allowed", "Only its author, or who holds the baton, erases a mark.")
    return [Draft("erased", asked.actor, {"mark_seq": op.mark_seq})]


def _clear(session: Session, asked: Asked, op: Clear) -> list[Draft]:
    if asked.actor.role != "technician" and session.baton != asked.actor.subject:
        raise NotAllowed("not_allowed", "The technician or who holds the baton clears a frame.")
    if op.still_id is not None and op.still_id not in session.stills:
        raise NotAllowed("unknown_still", f"There is no still {op.still_id}.")
    if not any(mark.still_id == op.still_id for mark in session.marks.values()):
        return []
    return [Draft("cleared", asked.actor, {"still_id": op.still_id})]


def _say(_session: Session, asked: Asked, op: Say) -> list[Draft]:
    return [Draft("said", asked.actor, {"text": op.text})]


def _freeze(session: Session, asked: Asked, _op: Freeze) -> list[Draft]:
    _require(asked, "technician", "expert")
    if session.freeze_asked is not None:
        return []
    if session.holds_technician() is None:
        raise NotAllowed("no_technician", "No technician is here whose picture could be frozen.")
    if len(session.stills) >= MAX_STILLS:
        raise NotAllowed("too_many_stills", f"A session has at most {MAX_STILLS} stills.")
    return [Draft("freeze_asked", asked.actor, {"still_id": f"still-{session.seq + 1}"})]


def _unfreeze(session: Session, asked: Asked, _op: Unfreeze) -> list[Draft]:
    _require(asked, "technician", "expert")
    frozen = session.frozen or session.freeze_asked
    return [] if frozen is None else [Draft("unfrozen", asked.actor, {"still_id": frozen})]


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that was uploaded: what its bytes are, and the frame that it shows."""

    still_id: str
    sha256: str
    octets: int
    media_type: str
    width: int
    height: int
    rtp: int

    def __post_init__(self) -> None:
        assert 0 <= self.rtp <= RTP_MAX


def freeze_with(session: Session, actor: Actor, still: Still) -> list[Draft]:
    """The technician's phone has uploaded the still that was asked for."""
    lifecycle.require_open(session)
    if session.parties.get(actor.subject) != "technician":
        raise NotAllowed("not_allowed", "The technician's phone uploads the still.")
    if still.still_id in session.stills or still.still_id != session.freeze_asked:
        raise NotAllowed("not_asked", f"The still {still.still_id} is not waited for.")
    fields = {name: getattr(still, name) for name in Still.__slots__}
    return [Draft("frozen", actor, fields)]


def _start_guide(_session: Session, asked: Asked, op: StartGuide) -> list[Draft]:
    _require(asked, "expert")
    return [Draft("guide_started", asked.actor, {"title": op.title, "steps": op.steps})]


def _tick(session: Session, asked: Asked, op: Tick) -> list[Draft]:
    _require(asked, "technician")
    if session.guide is None:
        raise NotAllowed("no_guide", "There is no guide.")
    if op.step >= len(session.guide.steps):
        raise NotAllowed("unknown_step", f"The guide has {len(session.guide.steps)} steps.")
    if session.guide.done[op.step] == op.done:
        return []
    return [Draft("step_ticked" if op.done else "step_unticked", asked.actor, {"step": op.step})]


def _end_guide(session: Session, asked: Asked, _op: EndGuide) -> list[Draft]:
    _require(asked, "technician", "expert")
    return [] if session.guide is None else [Draft("guide_ended", asked.actor)]


def _ask_help(session: Session, asked: Asked, _op: AskHelp) -> list[Draft]:
    _require(asked, "technician")
    return [] if session.help_asked_at is not None else [Draft("help_asked", asked.actor)]


def _answer_help(session: Session, asked: Asked, _op: AnswerHelp) -> list[Draft]:
    _require(asked, "technician", "expert")
    return lifecycle.answer_help(session, asked.actor)


def _pass_baton(session: Session, asked: Asked, op: PassBaton) -> list[Draft]:
    return lifecycle.pass_baton(session, asked.actor, op.to, asked.present)


def _ask(session: Session, asked: Asked, _op: AskConsent) -> list[Draft]:
    return lifecycle.consent(session, asked.actor, "asked")


def _give(session: Session, asked: Asked, _op: GiveConsent) -> list[Draft]:
    return lifecycle.consent(session, asked.actor, "given")


def _withdraw(session: Session, asked: Asked, _op: WithdrawConsent) -> list[Draft]:
    return lifecycle.consent(session, asked.actor, "withdrawn")


def _end(session: Session, asked: Asked, op: End) -> list[Draft]:
    return lifecycle.end(session, asked.actor, op.outcome, op.note)


_DECIDERS: Mapping[type, Callable[[Session, Asked, Any], list[Draft]]] = {
    Draw: _draw,
    Erase: _erase,
    Clear: _clear,
    Say: _say,
    Freeze: _freeze,
    Unfreeze: _unfreeze,
    StartGuide: _start_guide,
    Tick: _tick,
    EndGuide: _end_guide,
    AskHelp: _ask_help,
    AnswerHelp: _answer_help,
    PassBaton: _pass_baton,
    AskConsent: _ask,
    GiveConsent: _give,
    WithdrawConsent: _withdraw,
    End: _end,
}
