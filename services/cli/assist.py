"""`muster assist`: the evidence of remote-assist sessions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.assist.chain import Verifier
    from services.evidence.bundle import Collected

Token = Annotated[
    str | None,
    typer.Option(
        envvar="MUSTER_TOKEN", help="A dispatcher's, lead's or operator's; without it our own secret's right"
    ),
]

assist = typer.Typer(no_args_is_help=True, help="Remote-assist sessions: their evidence.")


def attach(app: typer.Typer) -> None:
    """Add `muster assist`."""
    app.add_typer(assist, name="assist")


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


@assist.command("export")
def export(
    session: Annotated[str, typer.Argument(help="The session's id", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Write the evidence bundle (.zip) here")] = None,
    video: Annotated[Path | None, typer.Option(help="Write the film with the marks (.webm) here")] = None,
    gateway: Annotated[str, typer.Option(help="The gateway's address")] = "http://127.0.0.1:8080",
    token: Token = None,
    recordings: Annotated[
        Path | None, typer.Option(help="Read this folder of recordings and ask nobody", exists=True)
    ] = None,
    no_film: Annotated[
        bool, typer.Option("--no-film", help="The bundle alone: making the film takes its time")
    ] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Also where files are missing or changed")
    ] = False,
) -> None:
    """Make a session's verifiable evidence bundle, and one film of it with the marks drawn in."""
    from services.assist.evidence import Broken
    from services.cli._export import export as made
    from services.cli._export import shelf_of
    from services.evidence.fetching import NotFetched

    if (out is None and video is None) or (no_film and (out is None or video is not None)):
        typer.echo("name what to write: --out BUNDLE.zip, --video FILM.webm, or both", err=True)
        raise typer.Exit(2)
    try:
        with shelf_of(session, gateway, token, recordings) as shelf:
            found, length_s = made(shelf, out, video, partial=partial, films=not no_film)
    except (NotFetched, Broken, OSError) as wrong:
        typer.echo(f"muster assist export: {wrong}", err=True)
        raise typer.Exit(1) from wrong
    refused = bool(found.findings) and not partial
    _tell(session, found, length_s, [] if refused else [path for path in (out, video) if path is not None])
    if refused:
        raise typer.Exit(1)


def _tell(session: str, found: Collected, length_s: float, written: list[Path]) -> None:
    for finding in found.findings:
        typer.echo(f"{session}: {finding}", err=True)
    film = f"a film of {length_s:.1f} s" if length_s else "no film"
    told = f"{found.proved.entries} entries, {len(found.files) - 1} files, {film}"
    kept = ", ".join(map(str, written)) if written else "nothing written; --partial packs what there is"
    typer.echo(f"{session}: {told}: {kept}")


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
