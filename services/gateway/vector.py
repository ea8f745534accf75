"""Where a reader of `assignments` stands: per partition the next offset and a high-water mark, as one text.

Decisions of one partition are published in the order of `region-events`, by one owner or, for a moment, by
two that publish the same. So what is not above the highest (offset, n) seen is a repeat. One event (a clock
tick) may decide in several regions, each counting its own n: the mark keeps n by region at that offset.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from schemas.decisions import Decision
from schemas.topics import REGION_PARTITIONS

VERSION = "1!"
MAX_CHARS = 8192
_PART = re.compile(
    r"([0-9]{1,5}),([0-9]{1,19}),([0-9a-f]{8})?,(-?[0-9]{1,19})((?:,[A-Za-z0-9_.:@/+-]{1,128}=[0-9]{1,9})*)"
)


class BadVector(ValueError):
    """An event id that no gateway has given out."""


def log_tag(log: str) -> str:
    """Eight hex digits that tell one log from another."""
    return hashlib.sha256(log.encode()).hexdigest()[:8]


@dataclass(slots=True)
class Mark:
    """A place in one partition of `assignments`: `next` is the broker's offset to read next."""

    next: int = 0
    log: str = ""
    offset: int = -1
    seen: dict[str, int] = field(default_factory=dict)
    _text: str = ""

    def take(self, decision: Decision, at: int, tag: str) -> bool:
        """Move past the record at `at`; False where its decision was seen before."""
        self.next = at + 1
        self._text = ""
        if tag != self.log:
            self.log, self.offset, self.seen = tag, -1, {}
        if decision.offset < self.offset:
            return False
        if decision.offset > self.offset:
            self.offset, self.seen = decision.offset, {decision.region: decision.n}
            return True
        if decision.n <= self.seen.get(decision.region, -1):
            return False
        self.seen[decision.region] = decision.n
        return True

    def skip(self, at: int) -> None:
        """Move past a record that holds no decision."""
        self.next = at + 1
        self._text = ""

    def rewind(self, at: int, offset: int) -> None:
        """Stand before the record at `at`; decisions about events up to `offset` count as seen."""
        self.next, self.offset, self.seen = at, offset, {}
        self._text = ""

    def copy(self) -> Mark:
        """A mark of its own."""
        return Mark(self.next, self.log, self.offset, dict(self.seen))

    def text(self, partition: int) -> str:
        """The mark as a part of an event id; kept until it moves."""
        if not self._text:
            seen = "".join(f",{region}={n}" for region, n in sorted(self.seen.items()))
            self._text = f"{partition},{self.next},{self.log},{self.offset}{seen}"
        return self._text


class Vector:
    """One mark for each partition of `assignments`."""

    def __init__(self, marks: dict[int, Mark] | None = None) -> None:
        self._marks = marks if marks is not None else {p: Mark() for p in range(REGION_PARTITIONS)}

    def __getitem__(self, partition: int) -> Mark:
        return self._marks[partition]

    def __iter__(self) -> Iterator[tuple[int, Mark]]:
        return iter(self._marks.items())

    def restart(self, partition: int) -> None:
        """Forget a partition: another log lies there now."""
        self._marks[partition] = Mark()

    def copy(self) -> Vector:
        """A vector of its own."""
        return Vector({partition: mark.copy() for partition, mark in self._marks.items()})

    def encode(self) -> str:
        """The event id; a partition of which nothing was read is left out."""
        return VERSION + ";".join(mark.text(p) for p, mark in self._marks.items() if mark.next > 0)

    @classmethod
    def decode(cls, text: str) -> Vector:
        """The vector of an event id; BadVector for anything else."""
        if len(text) > MAX_CHARS or not text.startswith(VERSION):
            raise BadVector("no event id of this stream")
        vector = cls()
        for part in filter(None, text.removeprefix(VERSION).split(";")):
            found = _PART.fullmatch(part)
            if found is None or int(found[1]) not in vector._marks:
                raise BadVector("no event id of this stream")
            pairs = (pair.rsplit("=", 1) for pair in found[5].split(",") if pair)
            seen = {region: int(n) for region, n in pairs}
            vector._marks[int(found[1])] = Mark(int(found[2]), found[3] or "", int(found[4]), seen)
        return vector
