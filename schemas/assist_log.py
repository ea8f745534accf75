"""A remote-assist session's log: numbered, signed entries chained by hash; two event types on two topics."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.assist_marks import Anchor, Mark, RtpTime
from schemas.base import Id, Moment, ShortText, Wire

PartyRole = Literal["technician", "expert", "observer"]
AuthorRole = Literal["technician", "expert", "observer", "dispatcher", "system"]
Outcome = Literal["resolved", "escalated", "part_needed", "visit_needed", "cancelled", "abandoned", "failed"]
Level = Literal["video", "one_fps", "stills", "audio", "text"]
"""The ladder's rungs, best first."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Jws = Annotated[str, StringConstraints(max_length=512, pattern=r"^[A-Za-z0-9_-]*\.\.[A-Za-z0-9_-]*$")]
"""A compact JWS with detached content (RFC 7515 appendix F)."""
StepText = Annotated[str, StringConstraints(min_length=1, max_length=500)]

MAX_STEPS = 50

SessionKind = Literal[
    "opened",
    "joined",  # `party` as `party_role`
    "left",  # `reason`: said_goodbye, connection_lost, closed
    "baton_passed",  # to `party`; None where no expert is there to hold it
    "consent_asked",
    "consent_given",
    "consent_withdrawn",  # recording stops with it
    "recording_started",
    "recording_stopped",  # `reason`: consent_withdrawn, ended, or what failed (disk_full, size_limit ...)
    "segment_recorded",  # `segment`, `sha256`, `octets`, `party`, `began_at`, `duration_ms`, `rtp`
    "freeze_asked",  # the technician's phone is to upload the still `still_id`
    "frozen",  # it has: `sha256`, `octets`, `width`, `height`, `rtp`
    "unfrozen",
    "guide_started",  # `title`, `steps`
    "step_ticked",  # `step` counts from 0
    "step_unticked",
    "guide_ended",
    "help_asked",  # the technician needs somebody now
    "help_answered",  # by `party`: an expert who came or looks after it, or the technician again
    "level_changed",  # the ladder of `party`: `level`
    "placed",  # on `node` with `epoch`
    "ended",  # `outcome`, `note`
]
AnnotationKind = Literal[
    "drawn",
    "erased",  # the mark that `mark_seq` numbers
    "cleared",  # all marks on `still_id`, or on the live picture
    "said",
]


class LogEntry(Wire):
    """What every entry has: its number, when, who, and the chain.

    `hash` is the SHA-256 of the entry's canonical JSON (sorted keys, no spaces, UTF-8, no nulls) without
    `hash` and `jws`; `prev` is the hash of the entry before (64 zeros for the first); `jws` signs the same
    canonical JSON with the installation's Ed25519 key. `op_id` is the client's name for the operation.
    """

    session_id: Id
    incident_id: Id
    region: Id
    seq: int = Field(ge=1)
    at: Moment
    author: Id
    author_role: AuthorRole
    op_id: Id | None = None
    prev: Sha256
    hash: Sha256
    jws: Jws


class SessionChanged(LogEntry):
    """What happened in a session (topic `remote-sessions`); fields that do not concern a kind are None."""

    kind: SessionKind
    party: Id | None = None
    party_role: PartyRole | None = None
    reason: Id | None = None
    node: Id | None = None
    epoch: int | None = None
    outcome: Outcome | None = None
    note: ShortText | None = None
    level: Level | None = None
    still_id: Id | None = None
    sha256: Sha256 | None = None
    octets: int | None = Field(default=None, ge=0)
    media_type: str | None = None
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)
    rtp: RtpTime | None = None
    title: StepText | None = None
    steps: list[StepText] | None = Field(default=None, max_length=MAX_STEPS)
    step: int | None = Field(default=None, ge=0)
    segment: Id | None = None
    began_at: Moment | None = None
    duration_ms: int | None = Field(default=None, ge=0)


class AnnotationMade(LogEntry):
    """Somebody drew, erased, cleared or wrote (topic `annotations`).

    `anchor.rtp` is in the publisher's RTP clock; a mark on a live picture carries `fades_after_ms`.
    """

    kind: AnnotationKind
    mark: Mark | None = None
    anchor: Anchor | None = None
    fades_after_ms: int | None = Field(default=None, ge=0)
    mark_seq: int | None = Field(default=None, ge=1)
    still_id: Id | None = None
    text: ShortText | None = None


Entry = SessionChanged | AnnotationMade
