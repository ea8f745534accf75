"""`muster token`: a signed token for trying out and for tests, alone on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schemas.api import Role  # every command waits for what a command imports here

DAY_S = 24 * 3600.0
YEAR_S = 366 * DAY_S


def attach(app: typer.Typer) -> None:
    """Add `muster token`."""
    app.command("token")(token)


def token(
    role: Annotated[
        str, typer.Option(help="dispatcher, technician, expert, lead, customer, operator or service")
    ],
    subject: Annotated[str, typer.Option(help="Who it is for; a technician's is their engineer id")],
    region: Annotated[
        list[str] | None, typer.Option(help="A region of theirs; '*' for all. Repeat it")
    ] = None,
    customer: Annotated[str | None, typer.Option(help="The customer, for the role customer")] = None,
    ttl: Annotated[float, typer.Option(min=1, max=YEAR_S, help="Seconds until it expires")] = DAY_S,
) -> None:
    """Print a signed token; it proves what it says to whoever shares MUSTER_SECRET."""
    from services.cli._own_secret import SecretUnusable, own_secret, state_folder
    from services.gateway.tokens import BadToken, Tokens, WeakSecret

    known = _role(role)
    try:
        tokens = Tokens(own_secret(state_folder()))
        signed = tokens.sign(subject, known, list(region or []), ttl, customer)
        tokens.read(signed)  # what would not be accepted is not handed out
    except (SecretUnusable, WeakSecret, BadToken) as wrong:
        typer.echo(f"muster token: {wrong}", err=True)
        raise typer.Exit(1) from wrong
    typer.echo(signed)


def _role(name: str) -> Role:
    from schemas.api import ROLES

    for role in ROLES:
        if role == name:
            return role
    raise typer.BadParameter(f"{name!r} is none of {', '.join(ROLES)}", param_hint="--role")
