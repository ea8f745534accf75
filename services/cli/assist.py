"""`muster assist`: the evidence of remote-assist sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.assist.chain import Verifier

assist = typer.Typer(no_args_is_help=True, help="Remote-assist sessions: their evidence.")


def attach(app: typer.Typer) -> None:
    """Add `muster assist`."""
    app.add_typer(assist, name="assist")


@assist.callback()
def _group() -> None:
    """Keep `verify` a command of its own, also while it is the only one."""


@assist.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="A bundle (.zip) or its chain (.jsonl)", exists=True)],
    key: Annotated[
        str | None, typer.Option(help="The key's id (kid) that must have signed; without it our own")
    ] = None,
) -> None:
    """Check that nothing of a session's evidence was changed, left out or added; exit 1 where it was."""
    from services.assist.evidence import Broken
    from services.cli._bundle import Bundle, BundleUnreadable, check

    try:
        with Bundle(file) as bundle:
            verifier = _verifier(bundle.key(), key)
            proved, findings = check(bundle, verifier)
    except (Broken, BundleUnreadable) as broken:
        typer.echo(f"{file}: {broken}", err=True)
        raise typer.Exit(1) from broken
    for finding in findings:
        typer.echo(f"{file}: {finding}", err=True)
    if findings:
        raise typer.Exit(1)
    typer.echo(
        f"{file}: session {proved.session_id} of incident {proved.incident_id}, {proved.entries} entries "
        f"from {proved.first_at} to {proved.last_at}, {len(proved.files)} files, signed by {proved.kid}: "
        + ("whole and unchanged" if proved.ended else "unchanged; the session had not ended")
    )


def _verifier(named: Verifier, key: str | None) -> Verifier:
    """The key to check with: the one that the chain names, if it is the wanted one or our own."""
    from services.assist.chain import Signer
    from services.cli._own_secret import SecretUnusable, own_secret, state_folder

    if key is not None:
        if key != named.kid:
            typer.echo(f"signed by the key {named.kid}, not by {key}", err=True)
            raise typer.Exit(1)
        return named
    try:
        own = Signer(own_secret(state_folder()))
    except SecretUnusable as unusable:
        typer.echo(f"muster assist verify: {unusable}; or name the key with --key", err=True)
        raise typer.Exit(1) from unusable
    if own.kid != named.kid:
        typer.echo(
            f"signed by the key {named.kid}; this installation's is {own.kid}. Where you know that key, "
            f"say so: --key {named.kid}",
            err=True,
        )
        raise typer.Exit(1)
    return own
