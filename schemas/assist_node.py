"""What a relay node says to an assist client: the session as it stands, its log, and what is not kept."""

from __future__ import annotations

from typing import Literal

from schemas.assist_client import MAX_OP_BYTES, OPS_PER_S, POINTS_PER_S
from schemas.assist_log import AnnotationMade, Level, Outcome, PartyRole, SessionChanged
from schemas.base import Id, Moment, Wire


class IceServer(Wire):
    """One entry of RTCConfiguration.iceServers."""

    urls: list[str]
    username: str | None = None
    credential: str | None = None


class PartyView(Wire):
    """One who belongs to the session; `present` is false while their connection is lost."""

    party: Id
    role: PartyRole
    present: bool = False
    level: Level = "video"


class GuideView(Wire):
    """The guide as it stands; `done` has one truth for each step."""

    title: str
    steps: list[str]
    done: list[bool]


class SessionView(Wire):
    """A session as it stands at `seq`."""

    session_id: Id
    incident_id: Id
    region: Id
    state: Literal["open", "ended"]
    seq: int
    opened_at: Moment
    technician: Id | None = None
    """The incident's engineer when it was opened."""
    parties: list[PartyView]
    baton: Id | None = None
    frozen: Id | None = None
    """The still that everybody looks at."""
    freeze_asked: Id | None = None
    """The still that the technician's phone is to upload."""
    consent: Literal["none", "asked", "given", "withdrawn"] = "none"
    recording: bool = False
    guide: GuideView | None = None
    help_asked_at: Moment | None = None
    """Since when the technician waits for somebody to come."""
    outcome: Outcome | None = None


class Limits(Wire):
    """What the node takes from one client."""

    op_bytes: int = MAX_OP_BYTES
    ops_per_s: float = OPS_PER_S
    points_per_s: float = POINTS_PER_S
    still_bytes: int


class Welcome(Wire):
    """The answer to `hello`; the entries after `after` follow as `log` messages, then `caught_up`.

    `ticket` is good for coming back (join) and for stills (Bearer), for this party in this session alone.
    """

    type: Literal["welcome"] = "welcome"
    you: PartyView
    session: SessionView
    node: Id
    ticket: str
    ice_servers: list[IceServer]
    limits: Limits


class Answer(Wire):
    """The answer to `offer`, with all candidates of the node."""

    type: Literal["answer"] = "answer"
    sdp: str


class Logged(Wire):
    """One entry of the session's log; `seq` grows by one from each to the next."""

    type: Literal["log"] = "log"
    entry: SessionChanged | AnnotationMade


class CaughtUp(Wire):
    """Everything up to `seq` has been sent."""

    type: Literal["caught_up"] = "caught_up"
    seq: int


class Done(Wire):
    """The operation is stored as entry `seq` (None where it changed nothing)."""

    type: Literal["done"] = "done"
    op_id: Id
    seq: int | None = None


class Refused(Wire):
    """A message that was not taken: `reason` is a fixed word, `detail` a sentence."""

    type: Literal["refused"] = "refused"
    reason: Id
    detail: str
    op_id: Id | None = None


class Presence(Wire):
    """Who is there now, and at which level of the ladder; not part of the log."""

    type: Literal["presence"] = "presence"
    parties: list[PartyView]


class Pointed(Wire):
    """Somebody's laser pointer is here now."""

    type: Literal["pointed"] = "pointed"
    party: Id
    x: int
    y: int
    rtp: int | None = None


class StillArrived(Wire):
    """A still of the ladder's level `stills`: to be fetched at `path`; not part of the log."""

    type: Literal["still"] = "still"
    path: str
    at: Moment


class Glanced(Wire):
    """To the technician's phone: somebody looks at its small pictures now (`on`), or nobody does any more."""

    type: Literal["glanced"] = "glanced"
    on: bool


class Moved(Wire):
    """The session lives on another node now: join again, then `hello` with `after`."""

    type: Literal["moved"] = "moved"
    url: str | None = None


class MediaLost(Wire):
    """The peer connection is gone: offer anew; the last picture stays.

    Where `party` is named the connection holds, and that one alone can not be shown.
    """

    type: Literal["media_lost"] = "media_lost"
    reason: str
    party: Id | None = None


class Pong(Wire):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"
    t: int


NodeMessage = (
    Welcome
    | Answer
    | Logged
    | CaughtUp
    | Done
    | Refused
    | Presence
    | Pointed
    | StillArrived
    | Glanced
    | Moved
    | MediaLost
    | Pong
)
