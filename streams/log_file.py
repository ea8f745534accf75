"""A region's log as JSON lines, and its folding again: what `muster log` writes and reads.

One object a line, by `kind`: `log` first (region, partition, log id), `snapshot` where the log's beginning
is archived (next_offset, fold), `event` (offset, key, headers, value; value_base64 where it is no JSON),
`decision` (as published, without its headers; its own kind is `decision_kind`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision
from services.dispatch.fold import Logged, PartitionFold

FORMAT = 1


class LogFileBroken(ValueError):
    """A line that is no part of a log file; named by its number."""


@dataclass
class Comparison:
    """What folding again said: how much was compared, and the first difference (None: there is none)."""

    events: int = 0
    decisions: int = 0
    unreadable: int = 0
    not_yet_published: int = 0
    """Decided here about events behind the last published one: no worker has been there yet."""
    difference: str | None = None
    digest: str = ""


@dataclass
class LogFile:
    """A region's log as it was exported."""

    region: str
    base: bytes | None = None
    events: list[Mapping[str, Any]] = field(default_factory=list)
    published: list[Mapping[str, Any]] = field(default_factory=list)


def event_line(
    offset: int, key: bytes | None, headers: Iterable[tuple[str, bytes]], value: bytes | None
) -> str:
    """An event's line."""
    line: dict[str, Any] = {
        "kind": "event",
        "offset": offset,
        "key": (key or b"").decode(errors="replace"),
        "headers": {name: (raw or b"").decode(errors="replace") for name, raw in headers},
    }
    try:
        line["value"] = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        line["value_base64"] = base64.b64encode(value or b"").decode()
    return canonical(line)


def canonical(line: Mapping[str, Any]) -> str:
    """One line: sorted keys, UTF-8, no spaces."""
    return json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def parse(lines: Iterable[str]) -> LogFile:
    """Read a log file. Raises LogFileBroken."""
    found: LogFile | None = None
    for number, text in enumerate(lines, start=1):
        try:
            line = orjson.loads(text)
            kind = line["kind"]
            if found is None:
                if kind != "log" or line["format"] != FORMAT:
                    raise LogFileBroken(f"line {number}: a log file begins with kind log, format {FORMAT}")
                found = LogFile(line["region"])
            elif kind == "snapshot":
                found.base = orjson.dumps(line["fold"])
            elif kind in ("event", "decision"):
                (found.events if kind == "event" else found.published).append(line)
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise LogFileBroken(f"line {number}: {error!r}") from error
    if found is None:
        raise LogFileBroken("the file is empty")
    return found


def fold_again(log: LogFile) -> Comparison:
    """Fold the events anew and compare every decision with what was published."""
    outcome = Comparison(events=len(log.events))
    published, outcome.difference = _by_id(log.published)
    told_until = max((decision["offset"] for decision in published.values()), default=float("inf"))
    fold = PartitionFold() if log.base is None else PartitionFold.restore(log.base)
    for decision in _decided(fold, log, outcome):
        outcome.decisions += 1
        told = published.pop(decision["id"], None)
        if told is None and decision["offset"] > told_until:
            outcome.not_yet_published += 1
            continue
        if outcome.difference is None and told != decision:
            outcome.difference = _difference(decision, told)
    if outcome.difference is None and published:
        first = min(published.values(), key=lambda line: (line["offset"], line["n"]))
        outcome.difference = f"published but not decided here: {canonical(first)}"
    outcome.digest = fold.digest()
    return outcome


def _decided(fold: PartitionFold, log: LogFile, outcome: Comparison) -> Iterator[dict[str, Any]]:
    for line in log.events:
        logged = logged_of(line)
        if logged is None:
            outcome.unreadable += 1
            continue
        for decision in fold.step(logged):
            if decision.region == log.region:
                yield decision.model_dump(mode="json", exclude_none=True)


def logged_of(line: Mapping[str, Any]) -> Logged | None:
    """An event's line as the fold takes it; None where nobody could read the record."""
    raw = base64.b64decode(line["value_base64"]) if "value_base64" in line else orjson.dumps(line["value"])
    try:
        envelope = decode(raw, [(name, text.encode()) for name, text in line["headers"].items()])
    except UnreadableRecord:
        return None
    return Logged(line["offset"], line["key"], envelope.source, envelope.id, envelope.event)  # type: ignore[arg-type]


def published_decisions(log: LogFile) -> list[Decision]:
    """The decisions of a log file as they were published, each id once."""
    found, _ = _by_id(log.published)
    return [Decision.model_validate(decision) for decision in found.values()]


def _by_id(published: Iterable[Mapping[str, Any]]) -> tuple[dict[str, dict[str, Any]], str | None]:
    """Each published decision once; two of one id must be the same."""
    found: dict[str, dict[str, Any]] = {}
    for line in published:
        decision = dict(line)
        decision["kind"] = decision.pop("decision_kind")
        before = found.setdefault(decision["id"], decision)
        if before != decision:
            return found, f"one id with two contents: {canonical(before)} and {canonical(decision)}"
    return found, None


def decision_line(decision: Mapping[str, Any]) -> str:
    """A published decision's line; its own kind moves to `decision_kind`."""
    line = dict(decision)
    line["decision_kind"] = line["kind"]
    return canonical(line | {"kind": "decision"})


def _difference(decided: Mapping[str, Any], told: Mapping[str, Any] | None) -> str:
    where = f"offset {decided['offset']}, decision {decided['n']} ({decided['kind']})"
    if told is None:
        return f"{where}: decided here and never published: {canonical(decided)}"
    names = sorted(name for name in decided.keys() | told.keys() if decided.get(name) != told.get(name))
    fields = ", ".join(f"{name}: here {decided.get(name)!r}, published {told.get(name)!r}" for name in names)
    return f"{where}: {fields}"
