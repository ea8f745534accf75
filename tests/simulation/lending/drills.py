"""The same three regions as drills, which begin, end and begin again while their engineers are on loan."""

from __future__ import annotations

from schemas.exercises import EndExercise, exercise_name, exercise_of
from schemas.regions import RegionDefined
from tests.simulation.lending.post import ENGINEERS, REGIONS, Country, registered


class Drills(Country):
    """A drill on a copy of each region."""

    names = tuple(exercise_of(region) for region in REGIONS)
    engineers = tuple(exercise_name(name) for name in ENGINEERS)
    prefix = exercise_name("")

    def __init__(self) -> None:
        super().__init__()
        self.left_out: set[str] = set()
        """Who was on the way when their drill began again: registered in none, or come home to it."""

    def is_over(self, region: str) -> bool:
        """Whether it has ended, and has not begun again."""
        return self.regions[region].fold.regions[region].exercise_over

    def end_or_begin(self, region: str) -> None:
        """Its lead ends the drill; one that is over begins again, with whoever belongs to it."""
        if not self.is_over(region):
            self.post(region, EndExercise(region=region, by="lead-1"))
            return
        self.post(region, RegionDefined(region=region, exercise=True))
        for name in self.engineers:
            if self.home(name) != region:
                continue
            if self.is_between(name):
                self.left_out.add(name)
            else:
                self.left_out.discard(name)
                self.post(region, registered(name, region))

    def is_between(self, engineer_id: str) -> bool:
        """Whether a region has given them away and has not heard yet that they were taken."""
        states = [region.fold.regions[region.name] for region in self.regions.values()]
        gone = [state.handed_over[engineer_id] for state in states if engineer_id in state.handed_over]
        return any(one.handover is not None for one in gone)

    def owner(self, engineer_id: str) -> str:
        """Whose drill is over may be nobody's."""
        if self.is_over(self.home(engineer_id)) and self.holder(engineer_id) is None:
            return ""
        return super().owner(engineer_id)
