"""The wire as it was published stays readable, and the checker that says so finds every kind of break."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from tests.unit.schemas.compatibility import Schema, breaks, schemas_now
from tests.unit.schemas.publish import published_schemas

HOW_TO_DO_IT_RIGHT = (
    "Give the changed event a new version beside the old one (schemas/events.py: muster.x.y.v2), write v2, "
    "and let readers read both. A new field is no break when it has a default."
)
HOW_TO_PUBLISH = (
    "Compatible changes of the wire are published and committed with the code: "
    "python -m tests.unit.schemas.publish"
)
INCIDENT = "muster.incident.reported.v1"
DECISION = "muster.decision.made.v1"


def test_no_reader_and_no_stored_event_of_the_published_version_breaks() -> None:
    """Logs are kept for ever and two versions run side by side: it stays readable both ways."""
    found = breaks(published_schemas(), schemas_now())
    assert not found, "\n".join([*found, HOW_TO_DO_IT_RIGHT])


def test_the_published_schemas_are_those_of_the_models() -> None:
    """A compatible change is published too, or a later break of it would go unseen."""
    published, now = published_schemas(), schemas_now()
    stale = [name for name in now if published.get(name) != now[name]]
    assert not stale, f"{stale}: {HOW_TO_PUBLISH}"


def _remove_field(wire: dict[str, Schema]) -> None:
    del wire[INCIDENT]["properties"]["site_id"]


def _rename_field(wire: dict[str, Schema]) -> None:
    fields = wire[INCIDENT]["properties"]
    fields["urgency"] = fields.pop("tier")
    wire[INCIDENT]["required"].remove("tier")


def _narrow_bound(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["crew"]["maximum"] = 10


def _widen_bound(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["crew"]["maximum"] = 100


def _new_bound(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["offset"]["minimum"] = 0


def _narrow_type(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["level"] = {"type": "integer", "default": None}


def _change_type(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["offset"]["type"] = "string"


def _require_field(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["required"].append("site_id")


def _require_new_field(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["cabinet"] = {"type": "string"}
    wire[INCIDENT]["required"].append("cabinet")


def _relax_field(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["required"].remove("tier")


def _drop_word(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["kind"]["enum"].remove("restored")


def _add_word(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["kind"]["enum"].append("teleported")


def _close_vocabulary(wire: dict[str, Schema]) -> None:
    wire[DECISION]["properties"]["caused_by"]["enum"] = ["a"]


def _drop_type(wire: dict[str, Schema]) -> None:
    del wire[INCIDENT]


def _change_default(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["crew"]["default"] = 2


def _change_pattern(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["incident_id"]["pattern"] = "^I[0-9]+$"


def _change_named_model(wire: dict[str, Schema]) -> None:
    del wire[INCIDENT]["$defs"]["Place"]["properties"]["lon"]


def _narrow_items(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["parts"]["items"]["maxLength"] = 8


@pytest.mark.parametrize(
    ("change", "where", "sufferer"),
    [
        (_remove_field, ".site_id", "lost"),
        (_rename_field, ".tier", "lost"),
        (_narrow_bound, ".crew", "stored events"),
        (_widen_bound, ".crew", "reader"),
        (_new_bound, ".offset", "stored events"),
        (_narrow_type, ".level", "no null"),
        (_change_type, ".offset", "no integer"),
        (_require_field, ".site_id", "stored events"),
        (_require_new_field, ".cabinet", "stored events"),
        (_relax_field, ".tier", "reader"),
        (_drop_word, ".kind", "restored"),
        (_add_word, ".kind", "teleported"),
        (_close_vocabulary, ".caused_by", "stored events"),
        (_drop_type, "", "the type is gone"),
        (_change_default, ".crew", "meaning"),
        (_change_pattern, ".incident_id", "pattern"),
        (_change_named_model, ".place.lon", "lost"),
        (_narrow_items, ".parts[]", "stored events"),
    ],
)
def test_the_checker_finds_a_planted_break_and_names_its_place(
    change: Callable[[dict[str, Schema]], None], where: str, sufferer: str
) -> None:
    """Every kind of break is found, named by type and field, and says who suffers."""
    published, current = schemas_now(), copy.deepcopy(schemas_now())
    change(current)
    found = [
        line
        for line in breaks(published, current)
        if line.startswith((f"{INCIDENT}{where}", f"{DECISION}{where}"))
    ]
    assert found, f"not found at {where}"
    assert any(sufferer in line for line in found), found


def _add_optional_field(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["cabinet"] = {"type": "string", "default": ""}


def _add_type(wire: dict[str, Schema]) -> None:
    wire["muster.incident.reported.v2"] = wire[INCIDENT]


def _reword(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["description"] = "Another sentence."
    wire[INCIDENT]["properties"]["tier"]["title"] = "How urgent"


def _inline_named_model(wire: dict[str, Schema]) -> None:
    wire[INCIDENT]["properties"]["place"] = wire[INCIDENT]["$defs"]["Place"]


@pytest.mark.parametrize("change", [_add_optional_field, _add_type, _reword, _inline_named_model])
def test_the_checker_lets_a_compatible_change_pass(
    change: Callable[[dict[str, Schema]], None],
) -> None:
    """A field with a default, a new type, other words and another spelling break nobody."""
    current = copy.deepcopy(schemas_now())
    change(current)
    assert breaks(schemas_now(), current) == []
