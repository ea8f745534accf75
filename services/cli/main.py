"""The `muster` command: it only gathers the commands, each in a module of its own."""

from __future__ import annotations

import importlib
import os
import pkgutil

import typer

import services.cli as commands

app = typer.Typer(
    name="muster",
    help="Field-service dispatch and remote assist: from incident to assignment, over one ordered log.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")  # small matrices: threads would only wait for each other


def _gather() -> None:
    """Every module of this package with an `attach(app)` adds its command: nothing to register by hand."""
    for found in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        if found.name.startswith("_") or found.name == "main":
            continue
        attach = getattr(importlib.import_module(f"{commands.__name__}.{found.name}"), "attach", None)
        if attach is not None:
            attach(app)


_gather()
