"""Who goes where until when, as one plan with one hash: what is shown, consented to and carried out."""

from __future__ import annotations

import hashlib

import orjson
from pydantic import Field, model_validator

from schemas.base import Id, Moment, Place, Wire

MOST_MOVES = 100


class PlannedMove(Wire):
    """One engineer to another region, at once; `owner_epoch` is the one they have before."""

    engineer_id: Id
    home_region: Id
    to_region: Id
    owner_epoch: int = Field(ge=0, le=2**53)
    staging: Place
    until: Moment


class MovePlan(Wire):
    """Who goes where until when; an empty one asks what comes if nobody moves."""

    moves: list[PlannedMove] = Field(default=[], max_length=MOST_MOVES)

    @model_validator(mode="after")
    def _each_once(self) -> MovePlan:
        names = [move.engineer_id for move in self.moves]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"engineer {twice} is moved twice")
        return self


def plan_hash(plan: MovePlan) -> str:
    """SHA-256 of the plan's canonical JSON, its moves in the order of the engineers: what a commit names."""
    moves = sorted(plan.model_dump(mode="json")["moves"], key=lambda move: str(move["engineer_id"]))
    return hashlib.sha256(orjson.dumps({"moves": moves}, option=orjson.OPT_SORT_KEYS)).hexdigest()
