"""`muster gateway`: the public API, the decision stream and the console's pages, one process."""

from __future__ import annotations

import typer


def attach(app: typer.Typer) -> None:
    """Add `muster gateway`."""
    app.command("gateway")(gateway)


def gateway() -> None:
    """Serve the API, the stream and the console until SIGTERM or SIGINT; settings: MUSTER_*."""
    from pydantic import SecretStr

    from services.cli._explainer import explainer
    from services.cli._forker import forker
    from services.cli._own_secret import SecretUnusable, own_secret, state_folder
    from services.gateway.serve import serve
    from services.gateway.settings import GatewaySettings
    from services.gateway.tokens import WeakSecret
    from streams.logs import configure_logging

    settings = GatewaySettings()
    configure_logging(settings.log_level)
    try:
        if not settings.secret.get_secret_value():
            settings.secret = SecretStr(own_secret(state_folder()))
        serve(settings, explainer(settings), forker(settings))
    except (SecretUnusable, WeakSecret) as unusable:
        typer.echo(f"muster gateway: {unusable}", err=True)
        raise typer.Exit(1) from unusable
