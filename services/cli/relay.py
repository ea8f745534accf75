"""`muster relay`: one relay node, the expert beside the technician; one process a core."""

from __future__ import annotations

import typer


def attach(app: typer.Typer) -> None:
    """Add `muster relay`."""
    app.command("relay")(relay)


def relay() -> None:
    """Serve remote-assist sessions until SIGTERM or SIGINT; settings: MUSTER_*."""
    from pydantic import SecretStr

    from services.cli._own_secret import SecretUnusable, own_secret, state_folder
    from services.relay.endpoint import AiortcTooDifferent
    from services.relay.node.serve import serve
    from services.relay.node.settings import RelaySettings
    from services.relay.udp_port import PortBusy
    from streams.logs import configure_logging

    settings = RelaySettings()
    configure_logging(settings.log_level)
    try:
        settings.secret = SecretStr(own_secret(state_folder()))
        settings.relay_recordings = settings.relay_recordings or state_folder() / "recordings"
        serve(settings)
    except (SecretUnusable, AiortcTooDifferent, PortBusy) as unusable:
        typer.echo(f"muster relay: {unusable}", err=True)
        raise typer.Exit(1) from unusable
