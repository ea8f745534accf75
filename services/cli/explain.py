"""`muster explain INCIDENT`: every decision about it, or an engineer's postings, in full from the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.receipts import Explanation, PostingExplanation
    from streams.log_file import LogFile
    from streams.settings import WorkerSettings

    Found = Explanation | PostingExplanation

NOT_EXPLAINED, UNREADABLE = 1, 2


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    incident: Annotated[str | None, typer.Argument(help="The incident's id.", show_default=False)] = None,
    engineer: Annotated[
        str | None,
        typer.Option(help="Instead: why this engineer was sent to wait elsewhere, the last times."),
    ] = None,
    region: Annotated[
        str | None, typer.Option(help="Its region, where known: only that log is read.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="What `muster log export` wrote, instead of the live log.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object alone on stdout.")] = False,
    width: Annotated[int, typer.Option(help="Shown of those compared, and of those left out.")] = 12,
) -> None:
    """Say why: who was sent, who else there was and why not, what would have changed it, why it waits."""
    if (incident is None) == (engineer is None):
        typer.echo("explain: name an incident, or an engineer with --engineer", err=True)
        raise typer.Exit(UNREADABLE)
    found = _found(incident, engineer, region, log)
    if as_json:
        typer.echo(found.model_dump_json(exclude_none=True, indent=1))
        return
    from services.cli._explanation_text import show

    show(found, width)


def _found(incident: str | None, engineer: str | None, region: str | None, log: Path | None) -> Found:
    import streams.explain as why

    if log is not None:
        if engineer is not None:
            return _from_file(log, lambda lines: why.explain_postings_in_file(lines, engineer))
        return _from_file(log, lambda lines: why.explain_file(lines, incident or ""))
    if engineer is not None:
        return _from_log(lambda settings: why.explain_postings(settings, engineer, region))
    return _from_log(lambda settings: why.explain(settings, incident or "", region))


def _from_file(file: Path, derive: Callable[[LogFile], Found]) -> Found:
    from streams.explain import CannotExplain
    from streams.log_file import LogFileBroken, parse

    try:
        with file.open(encoding="utf-8") as lines:
            return derive(parse(lines))
    except (OSError, LogFileBroken, UnicodeDecodeError) as trouble:
        typer.echo(f"{file}: {trouble}", err=True)
        raise typer.Exit(UNREADABLE) from trouble
    except CannotExplain as trouble:
        typer.echo(f"explain: {trouble}", err=True)
        raise typer.Exit(NOT_EXPLAINED) from trouble


def _from_log(derive: Callable[[WorkerSettings], Coroutine[object, object, Found]]) -> Found:
    from streams.explain import CannotExplain
    from streams.kafka import AWAY
    from streams.logs import configure_logging
    from streams.settings import WorkerSettings
    from streams.topics import ensure_topics

    async def derived() -> Found:
        settings = WorkerSettings()
        await ensure_topics(settings)  # asking for a topic that is not there would make it, in a wrong shape
        return await derive(settings)

    configure_logging("error")
    try:
        return asyncio.run(derived())
    except (CannotExplain, *AWAY) as trouble:
        typer.echo(f"explain: {trouble}", err=True)
        raise typer.Exit(NOT_EXPLAINED) from trouble
