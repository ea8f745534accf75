"""Drills on a copy of a region: its name and its engineers' names say that nothing of it is real."""

from __future__ import annotations

from schemas.base import Id, ShortText, Wire

SUFFIX = ".exercise"
"""Ends the name of an exercise's region: `R1.exercise` is a copy of R1."""
PREFIX = "exercise."
"""Begins the name of every engineer and incident of an exercise."""
MAX_NAME = 128


class EndExercise(Wire):
    """The drill is over: what is open in it is called off, and its engineers are gone."""

    region: Id
    by: Id
    reason: ShortText = ""


def is_exercise_region(region: str) -> bool:
    """Whether a region of this name is an exercise."""
    return region.endswith(SUFFIX)


def exercise_of(region: str) -> str:
    """The name of a region's exercise."""
    return f"{region}{SUFFIX}"


def real_region(region: str) -> str:
    """The region that an exercise is a copy of; a real one is itself."""
    return region.removesuffix(SUFFIX)


def is_exercise_name(name: str) -> bool:
    """Whether an engineer or an incident of this name belongs to an exercise."""
    return name.startswith(PREFIX)


def exercise_name(name: str) -> str:
    """The name in an exercise of whom or what is real."""
    return f"{PREFIX}{name}"[:MAX_NAME]


def belongs(region: str, name: str) -> bool:
    """Whether an engineer or incident of this name may be in this region: a real one in a real one alone."""
    return is_exercise_region(region) == is_exercise_name(name)
