"""Remote-assist sessions in the public API: what requests say and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.assist_log import Outcome, PartyRole
from schemas.assist_node import IceServer, SessionView
from schemas.base import Command, Id, Moment, ShortText, Wire

Code = Annotated[str, StringConstraints(min_length=4, max_length=32)]


class SessionBody(Command):
    """A session about an incident.

    `code_admits` is who the join code lets in: without it an expert where a technician asks for help, else
    the technician.
    """

    incident_id: Id
    code_admits: PartyRole | None = None


class JoinBody(Command):
    """By `code`, by the `ticket` of an earlier welcome, or by one's own right (neither).

    `role` where one may come as more than one thing; `lost_node` is the node that does not answer any more.
    """

    code: Code | None = None
    ticket: Annotated[str, StringConstraints(max_length=8192)] | None = None
    role: PartyRole | None = None
    lost_node: Id | None = None


class BatonBody(Command):
    """The expert who shall lead."""

    to: Id


class ConsentBody(Command):
    """`asked` by the lead; `given` or `withdrawn` by the technician."""

    consent: Literal["asked", "given", "withdrawn"]


class EndBody(Command):
    """How it ended."""

    outcome: Outcome
    note: ShortText = ""


class SessionOpened(Wire):
    """A new session; `code` works until `expires_at`."""

    session_id: Id
    incident_id: Id
    code: str
    code_admits: PartyRole
    expires_at: Moment


class Joined(Wire):
    """Where to go: `token` opens one connection to `node_url`, once, until `expires_at`."""

    session_id: Id
    party: Id
    role: PartyRole
    token: str
    expires_at: Moment
    node: Id
    node_url: str
    signal_url: str
    """The WebSocket: ws or wss."""
    whip_url: str
    whep_url: str
    ice_servers: list[IceServer] = Field(default=[])


class ExportPass(Wire):
    """What reads a session's evidence: `token` (Bearer) on each of the `nodes`, until `expires_at`."""

    session_id: Id
    region: Id
    token: str
    expires_at: Moment
    nodes: list[str]
    """Every relay node that is there now: the recording lies where the session lived."""


class EvidenceHere(Wire):
    """What one node has of a session on its disk; the chain it has from wherever it is kept."""

    session_id: Id
    segments: list[str]
    stills: list[str]


class Glance(Wire):
    """Where a session's small picture is: `GET url` with `token` as Bearer, until `expires_at`."""

    session_id: Id
    url: str
    token: str
    expires_at: Moment


class Glances(Wire):
    """Of the sessions asked for, those that are open, one's own to see, and live on a node."""

    items: list[Glance]


class Sessions(Wire):
    """Open sessions that one may see, newest first; `now` is the time that their moments are of."""

    items: list[SessionView]
    now: Moment
