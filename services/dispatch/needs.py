"""What an incident asks of an engineer beyond product and level: language, certificate, parts, no exclusion.

One scalar rule, `fulfilled_until`, and the lines that hold its answers for everybody: whoever asks about many
pairs looks the answers up. A line lives as long as an open incident has the need.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # the state holds the lines
    from services.dispatch.state import Engineer, Incident

FOREVER = 1 << 60
"""Later than any moment (ms)."""
NEEDS_EACH = 4
_FIRST_ROWS = 64


class Need(NamedTuple):
    """One need; `rule` is the word that a person reads where it is not fulfilled."""

    rule: Literal["language", "certificate", "parts", "customer_excluded"]
    what: tuple[str, ...]


def needs_of(incident: Incident) -> list[Need]:
    """The needs of an incident, in the order of the rules; at most NEEDS_EACH."""
    needs = []
    if incident.language is not None:
        needs.append(Need("language", (incident.language,)))
    if incident.certificate is not None:
        needs.append(Need("certificate", (incident.certificate,)))
    if incident.parts:
        needs.append(Need("parts", tuple(sorted(incident.parts))))
    if incident.customer_id is not None:
        needs.append(Need("customer_excluded", (incident.customer_id,)))
    return needs


def fulfilled_until(engineer: Engineer, need: Need) -> int:
    """Until when (ms) the engineer fulfils a need; 0: not at all. A certificate not named is not had."""
    match need.rule:
        case "language":
            fulfilled = need.what[0] in engineer.languages
        case "certificate":
            return max((until for name, until in engineer.certificates if name == need.what[0]), default=0)
        case "parts":
            fulfilled = not Counter(need.what) - Counter(engineer.parts)
        case "customer_excluded":
            fulfilled = engineer.exclusions_lifted or need.what[0] not in engineer.excluded_customers
    return FOREVER if fulfilled else 0


class NeedLines:
    """`until[line, row]`: until when (ms) the row's engineer fulfils the line's need; line 0 is no need."""

    def __init__(self) -> None:
        self.until: NDArray[np.int64] = np.full((1, _FIRST_ROWS), FOREVER, np.int64)
        self._line_of: dict[Need, int] = {}
        self._uses: dict[Need, int] = {}
        self._unused: list[int] = []

    def make_room(self, row: int) -> None:
        """Let `row` exist."""
        lines, size = self.until.shape
        if row >= size:
            wider = np.zeros((lines, max(row + 1, 2 * size)), np.int64)
            wider[:, :size], wider[0] = self.until, FOREVER
            self.until = wider

    def take(self, need: Need, engineers: Iterable[Engineer]) -> int:
        """The line of a need for one more incident; filled from everybody where it is new."""
        if need in self._line_of:
            self._uses[need] += 1
            return self._line_of[need]
        if not self._unused:
            lines = len(self.until)
            self.until = np.concatenate([self.until, np.zeros_like(self.until)])
            self._unused = list(range(lines, 2 * lines))
        line = self._line_of[need] = heapq.heappop(self._unused)
        self._uses[need] = 1
        self.until[line] = 0
        for engineer in engineers:
            self.until[line, engineer.row] = fulfilled_until(engineer, need)
        return line

    def give_back(self, need: Need) -> None:
        """One incident less has the need."""
        self._uses[need] -= 1
        if not self._uses[need]:
            del self._uses[need]
            heapq.heappush(self._unused, self._line_of.pop(need))

    def set_row(self, engineer: Engineer) -> None:
        """The engineer has other languages, certificates, parts or exclusions now."""
        for need, line in self._line_of.items():
            self.until[line, engineer.row] = fulfilled_until(engineer, need)

    def clear_row(self, row: int) -> None:
        """Nobody has this row."""
        self.until[1:, row] = 0
