"""`muster worker dispatch|windows`: one process of the fleet each."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Coroutine

import typer

workers = typer.Typer(no_args_is_help=True, help="One worker process, the fleet's entry point.")


def attach(app: typer.Typer) -> None:
    """Add `muster worker`."""
    app.add_typer(workers, name="worker")


@workers.command("dispatch")
def dispatch() -> None:
    """Triage, location feed, dispatch and read models, until SIGTERM or SIGINT; settings: MUSTER_*."""
    import scipy.sparse.csgraph  # noqa: F401 - a large matching needs it: not in the midst of an event

    from streams.log import LogBroken
    from streams.logs import configure_logging
    from streams.settings import WorkerSettings
    from streams.topics import TopicTrouble
    from streams.worker import serve_until_signalled

    settings = WorkerSettings()
    configure_logging(settings.log_level)
    try:
        run_on_fast_loop(serve_until_signalled(settings))
    except (LogBroken, TopicTrouble) as trouble:
        typer.echo(f"{type(trouble).__name__}: {trouble}", err=True)
        raise typer.Exit(1) from trouble


@workers.command("windows")
def windows() -> None:
    """Count demand and restoration in windows (Faust), until SIGTERM or SIGINT; settings: MUSTER_*."""
    from streams.settings import WorkerSettings
    from streams.windows import run  # only this command pays for importing Faust

    raise typer.Exit(run(WorkerSettings()))


def run_on_fast_loop(work: Coroutine[None, None, None]) -> None:
    """Run on uvloop where there is one; the collector looks at the long-lived state only now and then."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    if sys.platform == "win32":
        asyncio.run(work)
        return
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)
