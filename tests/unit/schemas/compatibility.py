"""What a change of the wire would break: published JSON Schemas against the models as they are now.

Two sides are broken apart. A *stored event* of the published version must be readable by today's models; a
*published reader* must be able to read what today's writers write. Both matter: logs are kept for ever, and
processes of two versions run side by side while a fleet is renewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.events import EVENT_TYPES

Schema = dict[str, Any]

_NARROWS_WHEN_RAISED = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems"})
_NARROWS_WHEN_LOWERED = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})
_PROSE = frozenset({"title", "description", "examples", "$defs", "$ref"})
_COMPARED_APART = frozenset({"type", "enum", "const", "anyOf", "oneOf", "required", "properties", "default"})
_STORED = "stored events of the published version can not be read any more"
_READER = "a reader of the published version refuses what is written now"


def schemas_now() -> dict[str, Schema]:
    """JSON Schema of every event type as the models stand, without their prose."""
    return {name: _without_prose(model.model_json_schema()) for name, model in EVENT_TYPES.items()}


def _without_prose(schema: Any) -> Any:
    """A reworded sentence is no change of the wire: descriptions are left out (fields of that name stay)."""
    if isinstance(schema, list):
        return [_without_prose(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_prose(part)
        for key, part in schema.items()
        if not (key == "description" and isinstance(part, str))
    }


def breaks(published: Mapping[str, Schema], current: Mapping[str, Schema]) -> list[str]:
    """Every break of the published types, one sentence each: where, what, and who suffers."""
    found = []
    for name, old in published.items():
        if name not in current:
            found.append(f"{name}: the type is gone: {_STORED}")
            continue
        new = current[name]
        sides = (old.get("$defs", {}), new.get("$defs", {}))
        found += [f"{name}{what}" for what in _compare(old, new, sides, "")]
    return found


def _compare(old: Schema, new: Schema, named: tuple[Schema, Schema], where: str) -> Iterator[str]:
    before, after = _branches(old, named[0]), _branches(new, named[1])
    for kind in before.keys() - after.keys():
        yield f"{where}: no {kind} is allowed any more: {_STORED}"
    for kind in after.keys() - before.keys():
        yield f"{where}: {kind} is allowed too: {_READER}"
    for kind in sorted(before.keys() & after.keys()):
        yield from _compare_branch(before[kind], after[kind], named, where)


def _branches(schema: Schema, named: Schema) -> dict[str, Schema]:
    """The alternatives of a schema by JSON type, references followed."""
    if "$ref" in schema:
        return _branches(named[schema["$ref"].rsplit("/", 1)[1]], named)
    alternatives = schema.get("anyOf") or schema.get("oneOf")
    if alternatives is None:
        return {schema.get("type", "value"): schema}
    found: dict[str, Schema] = {}
    for alternative in alternatives:
        found.update(_branches(alternative, named))
    return found


def _compare_branch(old: Schema, new: Schema, named: tuple[Schema, Schema], where: str) -> Iterator[str]:
    yield from _compare_words(_words(old), _words(new), where)
    yield from _compare_fields(old, new, named, where)
    for key in sorted((old.keys() | new.keys()) - _PROSE - _COMPARED_APART):
        yield from _compare_keyword(key, old.get(key), new.get(key), named, where)


def _words(schema: Schema) -> set[Any] | None:
    """The closed vocabulary of a value, or None where it is open."""
    if "const" in schema:
        return {schema["const"]}
    return set(schema["enum"]) if "enum" in schema else None


def _compare_words(old: set[Any] | None, new: set[Any] | None, where: str) -> Iterator[str]:
    if new is not None and (gone := "some" if old is None else sorted(old - new)):
        yield f"{where}: values are gone ({gone}): {_STORED}"
    if old is not None and (added := "any" if new is None else sorted(new - old)):
        yield f"{where}: values are new ({added}): {_READER}"


def _compare_fields(old: Schema, new: Schema, named: tuple[Schema, Schema], where: str) -> Iterator[str]:
    fields, fields_now = old.get("properties", {}), new.get("properties", {})
    must, must_now = set(old.get("required", [])), set(new.get("required", []))
    for field in fields.keys() - fields_now.keys():
        yield f"{where}.{field}: removed or renamed: what is stored under this name is lost"
    for field in sorted(must_now - must):
        yield f"{where}.{field}: is required now: {_STORED}"
    for field in sorted((must - must_now) & fields_now.keys()):
        yield f"{where}.{field}: may be left out now: {_READER}"
    for field in sorted(fields.keys() & fields_now.keys()):
        was, is_now = fields[field], fields_now[field]
        if field not in must | must_now and was.get("default") != is_now.get("default"):
            yield f"{where}.{field}: another default: stored events change their meaning"
        yield from _compare(was, is_now, named, f"{where}.{field}")


def _compare_keyword(key: str, old: Any, new: Any, named: tuple[Schema, Schema], where: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        if key in {"items", "additionalProperties", "propertyNames"}:
            yield from _compare(old, new, named, f"{where}[]")
        else:
            yield from _compare_fields({"properties": old}, {"properties": new}, named, f"{where}[]")
    elif old != new:
        yield f"{where}: {key} {_direction(key, old, new)}"


def _direction(key: str, old: Any, new: Any) -> str:
    """Whether a changed bound narrows or widens; a missing bound is the widest."""
    change = f"changed from {old!r} to {new!r}"
    if key not in _NARROWS_WHEN_RAISED | _NARROWS_WHEN_LOWERED:
        return f"{change}: {_STORED}, or {_READER}"
    missing = old is None or new is None
    narrows = old is None if missing else (new > old) == (key in _NARROWS_WHEN_RAISED)
    return f"{change}: {_STORED if narrows else _READER}"
