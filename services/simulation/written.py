"""What a replay leaves behind: legs.csv, decisions.jsonl and summary.json (CONTRACT section 4)."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas.decisions import Decision
from services.simulation.replay import Outcome

ALWAYS = ("incident_id", "engineer_id", "epoch")
"""Fields that stand in every line, null where they do not concern the decision's kind."""


def decision_line(decision: Decision) -> str:
    """A decision as one canonical JSON object: sorted keys, no blanks, nothing that says nothing."""
    fields = dict.fromkeys(ALWAYS) | decision.model_dump(mode="json", exclude_none=True)
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def write_decisions(path: Path, decisions: Iterable[Decision]) -> str:
    """Write decisions.jsonl in the order given; returns the file's SHA-256."""
    seal = hashlib.sha256()
    with path.open("wb") as file:
        for decision in decisions:
            line = decision_line(decision).encode() + b"\n"
            seal.update(line)
            file.write(line)
    return seal.hexdigest()


def summary_of(outcome: Outcome, decision_hash: str, wall_s: float) -> dict[str, Any]:
    """The figures of summary.json; `times_real_time` is last resolved minus first report over `wall_s`."""
    span_s = 0.0
    if outcome.first_report is not None and outcome.last_resolved is not None:
        span_s = (outcome.last_resolved - outcome.first_report).total_seconds()
    milliseconds = sorted(ns / 1e6 for ns in outcome.step_ns)
    return {
        "incidents": outcome.incidents,
        "decisions": len(outcome.decisions),
        "decision_hash": decision_hash,
        "decision_ms_p50": round(percentile(milliseconds, 50), 4),
        "decision_ms_p99": round(percentile(milliseconds, 99), 4),
        "wall_s": round(wall_s, 3),
        "times_real_time": round(span_s / wall_s, 1) if wall_s > 0 else 0.0,
        "unserved": outcome.unserved,
        "dead_letters": [letter._asdict() for letter in outcome.dead_letters],
    }


def percentile(ordered: list[float], percent: float) -> float:
    """The nearest-rank percentile of sorted values; 0 where there are none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """Write summary.json, readable by people."""
    path.write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
