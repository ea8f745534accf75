"""What can go wrong with an engine on this machine.

EngineError
├── EngineUnavailable   something is not installed; says what to do
├── EngineFailed        it was started and did not become ready, or ended by itself; carries its log's end
└── EngineNotRunning    an operation needs a running engine
"""

from __future__ import annotations

from pathlib import Path

LOG_TAIL_LINES = 20


class EngineError(Exception):
    """Base of everything that an engine on this machine raises."""


class EngineUnavailable(EngineError):
    """An engine can not be started here, because something is missing.

    `remedy` is a whole sentence for a person: what to install, and how.
    """

    def __init__(self, engine: str, missing: str, remedy: str) -> None:
        super().__init__(f"{engine} is not available: {missing}. {remedy}")
        self.engine = engine
        self.missing = missing
        self.remedy = remedy


class EngineFailed(EngineError):
    """An engine was started and did not become ready; the end of its log is in the message."""

    def __init__(self, engine: str, what: str, log_file: Path) -> None:
        super().__init__(f"{engine} {what}; the end of {log_file}:\n{tail(log_file)}")
        self.engine = engine
        self.log_file = log_file


class EngineNotRunning(EngineError):
    """An engine that is not running was asked for something only a running one can do."""


def tail(log_file: Path, lines: int = LOG_TAIL_LINES) -> str:
    """Return the last lines of a log file, or a word where there is none."""
    try:
        text = log_file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"
