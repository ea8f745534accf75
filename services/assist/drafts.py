"""What is about to be logged: who does what, before it has a number, a hash and a signature."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas.assist_log import AnnotationKind, AuthorRole, SessionKind


class NotAllowed(Exception):
    """An operation that the session does not take now; `reason` is a fixed word, `detail` a sentence.

    NotAllowed
    ├─ not_allowed      not this role's, not this person's, or only the baton's
    ├─ not_open         the session has ended
    ├─ unknown_party, unknown_mark, unknown_still, unknown_step, no_guide
    ├─ no_technician, technician_taken, full, too_many_stills
    └─ no_consent, not_asked
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: their subject, as the token says it, and what they are in this session."""

    subject: str
    role: AuthorRole


SYSTEM = Actor("muster", "system")


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry to be; `fields` are those of SessionChanged or AnnotationMade beside the common ones."""

    kind: SessionKind | AnnotationKind
    actor: Actor
    fields: dict[str, Any] = field(default_factory=dict)
    op_id: str | None = None
