"""The evidence of a session: its chain as lines that can be checked without trusting who kept them. Pure.

A chain is JSON lines in canonical form: a head line naming format, session and public key; the entries; a
seal over the last number and hash, so that a chain cut short is found. A bundle is a ZIP with `chain.jsonl`,
the recording's segments as `segments/NAME` and the stills as `stills/ID`, whose SHA-256 the chain names; what
lies under `derived/` (a playable file with the marks drawn in) is made from them and proves nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from schemas.assist_log import AnnotationMade, Entry, SessionChanged
from services.assist.chain import Json, Signer, Verifier, canonical, line_of
from services.assist.session import NO_HASH

FORMAT = "muster-evidence/1"
CHAIN_NAME = "chain.jsonl"
SEGMENTS, STILLS, DERIVED = "segments/", "stills/", "derived/"
MAX_LINE_BYTES = 64 * 1024
_ENTRY: TypeAdapter[Entry] = TypeAdapter(
    Annotated[SessionChanged | AnnotationMade, Field(discriminator="kind")]
)


class Broken(Exception):
    """The chain does not hold; `line` counts from 1."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line


@dataclass
class Proved:
    """What a chain that holds says: who signed, and the SHA-256 that each named file must have."""

    session_id: str
    incident_id: str
    kid: str
    entries: int = 0
    ended: bool = False
    files: dict[str, str] = field(default_factory=dict)
    first_at: str = ""
    last_at: str = ""


def chain_lines(entries: Iterable[Entry], signer: Signer) -> Iterator[bytes]:
    """A whole chain, line by line without line ends; AssertionError where there is no entry."""
    last: Entry | None = None
    for entry in entries:
        if last is None:
            yield _head(entry.session_id, entry.incident_id, signer)
        yield line_of(entry)
        last = entry
    assert last is not None, "a session has at least one entry"
    seal = {"hash": last.hash, "seq": last.seq, "session_id": last.session_id}
    yield canonical({"seal": seal, "jws": signer.sign(canonical(seal))})


def whole_chain(entries: Iterable[Entry], signer: Signer) -> bytes:
    """A whole chain as it stands in a file."""
    return b"".join(line + b"\n" for line in chain_lines(entries, signer))


def entries_of(lines: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of a chain that holds, head and seal left out."""
    for line in lines:
        found = json.loads(line)
        if "kind" in found:
            yield _ENTRY.validate_python(found)


def _head(session_id: str, incident_id: str, verifier: Verifier) -> bytes:
    """The first line, to the byte: nothing of it is signed, so nothing of it may differ."""
    return canonical(
        {"format": FORMAT, "session_id": session_id, "incident_id": incident_id, "key": verifier.jwk}
    )


def key_of(first_line: bytes) -> Verifier:
    """The public key that a chain names for itself; Broken where the first line is no head."""
    head = _object(1, first_line)
    try:
        return Verifier.of_jwk(head["key"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Broken(1, "the head names no Ed25519 key") from error


def verify_chain(lines: Iterable[bytes], verifier: Verifier) -> Proved:
    """Check every number, hash and signature; Broken names the first line that does not hold."""
    numbered = enumerate(lines, start=1)
    number, first = next(numbered, (1, b""))
    head = _object(number, first)
    if head.get("format") != FORMAT or not isinstance(head.get("session_id"), str):
        raise Broken(number, f"this is no {FORMAT} chain")
    proved = Proved(head["session_id"], str(head.get("incident_id", "")), verifier.kid)
    if first != _head(proved.session_id, proved.incident_id, verifier):
        raise Broken(
            number, f"the head does not name the key {verifier.kid} as it is, or says something more"
        )
    prev, sealed = NO_HASH, False
    for number, line in numbered:
        found = _object(number, line)
        if sealed:
            raise Broken(number, "something follows the seal")
        if "seal" in found:
            _check_seal(number, found, proved, prev, verifier)
            sealed = True
        else:
            prev = _check_entry(number, found, proved, prev, verifier)
    if not sealed:
        raise Broken(number, "the seal is missing: the chain was cut short")
    return proved


def _object(number: int, line: bytes) -> Json:
    if len(line) > MAX_LINE_BYTES:
        raise Broken(number, f"a line has at most {MAX_LINE_BYTES} bytes")
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Broken(number, "this is no JSON") from error
    if not isinstance(found, dict) or canonical(found) != line:
        raise Broken(number, "this is no JSON object in canonical form")
    return found


def _check_entry(number: int, found: Json, proved: Proved, prev: str, verifier: Verifier) -> str:
    stated, jws = found.pop("hash", None), found.pop("jws", None)
    content = canonical(found)
    if found.get("session_id") != proved.session_id:
        raise Broken(number, "the entry is of another session")
    if found.get("incident_id") != proved.incident_id:
        raise Broken(number, "the entry is about another incident than the head")
    if found.get("seq") != proved.entries + 1:
        raise Broken(number, f"entry {proved.entries + 1} is missing or out of order")
    if found.get("prev") != prev:
        raise Broken(number, "the entry does not follow the one before")
    if stated != (true := hashlib.sha256(content).hexdigest()):
        raise Broken(number, "the entry was changed: its hash does not fit")
    if not isinstance(jws, str) or not verifier.accepts(jws, content):
        raise Broken(number, f"the entry is not signed by the key {verifier.kid}")
    _take(proved, found)
    return true


def _take(proved: Proved, found: Json) -> None:
    proved.entries += 1
    proved.first_at = proved.first_at or str(found.get("at"))
    proved.last_at = str(found.get("at"))
    proved.ended = proved.ended or found.get("kind") == "ended"
    if found.get("kind") == "segment_recorded":
        proved.files[SEGMENTS + str(found.get("segment"))] = str(found.get("sha256"))
    elif found.get("kind") == "frozen":
        proved.files[STILLS + str(found.get("still_id"))] = str(found.get("sha256"))


def _check_seal(number: int, found: Json, proved: Proved, prev: str, verifier: Verifier) -> None:
    seal, jws = found["seal"], found.get("jws")
    stated = {"hash": prev, "seq": proved.entries, "session_id": proved.session_id}
    if seal != stated or not isinstance(jws, str) or not verifier.accepts(jws, canonical(stated)):
        raise Broken(number, "the seal does not fit: entries are missing at the end")
