"""The API does what its OpenAPI description says, whatever it is sent (schemathesis, bounded)."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.integration.gateway.system import System

pytestmark = pytest.mark.timeout(300)

EXAMPLES = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
STREAM = "/v1/assignments/stream"  # it does not end by itself; test_stream.py has it


@pytest.mark.slow
def test_the_api_does_what_it_says(system: System) -> None:
    """Generated requests to every route but the stream: described statuses, types and bodies."""
    description = httpx.get(f"{system.url}/v1/openapi.json", trust_env=False, timeout=60).json()
    assert description["openapi"] == "3.1.0"
    assert STREAM in description["paths"]
    schema = schemathesis.openapi.from_dict(description).exclude(path=STREAM)
    schema.config.update(base_url=system.url)
    tokens = {role: system.token(role) for role in ("service", "lead")}
    tried = 0
    for found in schema.get_all_operations():
        operation = cast("Any", found).ok()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @schemathesis_given(operation)
        def every(case: Any) -> None:
            token = tokens["lead" if _is_a_leads(case.path) else "service"]
            headers = {"Authorization": f"Bearer {token}", "Prefer": "respond-async"}
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=20)

        every()
        tried += 1
    assert tried == len(list(schema.get_all_operations())) >= 25


def _is_a_leads(path: str) -> bool:
    """Whether the route is of the lead's desk: a service gets only a 403 there."""
    return path.startswith(("/v1/lending", "/v1/loans")) or path.endswith("/lending")


def schemathesis_given(operation: Any) -> Any:
    """Hypothesis' `given` over the requests that an operation describes."""
    from hypothesis import given

    return given(case=operation.as_strategy())
