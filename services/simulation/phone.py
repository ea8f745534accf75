"""The device model: one engineer's phone and the journey that carries it. Pure: time and chance are given.

How to drive one (the replay and `muster feed` do the same):

    phone = Phone(engineer, terms, profile, random.Random(f"{seed}/{engineer_id}"), service_min)
    said = phone.told(decision, now)     # a decision reached the phone: what it says at once
    when = phone.due()                   # when it will do something by itself (None: only when told)
    said = phone.advance(when)           # let it do everything that is due up to `when`
    phone.place(when), phone.legs        # where it is; the journeys that have ended

What is said comes in the device's order and is to be sent so. Offline a phone drives and works on, and hands
over its log when it is back; decisions are read then, without those taken back. `now` never steps back.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from schemas.base import Place
from schemas.decisions import Decision
from schemas.engineers import PhoneStatus, PositionReported, StatusReported
from schemas.regions import EngineerRegistered, Terms
from services.simulation.agenda import Agenda
from services.simulation.geometry import travel_time_s
from services.simulation.jobs import LOG_LIMIT, REASONS, Job, is_release, is_told
from services.simulation.journeys import Journey, Leg, Outcome
from services.simulation.profiles import STEADY, PhoneProfile, Span, minutes_s

Said = StatusReported | PositionReported
"""What a phone sends: statuses, numbered by the device, and position fixes."""


class Phone:
    """One engineer's phone; see the module for how it is driven."""

    def __init__(
        self,
        engineer: EngineerRegistered,
        terms: Terms,
        profile: PhoneProfile = STEADY,
        chance: random.Random | None = None,
        service_min: Callable[[str], float] = lambda _: 30.0,
        device_id: str = "phone",
        starts_at: datetime | None = None,
    ) -> None:
        """`starts_at`: when spells offline may begin; `service_min`: how long the work really takes."""
        self.engineer_id = engineer.engineer_id
        self.region = engineer.region
        self.legs: list[Leg] = []
        self.online = True
        self.call_back_s = 0.0  # so soon after arriving a job that was taken back before is still left
        self._terms = terms
        self._profile = profile
        self._chance = chance or random.Random(0)
        self._service_min = service_min
        self._device_id = device_id
        self._place = engineer.home
        self._pace = self._chance.uniform(*profile.pace)
        self._jobs: list[Job] = []
        self._agenda: Agenda[Job] = Agenda()
        self._seq = 0
        self._log: list[Said] = []
        self._inbox: list[Decision] = []
        begins = starts_at or engineer.available_from
        if begins is not None and profile.online_min is not None:
            self._agenda.after(begins, self._draw(minutes_s(profile.online_min)), self._go_offline)

    @property
    def busy(self) -> bool:
        """True while the phone has an assignment or something left to send or to read."""
        return bool(self._jobs or self._log or self._inbox)

    def told(self, decision: Decision, now: datetime) -> list[Said]:
        """A decision reaches the phone; returns what it says by `now`. Decisions about others are ignored."""
        self._agenda.run(now)
        if decision.engineer_id == self.engineer_id and is_told(decision):
            if decision.kind == "assigned" and self._deaf():
                self._go_offline(now)
            if self.online:
                self._hear(decision, now)
            else:
                assert len(self._inbox) < LOG_LIMIT
                self._inbox.append(decision)
        self._agenda.run(now)
        return self._send()

    def due(self) -> datetime | None:
        """When the phone will next do something by itself."""
        return self._agenda.due()

    def advance(self, now: datetime) -> list[Said]:
        """Do all that is due up to `now`, each at its own moment; returns what reaches the network."""
        self._agenda.run(now)
        return self._send()

    def place(self, now: datetime) -> Place:
        """Where the engineer is: on the line to the site, or where the last journey ended."""
        journey = self._jobs[0].journey if self._jobs else None
        return journey.place(now) if journey else self._place

    def _hear(self, decision: Decision, now: datetime) -> None:
        if decision.kind == "posted":
            self._hear_post(decision, now)
        elif is_release(decision) and any(job.is_worked_on_as(decision) for job in self._jobs):
            self._hear_release(decision, now)
        elif decision.kind == "crew_complete":
            self._start_together(decision, now)
        elif decision.kind != "resolved":
            self._hear_assignment(decision, now)

    def _hear_release(self, decision: Decision, now: datetime) -> None:
        """What somebody who joined a swarm is working on is done by others, or theirs no more."""
        job = next(job for job in self._jobs if job.is_worked_on_as(decision))
        self._jobs.remove(job)
        self._agenda.forget(job)
        self._depart(now)

    def _hear_assignment(self, decision: Decision, now: datetime) -> None:
        """Take a decision in: a withdrawn job is left, a new one ends whatever is not being worked on yet."""
        named = (decision.incident_id, decision.epoch)
        given = decision.kind == "assigned"
        if given and any(job.named == named for job in self._jobs):
            return  # told twice
        for job in [job for job in self._jobs if not job.working or self._called_back(job, decision, now)]:
            if given or job.named == named:
                self._leave(job, now)
        if given:
            self._jobs.append(job := Job.of(decision))
            self._after(now, self._profile.acknowledge_s, self._acknowledge, job)

    def _hear_post(self, decision: Decision, now: datetime) -> None:
        """Drive to a post; with work in hand the news is out of date."""
        if all(job.is_post for job in self._jobs):
            for job in self._jobs[:]:
                self._leave(job, now)
            self._jobs.append(Job.of(decision))
            self._depart(now)

    def _called_back(self, job: Job, decision: Decision, now: datetime) -> bool:
        """True where the job was taken back before we arrived and the news comes just after: we drive on."""
        if decision.kind != "withdrawn" or job.arrived_at is None or decision.decided_at > job.arrived_at:
            return False
        return (now - job.arrived_at).total_seconds() < self.call_back_s

    def _leave(self, job: Job, now: datetime) -> None:
        """Turn away from a job; under way the car stops here and the leg is written."""
        if job.working:
            self.legs[-1] = self.legs[-1]._replace(outcome="diverted")
        place = self.place(now)
        self._jobs.remove(job)
        self._agenda.forget(job)
        if job.journey is not None:
            self._place = place
            if now > job.journey.departed_at:  # no road, no journey
                self._write_leg(job, job.journey, now, "diverted")

    def _acknowledge(self, job: Job, at: datetime) -> None:
        self._say("acknowledged", job, at)
        self._after(at, self._profile.answer_s, self._answer, job)

    def _answer(self, job: Job, at: datetime) -> None:
        if self._profile.declines > 0 and self._chance.random() < self._profile.declines:
            self._say("declined", job, at, reason=self._chance.choice(REASONS))
            self._leave(job, at)
            return
        self._say("accepted", job, at)
        self._after(at, self._profile.depart_s, self._get_ready, job)

    def _get_ready(self, job: Job, at: datetime) -> None:
        job.ready = True
        self._depart(at)

    def _depart(self, at: datetime) -> None:
        """Set out to the first job in hand, once it is accepted and nobody is being worked for."""
        job = self._jobs[0] if self._jobs else None
        if job is None or not job.ready or job.working:
            return
        seconds = travel_time_s(self._place, job.site, self._terms, self._pace)
        arrives_at = self._after(at, (seconds, seconds), self._arrive, job)
        job.journey = Journey(self._place, job.site, at, arrives_at)
        if not job.is_post:
            self._say("en_route", job, at)
        self._fix_later(job, at)

    def _arrive(self, job: Job, at: datetime) -> None:
        assert job.journey is not None
        self._place = job.site
        self._write_leg(job, job.journey, at, "arrived")
        job.journey, job.working, job.arrived_at = None, True, at
        if job.is_post:
            self._jobs.remove(job)
            return
        early_s = (job.opens_at - at).total_seconds() if job.opens_at is not None else 0.0
        if early_s > 0:
            self._after(at, (early_s, early_s), self._enter, job)
        else:
            self._enter(job, at)

    def _enter(self, job: Job, at: datetime) -> None:
        """The gate is open: on site. Of a crew everybody waits for the last one."""
        self._say("on_site", job, at)
        if job.crew == 1:
            self._work(job, at)

    def _start_together(self, decision: Decision, now: datetime) -> None:
        for job in self._jobs:
            told = job.named == (decision.incident_id, decision.epoch)
            if told and job.working and not job.started:
                self._work(job, now)

    def _work(self, job: Job, at: datetime) -> None:
        job.started = True
        work_s = self._service_min(job.incident_id) * 60
        low, high = self._profile.restored_share
        self._after(at, (work_s * low, work_s * high), self._restore, job)
        self._after(at, (work_s, work_s), self._finish, job)

    def _restore(self, job: Job, at: datetime) -> None:
        self._say("restored", job, at)

    def _finish(self, job: Job, at: datetime) -> None:
        self._say("resolved", job, at)
        self._jobs.remove(job)
        self._depart(at)

    def _fix_later(self, job: Job, at: datetime) -> None:
        if (every_s := self._profile.fix_every_s) and job.journey is not None:
            self._after(at, (every_s, every_s), self._fix_under_way, job)

    def _fix_under_way(self, job: Job, at: datetime) -> None:
        if job.journey is not None:
            self._fix(at)
            self._fix_later(job, at)

    def _write_leg(self, job: Job, journey: Journey, at: datetime, outcome: Outcome) -> None:
        outcome = "moved" if job.is_post else outcome
        self.legs.append(journey.leg(self.engineer_id, job.incident_id, at, self._place, outcome))

    def _deaf(self) -> bool:
        return self.online and self._profile.deaf > 0 and self._chance.random() < self._profile.deaf

    def _go_offline(self, at: datetime) -> None:
        if self.online:
            self.online = False
            spell_s = self._draw(minutes_s(self._profile.offline_min))
            self._agenda.after(at, spell_s, self._come_back)

    def _come_back(self, at: datetime) -> None:
        """Hand over the log, say where we are, then read what was decided meanwhile."""
        self.online = True
        self._fix(at)
        inbox, self._inbox = self._inbox, []
        gone = {(d.incident_id, d.epoch) for d in inbox if d.kind == "withdrawn"}
        for decision in inbox:
            taken_back = (decision.incident_id, decision.epoch) in gone
            if decision.kind == "withdrawn" or not taken_back:
                self._hear(decision, at)
        if self._profile.online_min is not None:
            self._agenda.after(at, self._draw(minutes_s(self._profile.online_min)), self._go_offline)

    def _say(self, status: PhoneStatus, job: Job, at: datetime, reason: str | None = None) -> None:
        self._seq += 1
        self._keep(
            StatusReported(
                engineer_id=self.engineer_id,
                device_id=self._device_id,
                device_seq=self._seq,
                occurred_at=at,
                incident_id=job.incident_id,
                epoch=job.epoch,
                status=status,
                reason=reason,
                place=self.place(at),
            )
        )

    def _fix(self, at: datetime) -> None:
        """A fix while offline is worth nothing later, so it is not kept."""
        if self.online:
            here = self.place(at).model_dump()
            self._keep(PositionReported(engineer_id=self.engineer_id, fixed_at=at, **here))

    def _keep(self, said: Said) -> None:
        assert len(self._log) < LOG_LIMIT
        self._log.append(said)

    def _send(self) -> list[Said]:
        if not self.online:
            return []
        said, self._log = self._log, []
        return said

    def _after(self, at: datetime, delay_s: Span, act: Callable[[Job, datetime], None], job: Job) -> datetime:
        return self._agenda.after(at, self._draw(delay_s), lambda when: act(job, when), job)

    def _draw(self, span: Span) -> float:
        return span[0] if span[0] == span[1] else self._chance.uniform(*span)
