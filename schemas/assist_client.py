"""What an assist client says to a relay node: signalling, operations, the pointer; and the limits of each.

The same JSON objects go over the WebSocket and the data channels; docs/assist-protocol.md tells the story.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, TypeAdapter

from schemas.assist_log import MAX_STEPS, Outcome, StepText
from schemas.assist_marks import Anchor, Coordinate, Mark, RtpTime
from schemas.base import Command, Id, ShortText

SUBPROTOCOL = "muster.assist.v1"
TOKEN_SUBPROTOCOL = "muster.token."  # noqa: S105 - the prefix before a token, no token
RELIABLE_CHANNEL = "ops"
LOSSY_CHANNEL = "pointer"

MAX_SIGNAL_BYTES = 64 * 1024
MAX_OP_BYTES = 16 * 1024
MAX_POINTER_BYTES = 256
OPS_PER_S, OPS_BURST = 20.0, 60
POINTS_PER_S, POINTS_BURST = 60.0, 120

Sdp = Annotated[str, StringConstraints(min_length=1, max_length=MAX_SIGNAL_BYTES)]
Seq = Annotated[int, Field(ge=0, le=2**53)]


# Only over the WebSocket:


class Hello(Command):
    """The first message: `token` (unless it stood in the subprotocol), and what was seen before (`after`)."""

    type: Literal["hello"]
    token: Annotated[str, StringConstraints(max_length=8192)] | None = None
    after: Seq = 0


class Offer(Command):
    """A new peer connection; it replaces the one before."""

    type: Literal["offer"]
    sdp: Sdp


class Candidate(Command):
    """One more ICE candidate of the client; empty at the end."""

    type: Literal["candidate"]
    candidate: Annotated[str, StringConstraints(max_length=1024)]
    sdp_mid: Annotated[str, StringConstraints(max_length=64)] | None = None
    sdp_m_line_index: int | None = Field(default=None, ge=0, le=64)


class Bye(Command):
    """The client leaves for good."""

    type: Literal["bye"]


class Watch(Command):
    """Show `party` in a place of one's offer (its n-th sound and picture); null shows nobody there."""

    type: Literal["watch"]
    place: int = Field(ge=0, lt=16)
    party: Annotated[str, StringConstraints(min_length=1, max_length=160)] | None = None


# Over the WebSocket or the reliable channel:


class _Op(Command):
    """`op_id` is the client's own name for the operation: sent twice, it is done once."""

    op_id: Id


class Draw(_Op):
    """Draw a mark on a frame."""

    type: Literal["draw"]
    mark: Mark
    anchor: Anchor


class Erase(_Op):
    """Take back the mark with this number: one's own, or any for who holds the baton."""

    type: Literal["erase"]
    mark_seq: Annotated[int, Field(ge=1, le=2**53)]


class Clear(_Op):
    """Take back all marks of the frame (`still_id`; without it the live picture)."""

    type: Literal["clear"]
    still_id: Id | None = None


class Say(_Op):
    """Write a line to everybody."""

    type: Literal["say"]
    text: Annotated[ShortText, StringConstraints(min_length=1)]


class Freeze(_Op):
    """Freeze the picture: the technician's phone uploads the still."""

    type: Literal["freeze"]


class Unfreeze(_Op):
    """Back to the live picture."""

    type: Literal["unfreeze"]


class StartGuide(_Op):
    """Steps for the technician to tick off; replaces the guide before."""

    type: Literal["start_guide"]
    title: StepText
    steps: Annotated[list[StepText], Field(min_length=1, max_length=MAX_STEPS)]


class Tick(_Op):
    """The technician has done a step (counted from 0), or takes that back."""

    type: Literal["tick"]
    step: int = Field(ge=0, lt=MAX_STEPS)
    done: bool = True


class EndGuide(_Op):
    """Put the guide away."""

    type: Literal["end_guide"]


class AskHelp(_Op):
    """The technician needs somebody now; an expert who joins answers it."""

    type: Literal["ask_help"]


class AnswerHelp(_Op):
    """An expert looks after it, or the technician needs nobody any more."""

    type: Literal["answer_help"]


class PassBaton(_Op):
    """Hand the lead to an expert who is there; `to` oneself takes a baton that nobody present holds."""

    type: Literal["pass_baton"]
    to: Id


class AskConsent(_Op):
    """Ask the technician whether this may be recorded."""

    type: Literal["ask_consent"]


class GiveConsent(_Op):
    """The technician agrees to the recording."""

    type: Literal["give_consent"]


class WithdrawConsent(_Op):
    """The technician does not, or no longer, agree: recording stops."""

    type: Literal["withdraw_consent"]


class End(_Op):
    """End the session with its outcome."""

    type: Literal["end"]
    outcome: Outcome
    note: ShortText = ""


class Resume(Command):
    """Send again what came after this number."""

    type: Literal["resume"]
    after: Seq


class Ping(Command):
    """Is anybody there? `t` comes back as it is."""

    type: Literal["ping"]
    t: int = Field(default=0, ge=0, le=2**53)


# Over the lossy channel (or the WebSocket where there is no channel):


class PointAt(Command):
    """The laser pointer is here now; nothing of it is kept."""

    type: Literal["point"]
    x: Coordinate
    y: Coordinate
    rtp: RtpTime | None = None


Operation = (
    Draw
    | Erase
    | Clear
    | Say
    | Freeze
    | Unfreeze
    | StartGuide
    | Tick
    | EndGuide
    | AskHelp
    | AnswerHelp
    | PassBaton
    | AskConsent
    | GiveConsent
    | WithdrawConsent
    | End
)
"""What is numbered, signed, stored and sent to everybody when it is allowed."""
ClientMessage = Hello | Offer | Candidate | Bye | Watch | Resume | Ping | PointAt | Operation

CLIENT_MESSAGES: TypeAdapter[ClientMessage] = TypeAdapter(
    Annotated[ClientMessage, Field(discriminator="type")]
)
CHANNEL_MESSAGES: TypeAdapter[Operation | Resume | Ping | PointAt] = TypeAdapter(
    Annotated[Operation | Resume | Ping | PointAt, Field(discriminator="type")]
)
