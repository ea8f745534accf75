"""What phones report: shifts, statuses of an assignment, positions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from schemas.base import Id, Latitude, Longitude, Minutes, Moment, Place, ShortText, Wire

ShiftChange = Literal["shift_started", "shift_ended", "break_started", "break_ended"]
PhoneStatus = Literal[
    "acknowledged",
    "accepted",
    "declined",
    "en_route",
    "on_site",
    "restored",
    "resolved",
]


class PhoneEvent(Wire):
    """What every phone event carries: whose phone, when it happened there, and its own running number.

    `device_seq` counts up by one per device; a device that lost its storage starts again under a new
    `device_id`. Late events are applied in the device's order.
    """

    engineer_id: Id
    device_id: Id = "phone"
    device_seq: int = Field(ge=0)
    occurred_at: Moment


class ShiftReported(PhoneEvent):
    """An engineer starts or ends a shift or a break."""

    change: ShiftChange
    place: Place | None = None


class StatusReported(PhoneEvent):
    """An engineer's phone reports how an assignment stands; `epoch` fences off a stale one."""

    incident_id: Id
    epoch: int = Field(ge=0)
    status: PhoneStatus
    reason: ShortText | None = None
    place: Place | None = None


class WorkEstimateUpdated(PhoneEvent):
    """An engineer on site says how many minutes the work will still take; `epoch` fences off a stale one."""

    incident_id: Id
    epoch: int = Field(ge=0)
    minutes_left: Minutes


class PositionReported(Wire):
    """One position fix of an engineer on shift."""

    engineer_id: Id
    lat: Latitude
    lon: Longitude
    fixed_at: Moment
    accuracy_m: float | None = Field(default=None, ge=0)


class Move(Wire):
    """The newest fix of one engineer within a batch."""

    engineer_id: Id
    lat: Latitude
    lon: Longitude
    fixed_at: Moment


class EngineersMoved(Wire):
    """The newest fix of each engineer of one region since the last batch, a few times a second."""

    region: Id
    moves: list[Move] = Field(max_length=10_000)
