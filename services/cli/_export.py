"""What `muster assist export` does: from where, with whose right, and how far it is."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.evidence.bundle import Collected, NothingRecorded, Progress, collect, film_of, pack
from services.evidence.fetching import Folder, Gateway, NotFetched, Shelf

OWN_TOKEN_S = 600.0


@contextmanager
def shelf_of(session: str, gateway: str, token: str | None, recordings: Path | None) -> Iterator[Shelf]:
    """Where the evidence comes from; without a token as this installation's own operator."""
    if recordings is not None:
        yield Folder(recordings, session)
        return
    with Gateway(gateway, token or _own_token()) as asked:
        yield asked.shelf(session)


def _own_token() -> str:
    from services.cli._own_secret import SecretUnusable, own_secret, state_folder
    from services.gateway.tokens import EVERYWHERE, Tokens, WeakSecret

    try:
        return Tokens(own_secret(state_folder())).sign("muster-export", "operator", [EVERYWHERE], OWN_TOKEN_S)
    except (SecretUnusable, WeakSecret) as unusable:
        raise NotFetched(f"{unusable}; or bring a token: --token") from unusable


def export(
    shelf: Shelf, out: Path | None, video: Path | None, *, partial: bool, films: bool
) -> tuple[Collected, float]:
    """Fetch, film and pack; what was fetched, and the film's length in seconds (0 where there is none).

    Nothing is packed where a file is missing or changed, unless `partial`. Raises NotFetched, Broken.
    """
    where = (out or video or Path()).absolute().parent
    with tempfile.TemporaryDirectory(prefix=".muster-export-", dir=where) as made, shown() as progress:
        folder = Path(made)
        found = collect(shelf, folder, progress)
        if found.findings and not partial:
            return found, 0.0
        film, length_s = _filmed(found, folder / "film.webm", progress) if films else (None, 0.0)
        if out is not None:
            pack(found, out, film)
        if video is not None and film is not None:
            video.touch(mode=0o600)
            shutil.copyfile(film, video)
        return found, length_s


def _filmed(found: Collected, film: Path, progress: Progress) -> tuple[Path | None, float]:
    try:
        return film, film_of(found, film, progress)
    except NothingRecorded:
        return None, 0.0


@contextmanager
def shown() -> Iterator[Progress]:
    """A bar on a terminal, else a line for each tenth."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("")
            yield lambda what, done, of: bar.update(task, description=what, completed=done, total=of)
        return
    told: set[tuple[str, int]] = set()

    def tell(what: str, done: float, of: float) -> None:
        tenth = int(done * 10 / of) if of else 10
        if (what, tenth) not in told:
            told.add((what, tenth))
            print(f"{what}: {tenth * 10} %", file=sys.stderr, flush=True)

    yield tell
