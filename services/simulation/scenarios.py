"""Scenarios in the yardstick's format: read a directory into the events it stands for.

What the work will really take (`service_min`) is kept apart: only the device model may see it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import ValidationError

from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered, Polygon, RegionDefined, Terms
from services.simulation.scenario_errors import Mistake, ScenarioError
from services.simulation.scenario_rows import (
    ENGINEER_COLUMNS,
    ENGINEER_OPTIONAL,
    INCIDENT_COLUMNS,
    INCIDENT_OPTIONAL,
    CellError,
    Row,
    engineer_of,
    incident_of,
    lines_of,
    words_of,
)

INCIDENTS, ENGINEERS, TERMS = "incidents.csv", "engineers.csv", "scenario.json"
_TERMS = {
    "speed_kmh": "speed_kmh",
    "circuity": "circuity",
    "response_sla_min": "promise_min",
    "weight": "weight",
    "breach_penalty_min": "breach_penalty_min",
}
_OTHER = ("name", "note", "regions")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario as events, reports in order of time (the file's order where times are equal).

    `service_min` is the truth by incident: nothing but a phone may look into it.
    """

    name: str
    terms: Terms
    regions: tuple[RegionDefined, ...]
    engineers: tuple[EngineerRegistered, ...]
    reports: tuple[IncidentReported, ...]
    service_min: Mapping[str, float]


def read_scenario(folder: Path) -> Scenario:
    """Read a scenario directory; ScenarioError lists what is wrong with it, by file and line."""
    if not folder.is_dir():
        raise ScenarioError([Mistake(str(folder), 0, "is no scenario directory")])
    mistakes: list[Mistake] = []
    name, terms, regions = _read_terms(folder / TERMS, mistakes)
    engineers = _read_each(
        folder / ENGINEERS,
        (ENGINEER_COLUMNS, ENGINEER_OPTIONAL, "engineer_id"),
        engineer_of,
        mistakes,
    )
    incidents = _read_each(
        folder / INCIDENTS,
        (INCIDENT_COLUMNS, INCIDENT_OPTIONAL, "incident_id"),
        incident_of,
        mistakes,
    )
    if mistakes:
        raise ScenarioError(mistakes)
    return Scenario(
        name=name,
        terms=terms,
        regions=_regions(terms, regions, engineers),
        engineers=tuple(engineers),
        reports=tuple(sorted((report for report, _ in incidents), key=lambda r: r.reported_at)),
        service_min=MappingProxyType({report.incident_id: truth for report, truth in incidents}),
    )


def _read_each(
    path: Path,
    shape: tuple[tuple[str, ...], tuple[str, ...], str],
    build: Callable[[Row], T],
    mistakes: list[Mistake],
) -> list[T]:
    """Build every line of a file; a line that can not be read, or an id seen before, is a mistake."""
    required, optional, key = shape
    found: list[T] = []
    first_at: dict[str, int] = {}
    for number, row in lines_of(path, required, optional, mistakes):
        if (seen := first_at.setdefault(row[key], number)) != number:
            what = f"{key} {row[key]!r} stands on line {seen} already"
            mistakes.append(Mistake(path.name, number, what))
            continue
        try:
            found.append(build(row))
        except CellError as error:
            mistakes.append(Mistake(path.name, number, str(error)))
    return found


def _regions(
    terms: Terms,
    listed: Mapping[str, RegionDefined],
    engineers: list[EngineerRegistered],
) -> tuple[RegionDefined, ...]:
    """The regions of scenario.json and of the engineers: they are known before the first report."""
    names = sorted({*listed, *(engineer.region for engineer in engineers)})
    return tuple(listed.get(name) or RegionDefined(region=name, terms=terms) for name in names)


def _read_terms(path: Path, mistakes: list[Mistake]) -> tuple[str, Terms, dict[str, RegionDefined]]:
    """scenario.json: its name, the terms, and the regions it describes (time zone, polygon), if any."""
    nothing: tuple[str, Terms, dict[str, RegionDefined]] = ("", Terms(), {})
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = json.loads(text)
    except FileNotFoundError:
        mistakes.append(Mistake(path.name, 0, "is missing"))
        return nothing
    except (OSError, UnicodeDecodeError) as error:
        mistakes.append(Mistake(path.name, 0, f"can not be read: {error}"))
        return nothing
    except (json.JSONDecodeError, RecursionError) as error:
        line = getattr(error, "lineno", 0)
        mistakes.append(Mistake(path.name, line, f"is no JSON: {error}"))
        return nothing
    if not isinstance(found, dict):
        mistakes.append(Mistake(path.name, 1, "is no JSON object"))
        return nothing
    wrong = _term_mistakes(found)
    mistakes.extend(Mistake(path.name, _line_of(text, k), what) for k, what in wrong)
    if wrong:
        return nothing
    return _terms_of(path, text, found, mistakes)


def _term_mistakes(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Terms that are missing, and unknown ones that look like a known one misspelt."""
    known = (*_TERMS, *_OTHER)
    wrong = [("", f"term {term} is missing") for term in _TERMS if term not in found]
    wrong += [
        (term, f"unknown term {term!r}: is {near[0]!r} meant?")
        for term in found
        if term not in known and (near := difflib.get_close_matches(term, known, 1))
    ]
    wrong += [
        (term, f"{term} is no table by tier")
        for term in ("response_sla_min", "weight")
        if term in found and not isinstance(found[term], dict)
    ]
    return wrong


def _terms_of(
    path: Path, text: str, found: dict[str, Any], mistakes: list[Mistake]
) -> tuple[str, Terms, dict[str, RegionDefined]]:
    terms, regions = Terms(), {}
    theirs = {ours: term for term, ours in _TERMS.items()}
    try:
        terms = Terms.model_validate({_TERMS[term]: found[term] for term in _TERMS})
    except ValidationError as error:
        for words in words_of(error):
            key = theirs.get(words.split(":")[0].split(".")[0], "")
            shown = words.replace("promise_min", "response_sla_min")
            mistakes.append(Mistake(path.name, _line_of(text, key), shown))
    described = found.get("regions", {})
    if not isinstance(described, dict):
        mistakes.append(Mistake(path.name, _line_of(text, "regions"), "regions is no table"))
        described = {}
    for name, fields in described.items():
        try:
            regions[name] = _region_of(name, fields, terms)
        except (ValidationError, TypeError, AttributeError) as error:
            words = (
                "; ".join(words_of(error))
                if isinstance(error, ValidationError)
                else "is no table with time_zone and polygon"
            )
            mistakes.append(Mistake(path.name, _line_of(text, name), f"region {name}: {words}"))
    return str(found.get("name", "")), terms, regions


def _region_of(name: str, fields: Any, terms: Terms) -> RegionDefined:
    polygon = fields.get("polygon")
    return RegionDefined(
        region=name,
        time_zone=fields.get("time_zone", "UTC"),
        terms=terms,
        rules=fields.get("rules", {}),
        polygon=None if polygon is None else Polygon.model_validate(polygon),
    )


def _line_of(text: str, key: str) -> int:
    """The line where a key of the JSON text stands; 1 where it does not."""
    at = text.find(json.dumps(key)) if key else -1
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
