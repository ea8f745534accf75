"""A dispatch policy by the name it ships under, or from a file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import SHIPPED, shipped_policy


class PolicyError(ValueError):
    """No such policy, or a policy file that can not be read; the message is for people."""


def policy_named(name: str) -> DispatchPolicy:
    """The shipped policy of this name, else of this file (JSON); PolicyError says what is wrong."""
    if name in SHIPPED:
        return shipped_policy(name)
    path = Path(name)
    try:
        return DispatchPolicy.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        shipped = ", ".join(SHIPPED)
        raise PolicyError(f"no policy {name!r}: there is no such file, and shipped are {shipped}") from error
    except OSError as error:
        raise PolicyError(f"policy file {name} can not be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise PolicyError(f"policy file {name}: {where + ': ' if where else ''}{first['msg']}") from error
