"""Whether decisions keep the hard rules: computed from what was registered and reported, not from the fold.

RuleBroken    somebody was assigned who may not be; the message names the decision and the rule
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from schemas.commands import LockIncident, UnlockIncident
from schemas.decisions import Decision
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, RegionDefined, RegionRules

DAY = timedelta(hours=24)
SLACK = timedelta(milliseconds=2)
"""Moments are whole milliseconds in the fold."""


class RuleBroken(AssertionError):
    """A hard rule does not hold."""


@dataclass(slots=True)
class _Duty:
    """An engineer's working time as their changes of state tell it."""

    began: datetime | None = None
    unbroken: datetime | None = None
    off: datetime | None = None
    paused: datetime | None = None
    carried: timedelta = timedelta()
    works_since: datetime | None = None
    spells: list[tuple[datetime, datetime]] = field(default_factory=list)

    def go_on(self, at: datetime, rules: RegionRules) -> None:
        self.works_since = self.works_since or at
        rested = self.off is not None and at - self.off >= timedelta(minutes=rules.daily_rest_min)
        if self.began is None or rested:
            self.began = self.unbroken = at - self.carried
        elif self.paused is not None and at - self.paused >= timedelta(minutes=rules.break_min):
            self.unbroken = at
        self.carried, self.off, self.paused = timedelta(), None, None

    def pause(self, at: datetime, off_shift: bool) -> None:
        self.paused = self.paused or at
        if self.works_since is not None:
            self.spells.append((self.works_since, at))
            self.works_since = None
        if off_shift:
            self.off = self.off or at  # a refusal names their state once more

    def worked(self, since: datetime, until: datetime) -> timedelta:
        """How long they work between two moments, if they work on from the last time they began."""
        spells = self.spells if self.works_since is None else [*self.spells, (self.works_since, until)]
        spans = (min(end, until) - max(begun, since) for begun, end in spells)
        return sum((span for span in spans if span > timedelta()), timedelta())


@dataclass(slots=True)
class _Engineer:
    said: EngineerRegistered
    state: str = "off_shift"
    duty: _Duty | None = None
    used: Counter[str] = field(default_factory=Counter)


class HardRules:
    """Told of everything that enters a region's log and of every decision, in order.

    `saw` raises RuleBroken where an assignment breaks a rule of product, level, language, certificate, parts,
    customer, window, shift end, rest, break, week, pin or lock.
    """

    def __init__(self) -> None:
        self._rules: dict[str, RegionRules] = {}
        self._zones: dict[str, ZoneInfo] = {}
        self._engineers: dict[str, _Engineer] = {}
        self._said: dict[str, IncidentReported] = {}
        self._reports: dict[str, IncidentReported] = {}
        self._locks: dict[str, LockIncident] = {}

    def told(self, event: object) -> None:
        """Something enters the log; what is nobody's concern here is left."""
        match event:
            case RegionDefined():
                self._rules[event.region] = event.rules
                self._zones[event.region] = ZoneInfo(event.time_zone)
            case EngineerRegistered():
                self._registered(event)
            case IncidentReported():
                self._said[event.incident_id] = event
            case _:
                pass

    def _registered(self, event: EngineerRegistered) -> None:
        known = self._engineers.setdefault(event.engineer_id, _Engineer(event))
        again = known.said.available_from != event.available_from or known.duty is None
        known.said, known.used = event, Counter()
        if event.worked_min_before is None:
            known.duty = None
        elif again:
            known.duty = known.duty or _Duty()
            known.duty.carried = timedelta(minutes=event.worked_min_before)

    def saw(self, decision: Decision, lock: LockIncident | UnlockIncident | None = None) -> None:
        """One decision; `lock` where it answers such a command."""
        engineer = self._engineers.get(decision.engineer_id or "")
        if engineer is not None and decision.engineer_state is not None:
            self._follow(engineer, decision)
        incident_id = decision.incident_id or ""
        if decision.kind == "queued":
            self._reports[incident_id] = self._report_of(decision)
        elif decision.kind == "locked" and isinstance(lock, LockIncident):
            self._locks[incident_id] = lock
        elif decision.kind == "unlocked":
            self._locks.pop(incident_id, None)
        elif decision.kind == "restored" and engineer is not None:
            engineer.used += Counter(self._reports[incident_id].parts)
        elif decision.kind == "assigned" and engineer is not None:
            rule = self.broken_rule(decision, engineer.said, self._reports[incident_id])
            if rule is not None:
                raise RuleBroken(f"{decision.id} sends {decision.engineer_id} to {incident_id}: {rule}")

    def _report_of(self, queued: Decision) -> IncidentReported:
        """What was reported; a follow-up asks for what its incident asked for, its parts are used up."""
        if queued.swarm_of is not None:
            first = self._reports[queued.swarm_of]
            level = max(1, first.level - 1)
            less: dict[str, object] = {
                "incident_id": queued.incident_id,
                "parts": [],
                "crew": 1,
                "level": level,
            }
            return first.model_copy(update=less)
        if queued.follow_up_of is None:
            return self._said[queued.incident_id or ""]
        first = self._reports[queued.follow_up_of]
        own: dict[str, object] = {
            "incident_id": queued.incident_id,
            "parts": [],
            "window_from": None,
            "window_to": None,
            "crew": 1,
        }
        return first.model_copy(update=own)

    def _follow(self, engineer: _Engineer, decision: Decision) -> None:
        """Keep the account of working time by the changes of state that decisions tell."""
        was, engineer.state = engineer.state, decision.engineer_state or engineer.state
        rules = self._rules[decision.region]
        if engineer.duty is None:
            return
        resting = ("off_shift", "on_break")
        if engineer.state in resting:
            engineer.duty.pause(decision.decided_at, engineer.state == "off_shift")
        elif was in resting or engineer.duty.began is None:
            engineer.duty.go_on(decision.decided_at, rules)

    def broken_rule(self, decision: Decision, who: EngineerRegistered, what: IncidentReported) -> str | None:
        """The rule that an assignment breaks, or None."""
        assert decision.arrives_at is not None
        arrives = decision.arrives_at
        ends = max(arrives, decision.window_from or arrives)
        ends += timedelta(minutes=decision.expected_service_min or 0) - SLACK
        permits = decision.permits or ()
        checks = {
            "unqualified": who.skills.get(what.product, 0) >= what.level,
            "language": what.language is None or what.language in who.languages,
            "certificate": what.certificate is None
            or any(c.name == what.certificate and c.expires_at >= ends for c in who.certificates),
            "parts": not Counter(what.parts) - (Counter(who.parts) - self._used(who)),
            "customer_excluded": what.customer_id not in who.excluded_customers
            or "excluded_customers" in permits,
            "window": self._in_window(what, arrives),
            "shift_end": "off_shift" in permits or _within_shift(who, decision.decided_at, ends),
            **self._working_time(decision, who, ends),
        }
        if decision.reason != "override":
            checks["pinned"] = self._is_whom_the_lock_names(decision)
        return next((rule for rule, holds in checks.items() if not holds), None)

    def _used(self, who: EngineerRegistered) -> Counter[str]:
        return self._engineers[who.engineer_id].used

    def _in_window(self, what: IncidentReported, arrives: datetime) -> bool:
        lock = self._locks.get(what.incident_id)
        closes = [what.window_to]
        if lock is not None and lock.kind != "engineer":
            closes.append(lock.start_to if lock.kind == "range" else lock.start_from)
        return all(end is None or arrives <= end + SLACK for end in closes)

    def _working_time(self, decision: Decision, who: EngineerRegistered, ends: datetime) -> dict[str, bool]:
        duty, rules = self._engineers[who.engineer_id].duty, self._rules[decision.region]
        if duty is None or duty.began is None or duty.unbroken is None:
            return {}
        rest_by = duty.began + DAY - timedelta(minutes=rules.daily_rest_min)
        break_by = duty.unbroken + timedelta(minutes=rules.break_after_min)
        now, zone = decision.decided_at, self._zones[decision.region]
        begins, last = _monday(now, zone), _monday(ends, zone)
        worked = max(duty.worked(begins, last if last > begins else ends), duty.worked(last, ends))
        in_week = worked <= timedelta(minutes=rules.week_max_min)
        return {"rest": ends <= rest_by, "break": ends <= break_by, "week": in_week}

    def _is_whom_the_lock_names(self, decision: Decision) -> bool:
        lock = self._locks.get(decision.incident_id or "")
        named = [] if lock is None or lock.kind not in ("engineer", "both") else lock.engineer_ids
        return len(named) < (decision.crew or 1) or decision.engineer_id in named


def _within_shift(who: EngineerRegistered, at: datetime, ends: datetime) -> bool:
    """Whether work ends with the registered shift; one that a phone began after it has no registered end."""
    return who.shift_end is None or ends <= who.shift_end or at > who.shift_end


def _monday(at: datetime, zone: ZoneInfo) -> datetime:
    """The Monday 00:00 of its week, by the region's clocks."""
    there = at.astimezone(zone)
    return datetime.combine((there - timedelta(days=there.weekday())).date(), time(), zone)
