"""How much longer a job will last: learned by product, with its spread."""

from __future__ import annotations

import numpy as np
import pytest

from services.dispatch.moments import to_ms
from services.dispatch.remaining_work import remaining_table, work_left_ms
from services.dispatch.shipped import shipped_policy
from tests.unit.dispatch.scene import Scene

POLICY = shipped_policy()


def after_jobs(jobs: int, took_min: float, product: str = "core") -> Scene:
    """Ana has finished so many jobs, each expected to take an hour."""
    scene = Scene()
    scene.on_shift("ANA", skills={"core": 3, "radio": 3})
    for number in range(jobs):
        scene.reported(f"J{number}", product=product)
        scene.phone("ANA", "acknowledged", "accepted", "en_route", "on_site")
        scene.after(took_min)
        scene.phone("ANA", "restored", "resolved")
    return scene


def left_min(scene: Scene, lasted_min: float, product: str = "core") -> float:
    """Minutes that are expected to be left of a job of an hour that has lasted so long."""
    scene.reported("NOW", product=product)
    scene.phone("ANA", "acknowledged", "accepted", "en_route", "on_site")
    scene.after(lasted_min)
    row = np.array([scene.region.engineers["ANA"].row])
    return float(work_left_ms(scene.region, POLICY, row, to_ms(scene.now))[0]) / 60_000


def test_the_longer_a_job_lasts_the_later_its_end_is_expected() -> None:
    """Rule: at its expected end a job is not about to end, and its whole length only grows."""
    table = remaining_table(POLICY, None)
    whole = table + 100 * np.arange(len(table))
    assert table[0] == pytest.approx(1000, abs=5)
    assert table[10] > 400
    assert (np.diff(whole) >= 0).all()


def test_a_product_that_takes_longer_than_told_is_expected_to() -> None:
    """Rule: what finished here counts beside the prior, job by job."""
    assert left_min(after_jobs(0, 0), 0) == pytest.approx(60, abs=1)
    ten = left_min(after_jobs(10, 120), 0)
    assert ten == pytest.approx((50 * 60 + 10 * 120) / 60, rel=0.06)
    assert left_min(after_jobs(40, 120), 0) > ten


def test_a_product_with_little_spread_ends_when_it_is_told_to() -> None:
    """Rule: the spread is learned too: just before the usual end little is left."""
    assert left_min(after_jobs(60, 60), 57) < left_min(after_jobs(0, 0), 57) / 2


def test_what_one_product_teaches_says_nothing_of_another() -> None:
    """Rule: by product."""
    assert left_min(after_jobs(10, 120), 0, "radio") == pytest.approx(60, abs=1)
