"""`muster scaler`: says how many dispatch workers and relay nodes the load asks for; one a fleet."""

from __future__ import annotations

import typer


def attach(app: typer.Typer) -> None:
    """Add `muster scaler`."""
    app.command("scaler")(scaler)


def scaler() -> None:
    """Read workers and relay nodes, answer `/desired` and `/metrics` until SIGTERM; settings: MUSTER_*."""
    from services.scaler.app import serve
    from services.scaler.settings import ScalerSettings
    from streams.logs import configure_logging

    settings = ScalerSettings()
    configure_logging(settings.log_level)
    serve(settings)
