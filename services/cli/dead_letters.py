"""`muster dead-letters list|retry`: what could not be read, why, and again."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from streams.letter_box import Filed

letters = typer.Typer(no_args_is_help=True, help="What could not be read or applied, why, and again.")

Reason = Annotated[str | None, typer.Option(help="Only letters with this reason.")]


def attach(app: typer.Typer) -> None:
    """Add `muster dead-letters`."""
    app.add_typer(letters, name="dead-letters")


@letters.command("list")
def list_letters(
    reason: Reason = None,
    retried: Annotated[bool, typer.Option("--retried", help="Also those that were sent again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line, bytes included.")] = False,
) -> None:
    """Show the letters, oldest first (settings: MUSTER_ variables)."""
    from rich.console import Console
    from rich.table import Table

    found = [filed for filed in _read(reason) if retried or not filed.retried]
    if as_json:
        for filed in found:
            typer.echo(
                json.dumps(filed.letter.model_dump(mode="json") | {"retried": filed.retried}, sort_keys=True)
            )
        return
    table = Table("letter", "reason", "failed at", "detail", title=f"{len(found)} dead letters")
    for filed in found:
        letter = filed.letter
        state = f"{letter.reason} (sent again)" if filed.retried else letter.reason
        table.add_row(letter.letter_id, state, f"{letter.failed_at:%Y-%m-%d %H:%M:%S}", letter.detail)
    Console().print(table)


@letters.command("retry")
def retry_letters(
    letter_ids: Annotated[list[str] | None, typer.Argument(help="Letters, as `list` names them.")] = None,
    reason: Reason = None,
    everything: Annotated[bool, typer.Option("--all", help="All that were not sent again yet.")] = False,
) -> None:
    """Send letters' original records to their topics again."""
    from streams.letter_box import retry
    from streams.settings import WorkerSettings

    if not (letter_ids or reason or everything):
        typer.echo("name letters, or --reason, or --all", err=True)
        raise typer.Exit(2)
    known = {filed.letter.letter_id: filed for filed in _read(reason)}
    unknown = [name for name in letter_ids or [] if name not in known]
    if unknown:
        typer.echo(f"no such letter: {', '.join(unknown)}", err=True)
        raise typer.Exit(1)
    chosen = (
        [known[name] for name in letter_ids]
        if letter_ids
        else [one for one in known.values() if not one.retried]
    )
    count = asyncio.run(retry(WorkerSettings(), [filed.letter for filed in chosen]))
    typer.echo(f"{count} sent again")


def _read(reason: str | None) -> list[Filed]:
    from streams.kafka import AWAY
    from streams.letter_box import read_letters
    from streams.logs import configure_logging
    from streams.settings import WorkerSettings
    from streams.topics import ensure_topics

    settings = WorkerSettings()
    configure_logging("warning")  # on stderr: stdout is for the letters

    async def read() -> list[Filed]:
        await ensure_topics(settings)  # asking for a topic that is not there would make it, in a wrong shape
        return await read_letters(settings)

    try:
        found = asyncio.run(read())
    except AWAY as trouble:
        typer.echo(f"broker {settings.broker} is not there: {trouble}", err=True)
        raise typer.Exit(1) from trouble
    return [filed for filed in found if reason is None or filed.letter.reason == reason]
