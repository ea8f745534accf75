"""What can be wrong with a scenario's files: each mistake named by file and line.

ScenarioError    up to 20 Mistakes; `str()` is one line a mistake
"""

from __future__ import annotations

from typing import NamedTuple

MISTAKES_SHOWN = 20


class Mistake(NamedTuple):
    """One mistake: the file, the line (1 is the header; 0: no line is to blame), what is wrong."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        where = f"{self.file} line {self.line}" if self.line else self.file
        return f"{where}: {self.what}"


class ScenarioError(ValueError):
    """A scenario can not be read; `mistakes` names the first 20, `found` counts them all."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.found = len(mistakes)
        self.mistakes = mistakes[:MISTAKES_SHOWN]
        lines = [str(mistake) for mistake in self.mistakes]
        if self.found > len(lines):
            lines.append(f"and {self.found - len(lines)} more")
        super().__init__("\n".join(lines))
