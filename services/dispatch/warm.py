"""The matcher's arrays: a row per engineer, a slot per open incident, kept in step one change at a time.

Everything here is derived: a restore builds it again from the state and gets the same numbers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dispatch.geometry import Vector
from services.dispatch.needs import FOREVER, NEEDS_EACH, Need, NeedLines

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ABSENT, IDLE, UNDER_WAY, WORKING, JOINING = 0, 1, 2, 3, 4
"""How an engineer can be matched: not at all, at once, by being turned, after the work in hand, arriving."""
WAITING, TURNABLE, SENT, FORMING = 1, 2, 3, 4
"""How an incident can be matched: it waits, who has it can be turned, or not; or it waits for a crew."""
_FIRST = 64
_ENGINEER_COLUMNS = (
    "standing",
    "start",
    "end",
    "leg_from",
    "leg_to",
    "held_slot",
    "work_began",
    "work_expected",
    "work_product",
    "works_until",
    "pins",
)
_INCIDENT_COLUMNS = (
    "standing",
    "place",
    "weight",
    "promised",
    "service",
    "unfair",
    "product",
    "level",
    "holder",
    "near",
    "opens",
    "closes",
    "not_before",
    "locked_row",
    "needs",
    "by_people",
)


class EngineerRows:
    """Columns of numbers about engineers, indexed by row."""

    def __init__(self) -> None:
        self.standing: NDArray[np.int8] = np.zeros(_FIRST, np.int8)
        self.start: Floats = np.zeros((3, _FIRST))
        self.end: Floats = np.zeros((3, _FIRST))
        self.leg_from: Ints = np.zeros(_FIRST, np.int64)
        self.leg_to: Ints = np.zeros(_FIRST, np.int64)
        self.held_slot: Ints = np.full(_FIRST, -1, np.int64)
        self.work_began: Ints = np.zeros(_FIRST, np.int64)
        self.work_expected: Ints = np.ones(_FIRST, np.int64)
        self.work_product: Ints = np.zeros(_FIRST, np.int64)
        self.remaining: dict[int, Ints] = {}
        """By product number: the table of what is left of its work; made when it is asked for."""
        self.works_until: Ints = np.full(_FIRST, FOREVER, np.int64)
        """Until when (ms) shift end, rest, break and week let them work."""
        self.pins: Ints = np.zeros(_FIRST, np.int64)
        """Of how many waiting incidents they are the one who must go."""
        self.levels: NDArray[np.int8] = np.zeros((1, _FIRST), np.int8)
        """Qualification by product number and row; number 0 is the product that nobody has."""
        self.product_numbers: dict[str, int] = {}
        self._product_names: list[str] = [""]
        self._qualified: dict[tuple[str, int], Ints] = {}

    def make_room(self, row: int) -> None:
        """Let `row` exist."""
        size = len(self.standing)
        if row < size:
            return
        size = max(row + 1, 2 * size)
        for name in _ENGINEER_COLUMNS:
            setattr(self, name, _longer(getattr(self, name), size))
        self.levels = _longer(self.levels, size)

    def product_number(self, product: str) -> int:
        """The line of `levels` that holds a product; a new one for a product not seen before."""
        number = self.product_numbers.get(product)
        if number is None:
            number = self.product_numbers[product] = len(self.levels)
            self._product_names.append(product)
            line = np.zeros((1, self.levels.shape[1]), np.int8)
            self.levels = np.concatenate([self.levels, line])
        return number

    def levels_of(self, product: str) -> NDArray[np.int8]:
        """The level that each row has of a product; of one not seen before nobody has any."""
        number = self.product_number(product)  # may make `levels` anew
        line: NDArray[np.int8] = self.levels[number]
        return line

    def product_name(self, number: int) -> str:
        """The product whose number this is; "" for 0."""
        return self._product_names[number]

    def set_skills(self, row: int, skills: dict[str, int]) -> None:
        """The engineer in `row` has these levels and no other skill."""
        numbers = {self.product_number(p): level for p, level in skills.items()}
        self._qualified.clear()
        self.levels[:, row] = 0
        for number, level in numbers.items():
            self.levels[number, row] = level

    def qualified(self, product: str, level: int) -> Ints:
        """The rows that have the product at the level or above, in order."""
        rows = self._qualified.get((product, level))
        if rows is None:
            rows = np.flatnonzero(self.levels_of(product) >= level)
            self._qualified[product, level] = rows
        return rows

    def places_at(self, rows: Ints, now: int) -> Floats:
        """Unit vectors (3 x rows) of where they are, on the chord of their leg (metres off the true line)."""
        span = np.maximum(self.leg_to[rows] - self.leg_from[rows], 1)
        done = np.minimum(np.maximum((now - self.leg_from[rows]) / span, 0.0), 1.0)
        begun = self.start.take(rows, axis=1)
        reckoned: Floats = begun + (self.end.take(rows, axis=1) - begun) * done
        return reckoned


class IncidentSlots:
    """Columns of numbers about open incidents, indexed by slot."""

    def __init__(self, near: int) -> None:
        self.standing: NDArray[np.int8] = np.zeros(_FIRST, np.int8)
        self.place: Floats = np.zeros((3, _FIRST))
        self.weight: Ints = np.zeros(_FIRST, np.int64)
        self.promised: Ints = np.zeros(_FIRST, np.int64)
        self.service: Ints = np.zeros(_FIRST, np.int64)
        self.unfair: Ints = np.zeros(_FIRST, np.int64)
        self.product: Ints = np.zeros(_FIRST, np.int64)
        self.level: Ints = np.zeros(_FIRST, np.int64)
        self.holder: Ints = np.full(_FIRST, -1, np.int64)
        self.near: NDArray[np.int32] = np.full((_FIRST, near), -1, np.int32)
        self.opens: Ints = np.zeros(_FIRST, np.int64)
        self.closes: Ints = np.full(_FIRST, FOREVER, np.int64)
        self.not_before: Ints = np.zeros(_FIRST, np.int64)
        self.locked_row: Ints = np.full(_FIRST, -1, np.int64)
        self.needs: Ints = np.zeros((NEEDS_EACH, _FIRST), np.int64)
        """Lines of NeedLines."""
        self.by_people: Flags = np.zeros(_FIRST, np.bool_)
        """Of a tier that is not dispatched automatically."""
        self.asked: dict[int, list[Need]] = {}
        self.pinned: dict[int, tuple[str, ...]] = {}
        self.barred: dict[int, dict[str, int]] = {}

    def make_room(self, slot: int) -> None:
        """Let `slot` exist."""
        size = len(self.standing)
        if slot < size:
            return
        size = max(slot + 1, 2 * size)
        for name in _INCIDENT_COLUMNS:
            setattr(self, name, _longer(getattr(self, name), size))


class Warm:
    """Both tables of one region."""

    def __init__(self, near: int = 48) -> None:
        self.engineers = EngineerRows()
        self.incidents = IncidentSlots(near)
        self.moved: dict[int, None] = {}
        """Rows whose place is newer in the state than here."""
        self.forming: set[int] = set()
        """Slots that wait for a crew."""
        self.lines = NeedLines()
        self.timed_rows: set[int] = set()
        """Rows that some rule of working time limits."""
        self.timed_slots: set[int] = set()
        """Slots with a need or a window."""

    def is_timed(self) -> bool:
        """Whether any pair can break a rule of when."""
        return bool(self.timed_rows or self.timed_slots)

    def set_leg(self, row: int, start: Vector, end: Vector, began: int, to: int) -> None:
        """The engineer in `row` travels from `start` (at `began`) to `end` (at `to`); equal: stands."""
        e = self.engineers
        e.start[:, row], e.end[:, row] = start, end
        e.leg_from[row], e.leg_to[row] = began, to


def _longer(array: NDArray[Any], size: int) -> NDArray[Any]:
    """The array with room for `size`; vectors grow along their rows, shortlists down their slots."""
    is_near = array.dtype == np.int32
    shape = (size, array.shape[1]) if is_near else (*array.shape[:-1], size)
    longer = np.full(shape, -1 if is_near else 0, array.dtype)
    if is_near:
        longer[: len(array)] = array
    else:
        longer[..., : array.shape[-1]] = array
    return longer
