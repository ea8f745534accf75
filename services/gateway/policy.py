"""Who may do what: one table of routes and roles. A route that is not in it can not be built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.api import ROLES, Role

ANYBODY: frozenset[Role] = frozenset(ROLES)
_READ: frozenset[Role] = frozenset({"dispatcher", "lead", "expert", "operator", "service"})
_OWN: frozenset[Role] = frozenset({"technician", "customer"})
_DEFINE: frozenset[Role] = frozenset({"lead", "operator", "service"})
_REPORT: frozenset[Role] = frozenset({"dispatcher", "lead", "customer", "service"})
_CONTROL: frozenset[Role] = frozenset({"dispatcher", "lead"})
_LEAD: frozenset[Role] = frozenset({"lead"})
_PHONE: frozenset[Role] = frozenset({"technician", "service"})
_ASSIST: frozenset[Role] = frozenset({"technician", "expert", "dispatcher", "lead", "service"})
_WATCHING: frozenset[Role] = _ASSIST - {"technician"}
_BY_VOICE: frozenset[Role] = _PHONE | {"dispatcher"}
"""A dispatcher may report for a technician who calls in: a phone can be broken."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Which roles a route lets in (None: anybody, without a token), and whether it is a command.

    `guests` come without a token: what they send is to prove something (a join code, a ticket).
    """

    roles: frozenset[Role] | None
    command: bool = False
    guests: bool = False


POLICY: Mapping[tuple[str, str], Rule] = {
    ("GET", "/healthz"): Rule(None),
    ("GET", "/readyz"): Rule(None),
    ("GET", "/metrics"): Rule(None),
    ("GET", "/v1/openapi.json"): Rule(None),
    ("POST", "/v1/login"): Rule(None),
    ("POST", "/v1/logout"): Rule(ANYBODY),
    ("GET", "/v1/me"): Rule(ANYBODY),
    ("GET", "/v1/regions"): Rule(_READ | {"technician"}),
    ("GET", "/v1/regions/{region_id}"): Rule(_READ | {"technician"}),
    ("PUT", "/v1/regions/{region_id}"): Rule(_DEFINE, command=True),
    ("GET", "/v1/engineers"): Rule(_READ),
    ("GET", "/v1/engineers/{engineer_id}"): Rule(_READ | {"technician"}),
    ("PUT", "/v1/engineers/{engineer_id}"): Rule(_DEFINE, command=True),
    ("GET", "/v1/engineers/{engineer_id}/job"): Rule(_READ | {"technician"}),
    ("GET", "/v1/engineers/{engineer_id}/receipts"): Rule(frozenset({"dispatcher", "lead", "operator"})),
    ("POST", "/v1/engineers/{engineer_id}/shift"): Rule(_BY_VOICE, command=True),
    ("POST", "/v1/engineers/{engineer_id}/positions"): Rule(_PHONE, command=True),
    ("POST", "/v1/assignments/{incident_id}/status"): Rule(_BY_VOICE, command=True),
    ("POST", "/v1/assignments/{incident_id}/work-estimate"): Rule(_BY_VOICE, command=True),
    ("POST", "/v1/phones/events"): Rule(_PHONE, command=True),
    ("GET", "/v1/incidents"): Rule(_READ | _OWN),
    ("POST", "/v1/incidents"): Rule(_REPORT, command=True),
    ("GET", "/v1/incidents/{incident_id}"): Rule(_READ | _OWN),
    ("GET", "/v1/incidents/{incident_id}/timeline"): Rule(_READ | _OWN),
    ("GET", "/v1/incidents/{incident_id}/receipts"): Rule(frozenset({"dispatcher", "lead", "operator"})),
    ("POST", "/v1/incidents/{incident_id}/cancel"): Rule(_REPORT, command=True),
    ("POST", "/v1/incidents/{incident_id}/assign"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/pin"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/lock"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/unlock"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/confirm"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/swarm"): Rule(_CONTROL, command=True),
    ("POST", "/v1/incidents/{incident_id}/still-down"): Rule(_CONTROL | {"customer"}, command=True),
    ("POST", "/v1/causes/{cause_id}/declare"): Rule(_CONTROL, command=True),
    ("POST", "/v1/causes/{cause_id}/end"): Rule(_CONTROL, command=True),
    ("POST", "/v1/regions/{region_id}/exercise"): Rule(frozenset({"lead", "service"}), command=True),
    ("DELETE", "/v1/regions/{region_id}/exercise"): Rule(frozenset({"lead", "service"}), command=True),
    ("PUT", "/v1/regions/{region_id}/modes"): Rule(frozenset({"lead", "operator"}), command=True),
    ("PUT", "/v1/regions/{region_id}/disaster"): Rule(_LEAD, command=True),
    ("PUT", "/v1/regions/{region_id}/lending"): Rule(_LEAD, command=True),
    ("GET", "/v1/lending"): Rule(_LEAD),
    ("POST", "/v1/lending/proposals"): Rule(_LEAD, command=True),
    ("POST", "/v1/lending/proposals/{region_id}/commit"): Rule(_LEAD, command=True),
    ("POST", "/v1/lending/proposals/{region_id}/refuse"): Rule(_LEAD, command=True),
    ("POST", "/v1/loans/{engineer_id}/extend"): Rule(_LEAD, command=True),
    ("POST", "/v1/loans/{engineer_id}/recall"): Rule(_LEAD, command=True),
    ("POST", "/v1/alerts"): Rule(_DEFINE, command=True),
    ("POST", "/v1/whatif"): Rule(_LEAD),
    ("POST", "/v1/clock"): Rule(frozenset({"service"}), command=True),
    ("GET", "/v1/assignments/stream"): Rule(ANYBODY),
    ("GET", "/v1/sessions"): Rule(_ASSIST),
    ("POST", "/v1/sessions"): Rule(_ASSIST, command=True),
    ("POST", "/v1/sessions/join"): Rule(ANYBODY, command=True, guests=True),
    ("GET", "/v1/sessions/glances"): Rule(_WATCHING),
    ("GET", "/v1/sessions/{session_id}"): Rule(_ASSIST),
    ("POST", "/v1/sessions/{session_id}/join"): Rule(ANYBODY, command=True, guests=True),
    ("POST", "/v1/sessions/{session_id}/baton"): Rule(_ASSIST, command=True),
    ("POST", "/v1/sessions/{session_id}/consent"): Rule(_ASSIST, command=True),
    ("POST", "/v1/sessions/{session_id}/end"): Rule(_ASSIST, command=True),
    ("POST", "/v1/sessions/{session_id}/export"): Rule(frozenset({"dispatcher", "lead", "operator"})),
    ("GET", "/v1/board"): Rule(_READ),
    ("GET", "/v1/map"): Rule(_READ),
    ("GET", "/v1/kpi"): Rule(_READ),
    ("GET", "/v1/dead-letters"): Rule(frozenset({"operator"})),
}
"""Method and path template -> rule. Regions are checked where the route knows the region it touches."""
