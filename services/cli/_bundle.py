"""A session's evidence on disk: a ZIP or a chain alone, read with limits and compared with what it proves."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Self

from services.assist.chain import Verifier
from services.assist.evidence import (
    CHAIN_NAME,
    DERIVED,
    MAX_LINE_BYTES,
    SEGMENTS,
    Broken,
    Proved,
    key_of,
    verify_chain,
)

MAX_FILES = 10_000
MAX_LINES = 100_000
CHUNK_BYTES = 1024 * 1024
DAMAGED = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises of an archive that is damaged, encrypted or packed in a way it does not know."""


class BundleUnreadable(Exception):
    """The file is no bundle and no chain."""


class Bundle:
    """An opened bundle; what is read of a member is bounded by what its directory says."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._open = ExitStack()
        self._zip: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        if zipfile.is_zipfile(self._file):
            try:
                self._zip = self._open.enter_context(zipfile.ZipFile(self._file))
            except zipfile.BadZipFile as error:
                raise BundleUnreadable(str(error)) from error
            if len(self._zip.namelist()) > MAX_FILES:
                raise BundleUnreadable(f"a bundle has at most {MAX_FILES} files")
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def is_whole(self) -> bool:
        """Whether files lie beside the chain (a chain alone proves no file)."""
        return self._zip is not None

    def names(self) -> list[str]:
        """Every file beside the chain; a name that stands twice is listed twice."""
        members = [] if self._zip is None else self._zip.namelist()
        return [name for name in members if name != CHAIN_NAME and not name.endswith("/")]

    def _chain(self) -> IO[bytes]:
        if self._zip is None:
            return self._file.open("rb")
        try:
            return self._zip.open(CHAIN_NAME)
        except KeyError as error:
            raise BundleUnreadable(f"there is no {CHAIN_NAME} in it") from error
        except DAMAGED as error:
            raise BundleUnreadable(f"{CHAIN_NAME}: {error}") from error

    def key(self) -> Verifier:
        """The public key that the chain names."""
        return key_of(next(self.lines(), b""))

    def lines(self) -> Iterator[bytes]:
        """The chain's lines without their ends."""
        with self._chain() as chain:
            for _ in range(MAX_LINES):
                try:
                    line = chain.readline(MAX_LINE_BYTES + 2)
                except DAMAGED as error:
                    raise BundleUnreadable(f"{CHAIN_NAME}: {error}") from error
                if not line:
                    return
                yield line.removesuffix(b"\n")
            raise Broken(MAX_LINES + 1, f"a chain has at most {MAX_LINES} lines")

    def sha256(self, name: str) -> str:
        """The SHA-256 of one file; BundleUnreadable where the archive itself is damaged there."""
        assert self._zip is not None
        digest = hashlib.sha256()
        try:
            with self._zip.open(name) as member:
                while chunk := member.read(CHUNK_BYTES):
                    digest.update(chunk)
        except DAMAGED as error:
            raise BundleUnreadable(f"{name}: {error}") from error
        return digest.hexdigest()


def check(bundle: Bundle, verifier: Verifier) -> tuple[Proved, list[str]]:
    """What the chain proves, and which files do not agree with it; Broken where the chain does not hold."""
    proved = verify_chain(bundle.lines(), verifier)
    return proved, list(_findings(bundle, proved)) if bundle.is_whole else []


def _findings(bundle: Bundle, proved: Proved) -> Iterator[str]:
    names = bundle.names()
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"{name} is in it twice"
        elif name in proved.files:
            if bundle.sha256(name) != proved.files[name]:
                yield f"{name} was changed: its SHA-256 is not the one in the chain"
        elif not name.startswith(DERIVED):
            yield f"{name} is not in the chain: it was added"
    for name in sorted(set(proved.files) - set(names)):
        if name.startswith(SEGMENTS):  # a still is kept only with consent to a recording
            yield f"{name} is missing"
