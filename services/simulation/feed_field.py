"""The people in the field while a scenario is played: one phone an engineer, told what was decided."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

from schemas.decisions import Decision
from services.simulation.journeys import Leg
from services.simulation.phone import Phone, Said
from services.simulation.profiles import PhoneProfile
from services.simulation.scenarios import Scenario


class Field:
    """All phones of a scenario; what they say goes to `say`, in each phone's order.

    A moment of wall time is minutes of the scenario: a diversion may reach a phone that has just arrived.
    Within `call_back_s` it obeys, or one incident would be attended by two.
    """

    def __init__(
        self,
        scenario: Scenario,
        profile: PhoneProfile,
        seed: int,
        starts_at: datetime,
        call_back_s: float,
        say: Callable[[list[Said]], None],
    ) -> None:
        terms = {region.region: region.terms for region in scenario.regions}
        self._say = say
        self._phones = {
            engineer.engineer_id: Phone(
                engineer,
                terms[engineer.region],
                profile,
                random.Random(f"{seed}/{engineer.engineer_id}"),
                scenario.service_min.__getitem__,
                starts_at=max(starts_at, engineer.available_from or starts_at),
            )
            for engineer in scenario.engineers
        }
        for phone in self._phones.values():
            phone.call_back_s = call_back_s

    def told(self, decision: Decision, now: datetime) -> None:
        """A decision reaches the phone of its engineer, if it is one of ours."""
        phone = self._phones.get(decision.engineer_id or "")
        if phone is not None:
            self._say(phone.told(decision, now))

    def advance(self, now: datetime) -> None:
        """Let every phone do what is due."""
        for phone in self._phones.values():
            due = phone.due()
            if due is not None and due <= now:
                self._say(phone.advance(now))

    @property
    def busy(self) -> int:
        """How many have an assignment, or something to send or to read."""
        return sum(phone.busy for phone in self._phones.values())

    def legs(self) -> list[Leg]:
        """The journeys that have ended, as the phones saw them."""
        return [leg for phone in self._phones.values() for leg in phone.legs]
