"""The plan that `muster whatif` is asked about, from its options."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import typer

if TYPE_CHECKING:
    from schemas.plans import MovePlan
    from services.dispatch.fold import PartitionFold

CAN_NOT, MISTAKE = 1, 2


class Wish(NamedTuple):
    """The options as they were given."""

    move: list[str]
    to: str | None
    how_many: int
    plan: Path | None
    loan_min: float
    only: list[str] | None


def plan_wished(folds: Sequence[PartitionFold], wish: Wish) -> MovePlan:
    """The plan; an empty one where nobody is to go. Raises NoPlan; wrong options end the command."""
    from schemas.plans import MovePlan
    from services.surge.policy import shipped_lending_policy
    from services.whatif.plans import named, wanted

    if sum((bool(wish.move), wish.to is not None, wish.plan is not None)) > 1:
        fail("say the move in one way: --move, --to with --count, or --plan", MISTAKE)
    if wish.plan is not None:
        return _read(wish.plan)
    if wish.to is not None:
        return wanted(folds, wish.to, wish.how_many, shipped_lending_policy(), wish.loan_min, wish.only)
    named_moves = []
    for word in wish.move:
        engineer, _, region = word.rpartition(":")
        if not engineer or not region:
            fail(f"--move {word}: it is ENGINEER:REGION", MISTAKE)
        named_moves.append((engineer, region))
    return named(folds, named_moves, wish.loan_min) if named_moves else MovePlan()


def _read(path: Path) -> MovePlan:
    from pydantic import ValidationError

    from schemas.plans import MovePlan

    try:
        text = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
        return MovePlan.model_validate_json(text)
    except OSError as trouble:
        fail(f"--plan {path}: {trouble.strerror}", MISTAKE)
    except ValidationError as trouble:
        first = trouble.errors()[0]
        fail(f"--plan {path}: {'.'.join(map(str, first['loc']))}: {first['msg']}", MISTAKE)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and end."""
    typer.echo(message, err=True)
    raise typer.Exit(code)
