"""Arbitrary valid events of every type, drawn from the models' own JSON Schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from schemas.base import Wire, rfc3339

Schema = dict[str, Any]

MOMENTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone itself
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
IDS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_.:@/+-]{0,20}\Z")
_BY_PATTERN = {
    r"^[A-Za-z0-9][A-Za-z0-9_.:@/+-]*$": IDS,
    r"^[^=\s]+=\S+$": st.just("EMMA_ID=PT011"),
    r"^[0-9a-f]{64}$": st.binary(min_size=32, max_size=32).map(bytes.hex),
    r"^[A-Za-z0-9_-]*\.\.[A-Za-z0-9_-]*$": st.just("eyJ9..c2ln"),
}
_ZONES = st.sampled_from(["UTC", "Europe/Lisbon", "America/St_Johns"])
_TIERS = ("platinum", "gold", "silver")


def events_of(model: type[Wire]) -> st.SearchStrategy[Wire]:
    """Any valid event of a model, without optional fields as well as with all of them."""
    schema = model.model_json_schema()
    drawn = _values(schema, schema.get("$defs", {}))
    return drawn.map(model.model_validate)


def _values(schema: Schema, named: Schema, name: str = "") -> st.SearchStrategy[Any]:
    """Values of one schema; what JSON Schema can not say (zones, rings, marks) is known by name."""
    if "$ref" in schema:
        target = schema["$ref"].rsplit("/", 1)[1]
        return _values(named[target], named, target)
    if name == "time_zone":
        return _ZONES
    if name == "coordinates":
        return _closed_rings()
    if name == "Mark":
        return _marks()
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return st.one_of([_values(part, named) for part in schema[word]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _by_type(schema, named)


def _by_type(schema: Schema, named: Schema) -> st.SearchStrategy[Any]:
    match schema["type"]:
        case "object":
            return _objects(schema, named)
        case "array":
            once = _once_by if schema["items"].get("$ref", "").endswith("/PlannedMove") else None
            least = schema.get("minItems", 0)
            return st.lists(_values(schema["items"], named), min_size=least, max_size=3, unique_by=once)
        case "string":
            return _strings(schema)
        case "integer":
            return st.integers(schema.get("minimum", -(2**40)), schema.get("maximum", 2**40))
        case "number":
            low = schema.get("minimum", schema.get("exclusiveMinimum", -1e6))
            return st.floats(
                low,
                schema.get("maximum", 1e6),
                exclude_min="exclusiveMinimum" in schema,
            )
        case "boolean":
            return st.booleans()
        case "null":
            return st.none()
        case other:
            raise AssertionError(f"no strategy for the JSON Schema type {other!r}")


def _once_by(move: Any) -> Any:
    """A plan moves nobody twice."""
    return move["engineer_id"]


def _objects(schema: Schema, named: Schema) -> st.SearchStrategy[Any]:
    if "properties" not in schema:
        by_pattern = list(schema.get("patternProperties", {}).values())
        values = _values((by_pattern or [schema.get("additionalProperties")])[0], named)
        if schema.get("propertyNames", {}).get("enum"):
            return st.fixed_dictionaries(dict.fromkeys(_TIERS, values))
        keys = IDS if "propertyNames" in schema else st.text(max_size=10)
        return st.dictionaries(keys, values, max_size=3)
    fields = {field: _values(part, named, field) for field, part in schema["properties"].items()}
    required = set(schema.get("required", []))
    return st.fixed_dictionaries(
        {field: fields[field] for field in fields if field in required},
        optional={field: fields[field] for field in fields if field not in required},
    )


def _strings(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return MOMENTS.map(rfc3339)
    plain = st.text(min_size=schema.get("minLength", 0), max_size=20)
    return _BY_PATTERN.get(schema.get("pattern", ""), plain)


def _closed_rings() -> st.SearchStrategy[Any]:
    points = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
    open_ring = st.lists(points, min_size=3, max_size=5)
    return st.lists(open_ring.map(lambda ring: [*ring, ring[0]]), min_size=1, max_size=2)


def _marks() -> st.SearchStrategy[Any]:
    """One mark of each tool, with as many points as it needs."""
    coordinate = st.integers(0, 65_535)
    point = st.tuples(coordinate, coordinate).map(list)
    extra: Schema = {
        "text": {"text": st.text(min_size=1, max_size=20)},
        "step": {"number": st.integers(1, 99)},
    }
    points = {"freehand": (2, 6), "text": (1, 1), "step": (1, 1)}
    return st.one_of(
        [
            st.fixed_dictionaries(
                {"tool": st.just(tool)}
                | {"points": st.lists(point, min_size=fewest, max_size=most)}
                | extra.get(tool, {})
            )
            for tool in ("arrow", "circle", "rectangle", "freehand", "text", "step")
            for fewest, most in [points.get(tool, (2, 2))]
        ]
    )
