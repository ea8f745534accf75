"""A process that forks as `muster whatif` does, from snapshots in a folder: says when it has what.

    python -m tests.bench._fork_child FOLDER REGION ENGINEERS FUTURES

A JSON object a line: {"futures": n} once n are there, at last the CPU seconds of all and of a future.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from statistics import fmean


def main(folder: Path, region: str, engineers: int, futures: int) -> None:
    """Everything that the command imports, restores, forks and plays, in its order."""
    import services.cli.main  # noqa: F401
    import streams.whatif  # noqa: F401 - both are what the command imports to read the log
    from services.cli._fork_pool import play_all
    from services.dispatch.fold import PartitionFold
    from services.surge.policy import shipped_lending_policy
    from services.whatif.fork import fork_of
    from services.whatif.plans import wanted

    folds = [PartitionFold.restore(path.read_bytes()) for path in sorted(folder.iterdir())]
    fork = fork_of(folds, wanted(folds, region, engineers, shipped_lending_policy(), 360.0))
    pairs, each = [], []
    for played in play_all(fork, futures):
        pairs.append(played.pair)
        each.append(played.cpu_s)
        report = fork.report(pairs, futures)
        print(json.dumps({"futures": report.futures}), flush=True)
    own, others = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    cpu_s = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    print(
        json.dumps({"cpu_s": cpu_s, "each": fmean(each), "cores": len(os.sched_getaffinity(0))}), flush=True
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
