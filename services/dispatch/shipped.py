"""The policies that ship with Muster, by name: JSON files beside this module."""

from __future__ import annotations

from functools import cache
from importlib import resources

from services.dispatch.policy import DispatchPolicy

SHIPPED = ("default", "calm")


class UnknownPolicy(LookupError):
    """No shipped policy has this name."""


@cache
def shipped_policy(name: str = "default") -> DispatchPolicy:
    """A shipped policy; UnknownPolicy names those there are."""
    if name not in SHIPPED:
        raise UnknownPolicy(f"no policy {name!r}: there are {', '.join(SHIPPED)}")
    folder = resources.files("services.dispatch") / "policies"
    return DispatchPolicy.model_validate_json((folder / f"{name}.json").read_bytes())
