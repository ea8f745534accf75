"""A policy file: what it may say, and how a mistake is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.dispatch.policy import DispatchPolicy
from services.dispatch.shipped import shipped_policy
from services.simulation.policy_files import PolicyError, policy_named


def a_file(folder: Path, change: dict[str, Any]) -> str:
    """The default policy as a file, with a change."""
    path = folder / "mine.json"
    path.write_text(json.dumps(shipped_policy().model_dump(mode="json") | change))
    return str(path)


def test_a_policy_file_is_read_as_it_is_written(tmp_path: Path) -> None:
    """Rule: what is valid is taken, field by field."""
    named = policy_named(a_file(tmp_path, {"name": "mine", "churn_price_weighted_min": 7}))
    assert named == shipped_policy().model_copy(update={"name": "mine", "churn_price_weighted_min": 7.0})


def test_an_unknown_field_is_refused_with_those_there_are(tmp_path: Path) -> None:
    """Rule: a wrong unit in a name is an unknown field; the message names the meant one, and all."""
    name = a_file(tmp_path, {"churn_price_min": 7})
    with pytest.raises(PolicyError) as refused:
        policy_named(name)
    said = str(refused.value)
    assert said.startswith(f"policy file {name}: churn_price_min: there is no such field")
    assert "is churn_price_weighted_min meant?" in said
    assert all(field in said for field in DispatchPolicy.model_fields)


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("churn_price_weighted_min", 36_000, "less than or equal to 10000"),
        ("churn_price_weighted_min", "14 min", "valid number"),
        ("soon_free_permille", 0.8, "valid integer"),
        ("settle_s", -1, "greater than or equal to 0"),
    ],
)
def test_a_value_in_another_unit_is_refused_with_what_is_allowed(
    tmp_path: Path, field: str, value: object, allowed: str
) -> None:
    """Rule: the file, the field, and the range."""
    name = a_file(tmp_path, {field: value})
    with pytest.raises(PolicyError) as refused:
        policy_named(name)
    assert str(refused.value).startswith(f"policy file {name}: {field}: ")
    assert allowed in str(refused.value)
