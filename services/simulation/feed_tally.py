"""What a feed counts: incidents by how they stand, decisions by kind, and report-to-assignment latency."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

from schemas.decisions import Decision

ENDED = frozenset({"resolved", "cancelled"})
PROGRESS = frozenset({"queued", "assigned", "en_route", "on_site", "restored", "resolved", "cancelled"})
LATENCY_MEANS = (
    "wall time from sending POST /v1/incidents (or from when it was due, where a stall held it) to reading "
    "the assigned decision on the stream, for incidents that were assigned by the event of their own report "
    "(not those that waited for somebody to become free)"
)


class Tally:
    """Filled by the feed as it sends and reads; times are wall seconds of one monotonic clock."""

    def __init__(self, incident_ids: frozenset[str]) -> None:
        self._ours = incident_ids
        self._due_at_s: dict[str, float] = {}
        self._first_place: dict[str, tuple[str, int]] = {}
        self._assigned: set[str] = set()
        self._ended: dict[str, str] = {}
        self.latencies_s: list[float] = []
        self.decisions: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.refused_reports: dict[str, str] = {}
        self.last_progress_s = 0.0

    def report_due(self, incident_id: str, at_s: float) -> None:
        """A report is due and leaves the feed, or would if its region were not stalled."""
        self._due_at_s.setdefault(incident_id, at_s)

    def report_refused(self, incident_id: str, why: str) -> None:
        """The gateway refused a report for good."""
        self.refused_reports[incident_id] = why

    def decided(self, decision: Decision, at_s: float) -> None:
        """A decision arrives."""
        self.decisions[decision.kind] += 1
        if decision.kind in {"refused", "conflicted", "withdrawn"}:
            self.reasons[f"{decision.kind} {decision.reason}"] += 1
        incident_id = decision.incident_id
        if incident_id is None or incident_id not in self._ours:
            return
        place = (decision.region, decision.offset)
        first = self._first_place.setdefault(incident_id, place)
        if decision.kind in PROGRESS:
            self.last_progress_s = at_s
        if decision.kind == "assigned":
            due_at_s = self._due_at_s.get(incident_id)
            if incident_id not in self._assigned and place == first and due_at_s is not None:
                self.latencies_s.append(at_s - due_at_s)
            self._assigned.add(incident_id)
        elif decision.kind in ENDED:
            self._ended.setdefault(incident_id, decision.kind)

    @property
    def reported(self) -> int:
        """Reports due so far."""
        return len(self._due_at_s)

    @property
    def known(self) -> int:
        """Incidents about which anything was decided."""
        return len(self._first_place)

    @property
    def ended(self) -> int:
        """Incidents resolved, cancelled or refused at the door."""
        return len(self._ended) + len(self.refused_reports)

    def p_ms(self, share: float) -> float | None:
        """The latency's percentile in milliseconds; None where nothing was measured."""
        return percentile_ms(self.latencies_s, share)

    def figures(self) -> dict[str, Any]:
        """The counts for summary.json."""
        how = Counter(self._ended.values())
        return {
            "incidents": len(self._ours),
            "reported": self.reported,
            "reports_refused": self.refused_reports,
            "assigned": len(self._assigned),
            "resolved": how["resolved"],
            "cancelled": how["cancelled"],
            "unserved": len(self._ours) - len(self._ended),
            "decisions": self.decisions.total(),
            "decisions_by_kind": dict(sorted(self.decisions.items())),
            "reasons": dict(sorted(self.reasons.items())),
            "report_to_assignment_ms_p50": self.p_ms(0.50),
            "report_to_assignment_ms_p99": self.p_ms(0.99),
            "report_to_assignment_count": len(self.latencies_s),
            "report_to_assignment_means": LATENCY_MEANS,
        }


def percentile_ms(seconds: list[float], share: float) -> float | None:
    """The smallest value that at least `share` of all do not exceed (nearest rank), in milliseconds."""
    if not seconds:
        return None
    rank = max(math.ceil(share * len(seconds)), 1)
    return round(sorted(seconds)[rank - 1] * 1000, 1)
