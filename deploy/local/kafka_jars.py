"""Fetch Apache Kafka's jars once with Maven, pinned by a pom and by their SHA-256; `python -m` runs it."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.errors import EngineFailed, EngineUnavailable

ROOT = Path(__file__).resolve().parents[2]
POM = ROOT / "deploy" / "kafka" / "pom.xml"
SUMS = ROOT / "deploy" / "kafka" / "jars.sha256"
JARS = ROOT / ".muster" / "kafka"
FETCH_WITHIN_S = 300.0
ENGINE = "real-kafka"


def fetch(jars: Path = JARS) -> Path:
    """Return the folder with Kafka's jars, fetched where they are not there yet.

    Raises EngineUnavailable where Maven is missing or can not fetch, EngineFailed where a jar is not the one
    pinned.
    Several processes may call it at once.
    """
    with _one_at_a_time(jars):
        if _stamp(jars).is_file() and _stamp(jars).read_text(encoding="utf-8") == _wanted():
            return jars
        shutil.rmtree(jars, ignore_errors=True)
        _run_maven(jars)
        _check_sums(jars)
        _stamp(jars).write_text(_wanted(), encoding="utf-8")
    return jars


def _stamp(jars: Path) -> Path:
    return jars / ".complete"


def _wanted() -> str:
    return hashlib.sha256(POM.read_bytes() + SUMS.read_bytes()).hexdigest()


@contextmanager
def _one_at_a_time(jars: Path) -> Iterator[None]:
    """Hold a lock beside the folder: two test runs must not fetch into it together."""
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / f"{jars.name}.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run_maven(jars: Path) -> None:
    """Have Maven copy the jars that the pom resolves to; its words go to a log beside them."""
    maven = shutil.which("mvn")
    if maven is None:
        raise EngineUnavailable(
            ENGINE,
            "Maven is missing, which fetches Kafka's jars",
            "`make system` installs it as root (Debian: maven).",
        )
    log_file = jars.parent / "maven.log"
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
    with log_file.open("w", encoding="utf-8") as log:
        try:
            status = subprocess.run(
                [maven, "-q", "-B", "-f", str(POM), *goal],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=FETCH_WITHIN_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired as error:
            raise EngineUnavailable(
                ENGINE, f"Maven took over {FETCH_WITHIN_S:.0f} s", "Try `make kafka`."
            ) from error
    if status != 0:
        raise EngineUnavailable(
            ENGINE, f"Maven ended with {status}", f"{log_file} has the reason; try `make kafka`."
        )


def _check_sums(jars: Path) -> None:
    """Compare every jar with the committed list; neither more nor fewer nor other bytes."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in jars.glob("*.jar")}
    wanted = {
        name: total
        for total, name in (line.split() for line in SUMS.read_text(encoding="utf-8").splitlines())
    }
    wrong = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if wrong:
        raise EngineFailed(ENGINE, f"has jars that are not the pinned ones: {', '.join(wrong)}", SUMS)


def main() -> int:
    """Fetch the jars; print one line where that needs work or fails."""
    try:
        fetch()
    except (EngineUnavailable, EngineFailed) as error:
        print(f"kafka: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
