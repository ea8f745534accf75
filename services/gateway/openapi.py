"""The OpenAPI 3.1 description: FastAPI's own, with problems (RFC 9457) and the ways to sign in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from schemas.answers import Problem
from services.gateway.access import COOKIE
from services.gateway.policy import POLICY, Rule
from services.gateway.problems import MEDIA_TYPE

_ALWAYS = {"500": "Something broke here; nothing of it is told"}
_WITH_TOKEN = {
    "401": "No token, or one that proves nothing",
    "403": "Not this role's, or none of its regions",
    "429": "Too many requests",
    "503": "The broker or Redis does not answer",
}
_COMMAND = {
    "400": "No Idempotency-Key, or no JSON",
    "409": "The state does not allow it; `epoch` is the current one",
}
_BY_KIND = {
    "404": "There is no such thing",
    "422": "Fields are wrong, or the event can not be applied",
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The whole description as a JSON object."""
    description = get_openapi(
        title="Muster",
        version="1",
        openapi_version="3.1.0",
        summary="Field-service dispatch: report, assign, arrive, restore",
        routes=app.routes,
    )
    components = description.setdefault("components", {})
    named = components.setdefault("schemas", {})
    for gone in ("HTTPValidationError", "ValidationError"):
        named.pop(gone, None)
    _, problems = models_json_schema(
        [(Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    named.update(problems["$defs"])
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
    }
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            _complete(operation, POLICY[(method.upper(), path)], bool(operation.get("requestBody")))
    return description


def _complete(operation: dict[str, Any], rule: Rule, has_body: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    answers = dict(_ALWAYS)
    if rule.roles is not None:
        answers |= _WITH_TOKEN | _BY_KIND
        operation["security"] = [{"bearer": []}, {"cookie": []}, *([{}] if rule.guests else [])]
        operation["x-roles"] = sorted(rule.roles)
    else:
        answers |= (
            {"429": _WITH_TOKEN["429"], "401": _WITH_TOKEN["401"], "422": _BY_KIND["422"]} if has_body else {}
        )
    if rule.command:
        answers |= _COMMAND
    if has_body:
        answers |= {"400": _COMMAND["400"], "413": "The body is too large"}
    for status, says in answers.items():
        responses.setdefault(
            status,
            {
                "description": says,
                "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        )
