"""Engineers and jobs as columns of numbers: what one run of a future reads and changes."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from services.dispatch.needs import FOREVER
from services.dispatch.warm import Flags, Floats, Ints

NOBODY = -1


@dataclass(slots=True)
class Engineers:
    """A row an engineer. Who moves goes from `start` (at `leg_from`) to `end` (at `leg_to`); times in ms."""

    region: Ints
    phase: Ints
    """ABSENT, IDLE, UNDER_WAY, WORKING or JOINING, as `services.dispatch.warm` has them."""
    start: Floats
    end: Floats
    leg_from: Ints
    leg_to: Ints
    held: Ints
    """The job in hand; NOBODY."""
    began: Ints
    """When the work in hand began, as the plan reckons it."""
    expected: Ints
    """How long it was then expected to take."""
    ends: Ints
    """When it ends in this future; FOREVER: not known before somebody is there."""
    idle_since: Ints
    comes_on: Ints
    """When whoever is absent, or on the way to another region, takes work; FOREVER: not in sight."""
    works_until: Ints
    loan_ends: Ints
    """When whoever is on loan goes home; FOREVER for everybody else."""
    home_region: Ints
    """NOBODY: a region that is not looked at."""
    home: Floats
    levels: Ints
    """Qualification by product (down) and engineer (across)."""

    def copy(self) -> Engineers:
        """The same, to be changed."""
        return Engineers(*(getattr(self, column.name).copy() for column in fields(self)))

    def places_at(self, rows: Ints, at: Ints | int) -> Floats:
        """Unit vectors (3 x rows) of where they are, on the chord of their leg."""
        span = np.maximum(self.leg_to[rows] - self.leg_from[rows], 1)
        done = np.minimum(np.maximum((at - self.leg_from[rows]) / span, 0.0), 1.0)
        begun = self.start[:, rows]
        there: Floats = begun + (self.end[:, rows] - begun) * done
        return there

    def stand(self, row: int, place: Floats, at: int) -> None:
        """The engineer is here from `at` on."""
        self.start[:, row] = self.end[:, row] = place
        self.leg_from[row] = self.leg_to[row] = at

    def go(self, row: int, start: Floats, end: Floats, at: int, took: int) -> None:
        """The engineer leaves at `at` and is there `took` (ms) later."""
        self.start[:, row], self.end[:, row] = start, end
        self.leg_from[row], self.leg_to[row] = at, at + took


@dataclass(slots=True)
class Jobs:
    """A row each pair of hands: an incident for one has one row, a crew of k has k with the same `head`."""

    region: Ints
    place: Floats
    tier: Ints
    weight: Ints
    reported: Ints
    promised: Ints
    expected: Ints
    """The work as the plan reckons it (ms)."""
    product: Ints
    level: Ints
    opens: Ints
    not_before: Ints
    closes: Ints
    head: Ints
    holder: Ints
    arrived: Ints
    """When somebody came; FOREVER: nobody yet."""
    work: Ints
    """What the work takes in this future (ms), from the arrival or from the fork on, whichever is later."""

    def joined(self, more: Jobs) -> Jobs:
        """These, and more behind them, whose heads count from 0."""
        shifted = {"head": more.head + len(self.region)}
        return Jobs(
            *(
                np.concatenate([getattr(self, c.name), shifted.get(c.name, getattr(more, c.name))], axis=-1)
                for c in fields(self)
            )
        )

    def copy(self) -> Jobs:
        """The same, to be changed where a run changes it."""
        own = {"holder": self.holder.copy(), "arrived": self.arrived.copy()}
        return Jobs(*(own.get(c.name, getattr(self, c.name)) for c in fields(self)))

    def waiting(self, now: int) -> Flags:
        """Reported, and nobody is there or on the way."""
        flags: Flags = (self.reported <= now) & (self.holder == NOBODY) & (self.arrived == FOREVER)
        return flags
