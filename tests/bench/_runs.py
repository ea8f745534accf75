"""Replays of shifted scenarios under policies, scored; what was measured is kept by what it depends on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

from services.dispatch.policy import DispatchPolicy
from services.simulation.replay import Replay
from services.simulation.scenarios import Scenario, read_scenario
from tests.bench._yardstick import Score, geometric_mean, score, shifted

ROOT = Path(__file__).resolve().parents[2]
DECIDES = ("schemas", "services/dispatch", "services/simulation", "tests/bench/_yardstick.py")
Scores = dict[str, dict[int, Score]]
"""By scenario and seed."""


class Job(NamedTuple):
    """One replay to be scored."""

    folder: Path
    seed: int
    policy: str
    kept_in: Path | None


class Kind(NamedTuple):
    """The measures of one kind of scenarios beside the reference's, as issue 4 bounds them."""

    j_over_f: float
    churn: float
    km_over_f: float
    breach_points: float
    worst_breach_points: float
    platinum_points: float
    worst_platinum_points: float
    area_over_f: float


@cache
def _sources() -> str:
    """A hash of everything that decides."""
    seal = hashlib.sha256()
    for name in DECIDES:
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            seal.update(file.read_bytes())
    return seal.hexdigest()


@cache
def _scenario(folder: Path) -> Scenario:
    return read_scenario(folder)


def run(job: Job) -> Score:
    """Replay and score, or read what an earlier run of the same has kept."""
    texts = [file.read_bytes() for file in sorted(job.folder.glob("*.*"))]
    seal = hashlib.sha256(b"\0".join([_sources().encode(), job.policy.encode(), *texts])).hexdigest()[:24]
    kept = None if job.kept_in is None else job.kept_in / f"{job.folder.name}~{job.seed}-{seal}.json"
    if kept is not None and kept.is_file():
        return Score(**json.loads(kept.read_text()))
    scenario = shifted(_scenario(job.folder), job.seed)
    policy = DispatchPolicy.model_validate_json(job.policy)
    scored = score(scenario, Replay(scenario, policy).run().legs)
    if kept is not None:
        kept.write_text(json.dumps(scored._asdict()))
    return scored


def scores(
    policy: DispatchPolicy,
    folders: Sequence[Path],
    seeds: Iterable[int],
    kept_in: Path | None,
    pool: ProcessPoolExecutor,
    advance: Callable[[int], None],
) -> Scores:
    """The policy's score on each scenario shifted by each seed."""
    text = policy.model_dump_json()
    jobs = [Job(folder, seed, text, kept_in) for folder in folders for seed in seeds]
    found: Scores = {}
    for job, scored in zip(jobs, pool.map(run, jobs), strict=True):
        found.setdefault(job.folder.name, {})[job.seed] = scored
        advance(1)
    return found


def against(found: Scores, reference: Mapping[str, Mapping[str, float]], names: Sequence[str]) -> Kind:
    """Means over the seeds of each scenario, then over the scenarios, beside the reference's."""

    def ours(name: str, measure: str) -> float:
        return fmean(getattr(one, measure) for one in found[name].values())

    def theirs(name: str, measure: str) -> float:
        return fmean(reference[f"{name}~{seed}"][measure] for seed in found[name])

    def ratio(measure: str) -> float:
        return geometric_mean(ours(name, measure) / theirs(name, measure) for name in names)

    late = [ours(name, "breach_pct") - theirs(name, "breach_pct") for name in names]
    platinum = [ours(name, "platinum_breach_pct") - theirs(name, "platinum_breach_pct") for name in names]
    return Kind(
        j_over_f=ratio("J"),
        churn=fmean(ours(name, "churn") for name in names),
        km_over_f=ratio("km_per_incident"),
        breach_points=fmean(late),
        worst_breach_points=max(late),
        platinum_points=fmean(platinum),
        worst_platinum_points=max(platinum),
        area_over_f=ratio("worst_over_best_area"),
    )


def alone() -> None:
    """A worker of the pool: one thread, and behind everything else."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.nice(19)
