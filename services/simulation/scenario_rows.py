"""One line of a scenario's CSV file to one event: every cell checked, every mistake in words."""

from __future__ import annotations

import csv
import difflib
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.base import Wire
from schemas.incidents import IncidentReported
from schemas.regions import EngineerRegistered
from services.simulation.scenario_errors import Mistake

INCIDENT_COLUMNS = (
    "incident_id",
    "reported_at",
    "lat",
    "lon",
    "region",
    "tier",
    "product",
    "level",
    "service_min",
    "expected_service_min",
)
INCIDENT_OPTIONAL = (
    "crew",
    "language",
    "certificate",
    "window_from",
    "window_to",
    "parts",
    "customer_id",
)
ENGINEER_COLUMNS = ("engineer_id", "region", "lat", "lon", "skills", "available_from")
ENGINEER_OPTIONAL = (
    "languages",
    "certificates",
    "shift_end",
    "worked_min_before",
    "parts",
    "excluded_customers",
    "pinned_incident",
)
LONGEST_SERVICE_MIN = 60.0 * 24 * 31

Row = dict[str, str]
M = TypeVar("M", bound=Wire)


class Line(NamedTuple):
    """One line of a file with its number."""

    number: int
    row: Row


class CellError(ValueError):
    """A cell that can not be read; the message names the column."""


def lines_of(
    path: Path,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    mistakes: list[Mistake],
) -> Iterator[Line]:
    """The lines of a CSV file, one by one; what is wrong with the file itself goes to `mistakes`."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            header = next(reader, [])
            wrong = _header_mistakes(header, required, optional)
            mistakes.extend(Mistake(path.name, 1, what) for what in wrong)
            if wrong:
                return
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    what = f"has {len(cells)} fields, the header names {len(header)}"
                    mistakes.append(Mistake(path.name, reader.line_num, what))
                    continue
                row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
                yield Line(reader.line_num, row)
    except FileNotFoundError:
        mistakes.append(Mistake(path.name, 0, "is missing"))
    except UnicodeDecodeError as error:
        mistakes.append(Mistake(path.name, 0, f"is not UTF-8 (byte {error.start})"))
    except csv.Error as error:
        mistakes.append(Mistake(path.name, reader.line_num, f"is no line of CSV: {error}"))
    except OSError as error:
        mistakes.append(Mistake(path.name, 0, f"can not be read: {error.strerror}"))


def _header_mistakes(header: list[str], required: tuple[str, ...], optional: tuple[str, ...]) -> list[str]:
    """A missing or doubled column, and an unknown one that looks like a known one misspelt."""
    if not header:
        return ["the file is empty: it needs a header"]
    known = (*required, *optional)
    found = [f"column {name} is missing" for name in required if name not in header]
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            found.append(f"column {name!r} stands there {header.count(name)} times")
        if name not in known and (near := difflib.get_close_matches(name, known, 1)):
            found.append(f"unknown column {name!r}: is {near[0]!r} meant?")
    return found


def incident_of(row: Row) -> tuple[IncidentReported, float]:
    """The report of a line, and the true service time in minutes, which only the phone may see."""
    window_from, window_to = (_moment(row, name) for name in ("window_from", "window_to"))
    if window_from and window_to and window_to < window_from:
        raise CellError("window_to lies before window_from")
    report = _validated(
        IncidentReported,
        {
            "incident_id": row["incident_id"],
            "reported_at": _needed_moment(row, "reported_at"),
            "place": {"lat": row["lat"], "lon": row["lon"]},
            "tier": row["tier"],
            "product": row["product"],
            "level": row["level"],
            "region": row["region"] or None,
            "expected_service_min": row["expected_service_min"] or None,
            "crew": row.get("crew") or 1,
            "language": row.get("language") or None,
            "certificate": row.get("certificate") or None,
            "customer_id": row.get("customer_id") or None,
            "window_from": window_from,
            "window_to": window_to,
            "parts": several(row.get("parts", "")),
        },
    )
    return report, _service_min(row["service_min"])


def engineer_of(row: Row) -> EngineerRegistered:
    """The registration of a line of engineers.csv."""
    available_from, shift_end = (
        _needed_moment(row, "available_from"),
        _moment(row, "shift_end"),
    )
    if shift_end and shift_end <= available_from:
        raise CellError("shift_end does not lie after available_from")
    return _validated(
        EngineerRegistered,
        {
            "engineer_id": row["engineer_id"],
            "region": row["region"],
            "home": {"lat": row["lat"], "lon": row["lon"]},
            "skills": _skills(row["skills"]),
            "available_from": available_from,
            "shift_end": shift_end,
            "worked_min_before": row.get("worked_min_before") or None,
            "languages": several(row.get("languages", "")),
            "certificates": _certificates(row.get("certificates", "")),
            "parts": several(row.get("parts", "")),
            "excluded_customers": several(row.get("excluded_customers", "")),
            "pinned_incident": row.get("pinned_incident") or None,
        },
    )


def several(cell: str) -> list[str]:
    """The values of a cell, `|` between them."""
    return [value.strip() for value in cell.split("|")] if cell else []


def _skills(cell: str) -> dict[str, int]:
    skills: dict[str, int] = {}
    for skill in several(cell):
        product, colon, level = skill.rpartition(":")
        if not colon or not product or not level.isascii() or not level.isdecimal():
            raise CellError(f"skills: {skill!r} is not product:level, such as radio:3")
        if product in skills:
            raise CellError(f"skills: product {product!r} stands there twice")
        if not 1 <= int(level) <= 5:
            raise CellError(f"skills: level {level} of {product!r} is not 1 to 5")
        skills[product] = int(level)
    return skills


def _certificates(cell: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for certificate in several(cell):
        name, colon, expiry = certificate.partition(":")
        if not colon or not name:
            raise CellError(
                f"certificates: {certificate!r} is not name:expiry, such as tower:2027-01-31T00:00:00Z"
            )
        moment = parse_moment(expiry, "certificates")
        found.append({"name": name, "expires_at": moment})
    return found


def _service_min(cell: str) -> float:
    try:
        minutes = float(cell)
    except ValueError as error:
        raise CellError(f"service_min: {cell!r} is no number") from error
    if not math.isfinite(minutes) or not 0 <= minutes <= LONGEST_SERVICE_MIN:
        raise CellError(f"service_min: {cell} is not between 0 and {LONGEST_SERVICE_MIN:.0f}")
    return minutes


def _moment(row: Row, column: str) -> datetime | None:
    return parse_moment(row[column], column) if row.get(column) else None


def _needed_moment(row: Row, column: str) -> datetime:
    return parse_moment(row[column], column)


def parse_moment(cell: str, column: str) -> datetime:
    """An RFC 3339 time; a bare date, a number or a time without an offset is refused."""
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError as error:
        raise CellError(f"{column}: {cell!r} is no time such as 2026-03-02T10:00:00Z") from error
    if moment.tzinfo is None:
        raise CellError(f"{column}: {cell!r} needs an offset, such as Z")
    return moment


def _validated(model: type[M], fields: dict[str, object]) -> M:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise CellError("; ".join(words_of(error))) from error


_COLUMN = {"place": "", "home": ""}


def words_of(error: ValidationError) -> list[str]:
    """Each mistake of a validation as `column: what, not 'value'`."""
    found = []
    for mistake in error.errors(include_url=False):
        parts = [str(part) for part in mistake["loc"] if str(part) not in _COLUMN]
        given = mistake["input"]
        shown = "" if isinstance(given, dict | list | BaseModel) else f", not {given!r}"
        found.append(f"{'.'.join(parts)}: {mistake['msg']}{shown}".removeprefix(": "))
    return found
