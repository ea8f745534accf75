"""How phones behave: the steady ones that a replay assumes, and the rough ones of a bad day."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

Span = tuple[float, float]
"""Least and greatest of a uniform draw."""


@dataclass(frozen=True, slots=True)
class PhoneProfile:
    """The manners of a fleet's phones; each phone draws its own from these with its own seeded chance.

    Seconds from being told to acknowledging, from that to answering, from that to departing; `declines` is
    the share of assignments turned down; `deaf` the share whose arrival finds the phone just gone offline;
    `pace` the driving speed over the region's; `restored_share` when within the work service is back;
    `online_min` and `offline_min` the spells with and without a connection (`online_min` None: never offline
    by itself); `fix_every_s` seconds between position fixes under way (None: none are sent).
    """

    name: str
    acknowledge_s: Span = (0, 0)
    answer_s: Span = (0, 0)
    depart_s: Span = (0, 0)
    declines: float = 0.0
    deaf: float = 0.0
    pace: Span = (1, 1)
    restored_share: Span = (1, 1)
    online_min: Span | None = None
    offline_min: Span = (0, 0)
    fix_every_s: float | None = None

    def with_fixes(self, every_s: float) -> PhoneProfile:
        """The same manners with a position fix every so many seconds under way."""
        return replace(self, fix_every_s=every_s)


STEADY = PhoneProfile(name="steady")
"""CONTRACT section 3: acknowledges at once, accepts everything, reports on the second."""

ROUGH = PhoneProfile(
    name="rough",
    acknowledge_s=(2, 60),
    answer_s=(2, 90),
    depart_s=(0, 240),
    declines=0.08,
    deaf=0.03,
    pace=(0.75, 1.0),
    restored_share=(0.6, 1.0),
    online_min=(60, 480),
    offline_min=(3, 45),
    fix_every_s=60,
)
"""Slow hands, slow cars, tunnels and dead batteries, and people who say no."""

PROFILES: Mapping[str, PhoneProfile] = MappingProxyType(
    {profile.name: profile for profile in (STEADY, ROUGH)}
)


def minutes_s(span: Span) -> Span:
    """A span of minutes in seconds."""
    return span[0] * 60, span[1] * 60
