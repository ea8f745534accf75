"""CAP 1.2 (OASIS Common Alerting Protocol) read from XML: bounded, without DTD, every fault named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from xml.parsers import expat

from schemas.alerts import MAX_AREAS, MAX_REFERENCES, Certainty, Severity, Urgency
from schemas.base import rfc3339, to_utc
from schemas.regions import Polygon
from services.surge.areas import Point, circle, fault_of_ring

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 12
MAX_ELEMENTS = 10_000
MAX_POINTS = 2_000
HOLDS_FOR = timedelta(hours=24)
"""Where `expires` is missing, each recipient sets its own policy (CAP 1.2 section 3.2.2): this is ours."""
Status = Literal["Actual", "Exercise", "System", "Test", "Draft"]
MessageType = Literal["Alert", "Update", "Cancel", "Ack", "Error"]
Scope = Literal["Public", "Restricted", "Private"]


class CapFault(ValueError):
    """The message is not CAP 1.2, or more than we take: `field` says where, the text what is wrong."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


@dataclass(slots=True)
class Element:
    """One element of CAP's namespace: its text and what is in it."""

    name: str
    where: str
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, name: str) -> Iterator[Element]:
        """The children of a name, each knowing its place (`info[2]`)."""
        for n, child in enumerate((c for c in self.children if c.name == name), start=1):
            child.where = f"{self.where}/{name}[{n}]"
            yield child

    def first(self, name: str) -> str | None:
        """The text of the first child of a name; None where there is none or it is empty."""
        return next((child.text.strip() for child in self.children if child.name == name), "") or None

    def must(self, name: str) -> str:
        """The same; CapFault where it is missing."""
        found = self.first(name)
        if found is None:
            raise CapFault(f"{self.where}/{name}", "is missing")
        return found

    def word(self, name: str, kind: Any) -> Any:
        """The same, as one of the words of a Literal; CapFault names those there are."""
        found, allowed = self.must(name), get_args(kind)
        if found not in allowed:
            raise CapFault(f"{self.where}/{name}", f"{found[:50]!r} is none of {', '.join(allowed)}")
        return found

    def moment(self, name: str) -> datetime | None:
        """The instant of the first child of a name; CapFault where it is none or has no offset."""
        found = self.first(name)
        return None if found is None else moment_of(found, f"{self.where}/{name}")


@dataclass(frozen=True, slots=True)
class Info:
    """One `info` block: what is warned of, how bad, between when, where."""

    event: str
    category: list[str]
    urgency: Urgency
    severity: Severity
    certainty: Certainty
    onset: datetime
    expires: datetime
    headline: str
    area: str
    areas: list[Polygon]
    geocodes: list[str]


@dataclass(frozen=True, slots=True)
class CapMessage:
    """A whole message; `name` is `sender,identifier,sent` with the time in UTC."""

    name: str
    status: Status
    type: MessageType
    references: list[str]
    infos: list[Info]


def read_cap(octets: bytes) -> CapMessage:
    """The message of an XML document. Raises CapFault."""
    alert = _parsed(octets)
    if alert.name != "alert":
        raise CapFault(alert.name, "the root must be CAP's alert")
    sent = alert.moment("sent") or moment_of(alert.must("sent"), "alert/sent")
    alert.word("scope", Scope)
    kind = alert.word("msgType", MessageType)
    references = [_reference(text) for text in (alert.first("references") or "").split()]
    if len(references) > MAX_REFERENCES:
        raise CapFault("alert/references", f"more than {MAX_REFERENCES}")
    if kind in ("Update", "Cancel") and not references:
        raise CapFault("alert/references", f"a message of the type {kind} must name the alerts it is about")
    infos = [_info(info, sent) for info in alert.all("info")]
    if kind in ("Alert", "Update") and not infos:
        raise CapFault("alert/info", f"a message of the type {kind} needs one")
    if sum(len(info.areas) for info in infos) > MAX_AREAS:
        raise CapFault("alert/info/area", f"more than {MAX_AREAS} polygons and circles")
    return CapMessage(
        name=_name(alert.must("sender"), alert.must("identifier"), sent, "alert"),
        status=alert.word("status", Status),
        type=kind,
        references=references,
        infos=infos,
    )


def _parsed(octets: bytes) -> Element:
    """The document's tree. A DTD is refused as it begins, so that there are no entities to expand."""
    if len(octets) > MAX_BYTES:
        raise CapFault("alert", f"{len(octets)} bytes: a message may have {MAX_BYTES}")
    parser = expat.ParserCreate(namespace_separator="\n")
    top = Element("", "")
    open_elements, count = [top], 0

    def start(name: str, _attributes: dict[str, str]) -> None:
        nonlocal count
        count += 1
        namespace, _, local = name.rpartition("\n")
        if count > MAX_ELEMENTS or len(open_elements) > MAX_DEPTH:
            raise CapFault("alert", f"more than {MAX_ELEMENTS} elements, or deeper than {MAX_DEPTH}")
        if len(open_elements) == 1 and namespace != NAMESPACE:
            raise CapFault(local[:50], f"the namespace must be {NAMESPACE}")
        element = Element(local if namespace == NAMESPACE else name, local)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    def text(found: str) -> None:
        open_elements[-1].text += found

    def refuse_dtd(*_said: object) -> None:
        raise CapFault("alert", "a document type declaration is not taken: CAP needs none")

    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse_dtd
    try:
        parser.Parse(octets, True)
    except (expat.ExpatError, LookupError, UnicodeError) as error:
        raise CapFault("alert", f"it is no well-formed XML: {error}") from error
    return top.children[0]


def _info(info: Element, sent: datetime) -> Info:
    onset = info.moment("onset") or info.moment("effective") or sent
    expires = info.moment("expires") or onset + HOLDS_FOR
    if expires <= onset:
        raise CapFault(f"{info.where}/expires", "must be later than onset")
    areas = list(info.all("area"))
    polygons = [polygon for area in areas for polygon in _polygons(area)]
    codes = [code for area in areas for code in area.all("geocode")]
    category = [child.text.strip()[:200] for child in info.all("category")]
    if not category:
        raise CapFault(f"{info.where}/category", "is missing")
    return Info(
        event=info.must("event")[:200],
        category=category[:12],
        urgency=info.word("urgency", Urgency),
        severity=info.word("severity", Severity),
        certainty=info.word("certainty", Certainty),
        onset=onset,
        expires=expires,
        headline=(info.first("headline") or "")[:200],
        area="; ".join(area.must("areaDesc") for area in areas)[:200],
        areas=polygons,
        geocodes=[f"{code.must('valueName')}={code.must('value')}" for code in codes],
    )


def _polygons(area: Element) -> Iterator[Polygon]:
    """The area's polygons and circles as GeoJSON: CAP says latitude first."""
    for found in area.all("polygon"):
        points = [_point(text, found.where) for text in found.text.split()]
        if len(points) > MAX_POINTS:
            raise CapFault(found.where, f"more than {MAX_POINTS} points")
        if (fault := fault_of_ring(points)) is not None:
            raise CapFault(found.where, fault)
        yield Polygon(coordinates=[points])
    for found in area.all("circle"):
        centre, _, radius = found.text.strip().partition(" ")
        lon, lat = _point(centre, found.where)
        radius_km = _number(radius.strip(), found.where)
        if not (-180 <= lon <= 180 and -90 <= lat <= 90 and 0 <= radius_km <= 5000):
            raise CapFault(found.where, "a circle is latitude,longitude and a radius of 0 to 5000 km")
        yield Polygon(coordinates=[circle(lon, lat, radius_km)])


def _point(text: str, where: str) -> Point:
    lat, comma, lon = text.partition(",")
    if not comma:
        raise CapFault(where, f"{text[:50]!r} is no point: write latitude,longitude")
    return _number(lon, where), _number(lat, where)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise CapFault(where, f"{text[:50]!r} is no number") from error


def moment_of(text: str, where: str) -> datetime:
    """The instant of CAP's dateTime (`2026-03-02T10:00:00-00:00`). Raises CapFault."""
    try:
        return to_utc(datetime.fromisoformat(text))
    except ValueError as error:
        detail = f"{text[:50]!r} is no time: write it as 2026-03-02T10:00:00-00:00"
        raise CapFault(where, detail) from error


def _name(sender: str, identifier: str, sent: datetime, where: str) -> str:
    if any(char in " ,<&" for char in sender + identifier) or len(sender + identifier) > 400:
        raise CapFault(where, "sender and identifier have no blanks and commas, and 400 characters at most")
    return f"{sender},{identifier},{rfc3339(sent)}"


def _reference(text: str) -> str:
    parts = text.split(",")
    if len(parts) != 3 or not all(parts):
        raise CapFault("alert/references", f"{text[:50]!r} is not sender,identifier,sent")
    return _name(parts[0], parts[1], moment_of(parts[2], "alert/references"), "alert/references")
