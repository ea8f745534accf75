"""A CAP 1.2 message as a warning centre sends it, with what a test wants to be otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
SENDER = "warnings@example.org"
LISBON = "38.6,-9.3 38.6,-9.0 38.9,-9.0 38.9,-9.3 38.6,-9.3"
"""Latitude first, as CAP has it."""


def cap_time(moment: datetime) -> str:
    """CAP writes UTC as -00:00 (CAP 1.2 section 3.3.2)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def area(polygon: str | None = LISBON, circle: str | None = None, geocode: str | None = None) -> str:
    """One area by what is given."""
    inside = "<areaDesc>Greater Lisbon</areaDesc>"
    inside += f"<polygon>{polygon}</polygon>" if polygon else ""
    inside += f"<circle>{circle}</circle>" if circle else ""
    if geocode:
        name, _, value = geocode.partition("=")
        inside += f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>"
    return f"<area>{inside}</area>"


def info(now: datetime, areas: str, severity: str = "Severe", certainty: str = "Likely") -> str:
    """One info block: a storm from now on, for six hours."""
    return (
        "<info><language>en-GB</language><category>Met</category><event>Storm</event>"
        f"<urgency>Expected</urgency><severity>{severity}</severity><certainty>{certainty}</certainty>"
        f"<onset>{cap_time(now)}</onset><expires>{cap_time(now + timedelta(hours=6))}</expires>"
        f"<headline>Gusts of 120 km/h</headline>{areas}</info>"
    )


def cap_message(
    now: datetime,
    identifier: str = "A-1",
    *,
    status: str = "Actual",
    kind: str = "Alert",
    references: str = "",
    infos: str | None = None,
) -> bytes:
    """The whole document."""
    said = f"<references>{references}</references>" if references else ""
    body = info(now, area()) if infos is None else infos
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><alert xmlns="{NAMESPACE}">'
        f"<identifier>{identifier}</identifier><sender>{SENDER}</sender><sent>{cap_time(now)}</sent>"
        f"<status>{status}</status><msgType>{kind}</msgType><scope>Public</scope>{said}{body}</alert>"
    ).encode()


def reference(now: datetime, identifier: str = "A-1") -> str:
    """How a later message addresses an earlier one."""
    return f"{SENDER},{identifier},{cap_time(now)}"
