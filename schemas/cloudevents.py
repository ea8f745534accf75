"""CloudEvents 1.0 in Kafka binary mode: attributes are headers `ce_*`, the value is the event's JSON.

Source: CloudEvents 1.0.2, Kafka Protocol Binding 1.0.2 section 3.2 (binary content mode).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from schemas.base import Wire, rfc3339, to_utc
from schemas.events import EVENT_TYPES, type_of

Headers = Sequence[tuple[str, bytes]]
MAX_HEADER_BYTES = 1024


class UnreadableRecord(ValueError):
    """A record that is no event of ours; `reason` is the dead letter's fixed word.

    UnreadableRecord
    ├─ reason "undecodable"   no CloudEvents headers, or a value that is no JSON
    ├─ reason "unknown_type"  a type or version that this reader does not have
    └─ reason "invalid"       fields that break the schema
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its CloudEvents attributes; (source, id) is the dedupe key."""

    id: str
    source: str
    event: Wire
    time: datetime
    partitionkey: str
    correlationid: str = ""
    causationid: str = ""
    traceparent: str = ""


_OPTIONAL = ("correlationid", "causationid", "traceparent")


def encode(envelope: Envelope) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The record's value and headers."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", envelope.id.encode()),
        ("ce_source", envelope.source.encode()),
        ("ce_type", type_of(envelope.event).encode()),
        ("ce_time", rfc3339(envelope.time).encode()),
        ("ce_partitionkey", envelope.partitionkey.encode()),
        ("content-type", b"application/json"),
    ]
    headers += [(f"ce_{name}", value.encode()) for name in _OPTIONAL if (value := getattr(envelope, name))]
    return envelope.event.model_dump_json(exclude_none=True).encode(), headers


def decode(value: bytes | None, headers: Iterable[tuple[str, bytes | None]]) -> Envelope:
    """The envelope of a record; UnreadableRecord where it is none of ours. Never raises anything else."""
    attributes = _attributes(headers)
    model = EVENT_TYPES.get(attributes["ce_type"])
    if model is None:
        raise UnreadableRecord("unknown_type", f"no reader here for type {attributes['ce_type']!r}")
    try:
        event = model.model_validate_json(value or b"")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        reason = "undecodable" if first["type"] == "json_invalid" else "invalid"
        where = ".".join(str(part) for part in first["loc"])
        raise UnreadableRecord(reason, f"{where}: {first['msg']}" if where else first["msg"]) from error
    return Envelope(
        id=attributes["ce_id"],
        source=attributes["ce_source"],
        event=event,
        time=_moment(attributes["ce_time"]),
        partitionkey=attributes.get("ce_partitionkey", ""),
        correlationid=attributes.get("ce_correlationid", ""),
        causationid=attributes.get("ce_causationid", ""),
        traceparent=attributes.get("ce_traceparent", ""),
    )


def _attributes(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, raw in headers:
        if not name.startswith("ce_"):
            continue
        if raw is None or len(raw) > MAX_HEADER_BYTES:
            raise UnreadableRecord(
                "undecodable",
                f"header {name} is empty or longer than {MAX_HEADER_BYTES} bytes",
            )
        try:
            found[name] = raw.decode()
        except UnicodeDecodeError as error:
            raise UnreadableRecord("undecodable", f"header {name} is not UTF-8") from error
    for name in ("ce_id", "ce_source", "ce_type", "ce_time"):
        if not found.get(name):
            raise UnreadableRecord(
                "undecodable",
                f"header {name} is missing: this is no CloudEvent in binary mode",
            )
    if found.get("ce_specversion", "1.0") != "1.0":
        raise UnreadableRecord(
            "undecodable",
            f"CloudEvents {found['ce_specversion']} is not spoken here, only 1.0",
        )
    return found


def _moment(text: str) -> datetime:
    try:
        return to_utc(datetime.fromisoformat(text))
    except ValueError as error:
        raise UnreadableRecord(
            "undecodable", f"ce_time {text!r} is no RFC 3339 time with an offset"
        ) from error
