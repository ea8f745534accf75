"""Join codes: eight letters and digits that can be read out over a telephone. Pure."""

from __future__ import annotations

from random import Random

ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Without what sounds or looks alike: I, L, O, U, 0, 1."""
CODE_CHARS = 8


def make_code(chance: Random) -> str:
    """A code as it is shown, ABCD-EFGH: 39 bits of `chance`, which must be unpredictable in a real node."""
    drawn = "".join(chance.choice(ALPHABET) for _ in range(CODE_CHARS))
    return f"{drawn[:4]}-{drawn[4:]}"


def normalised(typed: str) -> str | None:
    """The eight characters of what was typed, in any case, with dashes; None where it is no code."""
    kept = "".join(char for char in typed.upper() if char not in " -_.")
    return kept if len(kept) == CODE_CHARS and set(kept) <= set(ALPHABET) else None
