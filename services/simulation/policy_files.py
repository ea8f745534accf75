"""A dispatch policy by the name it ships under, or from a file."""

from __future__ import annotations

import difflib
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
        raise PolicyError(f"policy file {name}: {_first_mistake(error)}") from error


def _first_mistake(error: ValidationError) -> str:
    """The field, what is wrong with it, and what is allowed."""
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        return f"{field}: {first['msg']}" if field else str(first["msg"])
    known = list(DispatchPolicy.model_fields)
    near = difflib.get_close_matches(field, known, 1, 0.5)
    meant = f" (is {near[0]} meant?)" if near else ""
    return f"{field}: there is no such field{meant}; allowed are {', '.join(known)}"
