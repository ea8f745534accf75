"""What a dispatcher or a lead decides over the engine's head: assign, lock, unlock, confirm, modes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Id, Moment, ShortText, Tier, Wire

Mode = Literal["shadow", "suggest", "automatic"]
"""How a tier is dispatched: decided and shown only; carried out once confirmed; carried out at once."""

LockKind = Literal["time", "range", "engineer", "both"]
"""What may not change any more: the start, the span it must start in, who goes, or who and the start."""

MAX_CREW = 50
RULES = (
    "unqualified",
    "language",
    "certificate",
    "parts",
    "customer_excluded",
    "pinned",
    "off_shift",
    "on_break",
    "unreachable",
    "declined_before",
    "window",
    "shift_end",
    "rest",
    "break",
    "week",
    "on_site",
    "crew",
)
"""The words of the hard rules, as a refusal names them; in the order in which they are asked."""
Reason = Annotated[str, Field(min_length=1, max_length=2000)]
Crew = Annotated[list[Id], Field(min_length=1, max_length=MAX_CREW)]


class IncidentCommand(Wire):
    """A person's word about one incident: who says it, and why."""

    incident_id: Id
    region: Id
    by: Id
    epoch: int | None = None
    """The assignment epoch that the person saw; None: whatever it is now."""


class AssignIncident(IncidentCommand):
    """Send these engineers now, whatever the engine would do; a crew is named whole."""

    engineer_ids: Crew
    reason: Reason


class LockIncident(IncidentCommand):
    """Fix who goes (`engineer`, `both`), the start (`time`, `both`: `start_from`), or its span (`range`).

    A pin is a lock of the kind `engineer`.
    """

    kind: LockKind
    engineer_ids: list[Id] = Field(default=[], max_length=MAX_CREW)
    start_from: Moment | None = None
    start_to: Moment | None = None
    reason: Reason


class UnlockIncident(IncidentCommand):
    """The engine may decide again about everything of the incident."""

    reason: ShortText = ""


class ConfirmSuggestion(IncidentCommand):
    """Carry out what was suggested: refused where anything of it has changed since."""

    engineer_ids: Crew


class SetModes(Wire):
    """How the region's tiers are dispatched from now on; a tier that is not named keeps its mode."""

    region: Id
    modes: dict[Tier, Mode]
    by: Id
    reason: ShortText = ""
