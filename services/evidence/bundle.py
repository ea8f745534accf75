"""Packing a session's evidence: fetched, checked against the chain, filmed, and put into one ZIP."""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from services.assist.evidence import (
    CHAIN_NAME,
    DERIVED,
    SEGMENTS,
    STILLS,
    Proved,
    entries_of,
    key_of,
    verify_chain,
)
from services.assist.playback import playback
from services.evidence.fetching import Missing, Shelf
from services.evidence.film import NothingRecorded, make_film

FILM_NAME = "session.webm"
CHUNK_BYTES = 1024 * 1024

Progress = Callable[[str, float, float], None]
"""Hears what is being done, and how much of how much."""


@dataclass
class Collected:
    """What was fetched: files by their names in the bundle; what is missing or not what the chain says."""

    folder: Path
    proved: Proved
    files: dict[str, Path] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)


def collect(shelf: Shelf, folder: Path, progress: Progress) -> Collected:
    """Fetch the chain and every file that it names. Raises NotFetched and Broken (the chain)."""
    for name in (SEGMENTS, STILLS):
        (folder / name).mkdir(parents=True, exist_ok=True)
    chain = folder / CHAIN_NAME
    shelf.chain(chain)
    lines = chain.read_bytes().splitlines()
    found = Collected(folder, verify_chain(lines, key_of(lines[0] if lines else b"")), {CHAIN_NAME: chain})
    for number, (name, sha256) in enumerate(found.proved.files.items()):
        progress("fetching", number, len(found.proved.files))
        path = folder / name
        fetch = shelf.segment if name.startswith(SEGMENTS) else shelf.still
        try:
            fetch(path.name, path)
        except Missing as missing:
            if name.startswith(SEGMENTS):  # a still is kept only with consent to a recording
                found.findings.append(f"{name} is missing: {missing}")
            continue
        if _sha256(path) != sha256:
            found.findings.append(f"{name} is not what the chain says: its SHA-256 is another")
        found.files[name] = path
    return found


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def film_of(found: Collected, out: Path, progress: Progress) -> float:
    """Make the film of what was fetched and return its length in seconds. Raises NothingRecorded."""
    plan = playback(entries_of((found.folder / CHAIN_NAME).read_bytes().splitlines()))
    there = {path.name for name, path in found.files.items() if name.startswith(SEGMENTS)}
    plan.pieces = [piece for piece in plan.pieces if piece.name in there]
    stills = {path.name: path for name, path in found.files.items() if name.startswith(STILLS)}
    return make_film(
        plan, found.folder / SEGMENTS, stills, out, lambda done, of: progress("filming", done, of)
    )


def pack(found: Collected, out: Path, film: Path | None) -> None:
    """Write the bundle, whole or not at all, readable by its owner alone."""
    made = out.with_name(out.name + ".part")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for name, path in found.files.items():
            packed = zipfile.ZIP_DEFLATED if name == CHAIN_NAME else zipfile.ZIP_STORED
            archive.write(path, name, packed)
        if film is not None:
            archive.write(film, DERIVED + FILM_NAME, zipfile.ZIP_STORED)
    made.replace(out)


__all__ = ["Collected", "NothingRecorded", "collect", "film_of", "pack"]
