"""`muster explain INCIDENT`: every decision about it with its full receipt, derived from the log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.receipts import Explanation

NOT_EXPLAINED, UNREADABLE = 1, 2


def attach(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(explain)


def explain(
    incident: Annotated[str, typer.Argument(help="The incident's id.", show_default=False)],
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
    found = _from_file(log, incident) if log is not None else _from_log(incident, region)
    if as_json:
        typer.echo(found.model_dump_json(exclude_none=True, indent=1))
        return
    from services.cli._explanation_text import show

    show(found, width)


def _from_file(file: Path, incident: str) -> Explanation:
    from streams.explain import CannotExplain, explain_file
    from streams.log_file import LogFileBroken, parse

    try:
        with file.open(encoding="utf-8") as lines:
            return explain_file(parse(lines), incident)
    except (OSError, LogFileBroken, UnicodeDecodeError) as trouble:
        typer.echo(f"{file}: {trouble}", err=True)
        raise typer.Exit(UNREADABLE) from trouble
    except CannotExplain as trouble:
        typer.echo(f"explain: {trouble}", err=True)
        raise typer.Exit(NOT_EXPLAINED) from trouble


def _from_log(incident: str, region: str | None) -> Explanation:
    from streams.explain import CannotExplain
    from streams.explain import explain as derive
    from streams.kafka import AWAY
    from streams.logs import configure_logging
    from streams.settings import WorkerSettings
    from streams.topics import ensure_topics

    async def derived() -> Explanation:
        settings = WorkerSettings()
        await ensure_topics(settings)  # asking for a topic that is not there would make it, in a wrong shape
        return await derive(settings, incident, region)

    configure_logging("error")
    try:
        return asyncio.run(derived())
    except (CannotExplain, *AWAY) as trouble:
        typer.echo(f"explain: {trouble}", err=True)
        raise typer.Exit(NOT_EXPLAINED) from trouble
