"""Time and identity of a log: both are events, so a replay needs no clock."""

from __future__ import annotations

from schemas.base import Id, Moment, Wire


class LogStarted(Wire):
    """The first event of every partition of `region-events`: a new broker or topic is a new log."""

    log: Id


class ClockTicked(Wire):
    """It is now `now`: the only thing that moves a fold's time. A tick that steps back is ignored."""

    now: Moment
