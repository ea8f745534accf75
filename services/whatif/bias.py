"""How far the coarser play lies from the dispatcher's own: measured, shipped, shown with every fork.

`muster bench fork --write-bias` makes `bias.json`: replays are forked every hour, the rollout is given what
was then reported and how long the work took, and its mean waiting is compared with that of the replay, which
`step` dispatched.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from pydantic import Field

from schemas.base import Wire
from schemas.whatif import RolloutBias

BANDS_MIN = (15.0, 30.0, 120.0)
"""A region's mean waiting up to so long, and beyond."""


class MeasuredBias(Wire):
    """What was measured, by band of the mean waiting, and how it was made."""

    made: str
    bands: list[RolloutBias] = Field(min_length=1, max_length=10)


@cache
def shipped_bias() -> MeasuredBias:
    """What ships with Muster."""
    return MeasuredBias.model_validate_json((resources.files("services.whatif") / "bias.json").read_bytes())


def bias_at(waited_min: float) -> RolloutBias:
    """What was measured where people waited about as long."""
    bands = shipped_bias().bands
    return next((band for band in bands if band.up_to_min is None or waited_min <= band.up_to_min), bands[-1])
