"""`muster log export|replay`: a region's log as a file, and folded again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

logs = typer.Typer(no_args_is_help=True, help="A region's log: export it, fold it again.")


def attach(app: typer.Typer) -> None:
    """Add `muster log`."""
    app.add_typer(logs, name="log")


@logs.command("export")
def export(
    region: Annotated[str, typer.Option(help="The region's id.")],
    out: Annotated[Path, typer.Option(help="The file to write; replaced when there.")],
) -> None:
    """Write a region's events and published decisions as JSON lines (settings: MUSTER_ variables)."""
    from streams.kafka import AWAY
    from streams.log_export import NothingToExport
    from streams.logs import configure_logging

    configure_logging("warning")
    try:
        lines = asyncio.run(_export(region, out))
    except (NothingToExport, *AWAY) as trouble:
        out.with_name(out.name + ".part").unlink(missing_ok=True)
        typer.echo(f"log export: {trouble}", err=True)
        raise typer.Exit(1) from trouble
    typer.echo(f"{lines} lines in {out}")


async def _export(region: str, out: Path) -> int:
    """Into a file beside it first: a half-written export must not look like a whole one."""
    from streams.log_export import export_log
    from streams.settings import WorkerSettings
    from streams.topics import ensure_topics

    settings = WorkerSettings()
    await ensure_topics(settings)  # asking for a topic that is not there would make it, in a wrong shape
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    count = 0
    with part.open("w", encoding="utf-8") as file:
        async for line in export_log(settings, region):
            file.write(line + "\n")
            count += 1
    part.replace(out)
    return count


@logs.command("replay")
def replay(file: Annotated[Path, typer.Argument(help="What `muster log export` wrote.")]) -> None:
    """Fold an exported log again and compare with the published decisions; exit 1 at a difference."""
    from streams.log_file import LogFileBroken, fold_again, parse

    try:
        with file.open(encoding="utf-8") as lines:
            log = parse(lines)
    except (OSError, LogFileBroken, UnicodeDecodeError) as trouble:
        typer.echo(f"{file}: {trouble}", err=True)
        raise typer.Exit(2) from trouble
    outcome = fold_again(log)
    typer.echo(
        f"region {log.region}: {outcome.events} events, {outcome.decisions} decisions,"
        f" {len(log.published)} published, {outcome.unreadable} unreadable; state {outcome.digest}"
    )
    if outcome.not_yet_published:
        typer.echo(f"{outcome.not_yet_published} decisions about the last events were not published yet")
    if outcome.difference is not None:
        typer.echo(f"first difference: {outcome.difference}", err=True)
        raise typer.Exit(1)
    typer.echo("folded again to the same decisions")
