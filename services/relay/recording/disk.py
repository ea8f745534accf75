"""Files of recordings on disk, away from the event loop: one thread, a bounded queue, one lock a file.

A folder a session: `segments/` and `stills/`. A segment's name says how far it is: `NAME.part` is being
written (and locked by who writes it), `NAME.closed` is whole and on the disk, NAME is also in the session's
chain. Nobody but the owner may read them.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

from services.assist.recorded import Failed, RecordedSegment
from services.relay.recording.matroska_file import NotOurs, closing

SEGMENTS, STILLS, CHAIN = "segments", "stills", "chain.jsonl"
PART, CLOSED = ".part", ".closed"
NUMBERED = re.compile(r"^e\d+-(\d+)-")
WAITING_BYTES = 32 * 1024 * 1024
Result = TypeVar("Result")


class CannotRecord(Exception):
    """Nothing more is written; `reason` is the word that the log says."""

    def __init__(self, reason: Failed, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Disk:
    """The recordings under one folder; `free_bytes` of the file system stay free."""

    def __init__(self, folder: Path, free_bytes: int) -> None:
        self.folder, self.free_bytes = folder, free_bytes
        self._thread = ThreadPoolExecutor(1, "recordings")
        self._waiting_bytes = 0

    def later(self, work: Callable[[], Result], octets: int = 0) -> asyncio.Future[Result]:
        """Do it in the thread, in turn. Raises CannotRecord where the disk is so slow that too much waits."""
        if octets and self._waiting_bytes + octets > WAITING_BYTES:
            raise CannotRecord("disk_slow", f"{self._waiting_bytes} bytes wait for the disk")
        self._waiting_bytes += octets
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        doing.add_done_callback(lambda _: self._done(octets))
        return doing

    def _done(self, octets: int) -> None:
        self._waiting_bytes -= octets

    def close(self) -> None:
        """Do what waits, and nothing more."""
        self._thread.shutdown(wait=True)

    def folder_of(self, session_id: str) -> Path:
        """Where a session's files are, if there are any."""
        return self.folder / quote(session_id, safe="")

    # in the thread

    def require_room(self) -> None:
        """CannotRecord where the file system has less room than is to stay free."""
        free = os.statvfs(self.folder)
        if free.f_bavail * free.f_frsize < self.free_bytes:
            raise CannotRecord("disk_full", f"less than {self.free_bytes} bytes are free in {self.folder}")

    def session_folder(self, session_id: str) -> Path:
        """A session's folder, made where it is missing."""
        folder = self.folder_of(session_id)
        for made in (self.folder, folder, folder / SEGMENTS, folder / STILLS):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def survey(self, session_id: str) -> tuple[int, int]:
        """What the session's segments take by now, and the highest of their numbers; CannotRecord if full."""
        try:
            folder = self.session_folder(session_id) / SEGMENTS
            self.require_room()
            files = list(folder.iterdir())
            numbers = [int(found[1]) for file in files if (found := NUMBERED.match(file.name))]
            return sum(file.stat().st_size for file in files), max(numbers, default=0)
        except OSError as error:
            raise CannotRecord("disk_failed", str(error)) from error

    def committed(self, session_id: str, name: str) -> None:
        """The segment is in the chain now."""
        file = self.session_folder(session_id) / SEGMENTS / name
        with suppress(FileNotFoundError):  # a node that shares the folder was faster
            file.with_name(name + CLOSED).rename(file)

    def keep(self, session_id: str, name: str, content: bytes) -> None:
        """Write a file beside the segments, whole or not at all; a still that is there stays as it is."""
        file = self.session_folder(session_id) / name
        if file.exists() and name != CHAIN:
            return
        made = file.with_name(file.name + PART)
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        made.rename(file)


class SegmentFile:
    """One segment while it is written; its methods run in the disk's thread and raise CannotRecord."""

    def __init__(self, disk: Disk, session_id: str, name: str) -> None:
        self._disk, self._session_id, self.name = disk, session_id, name
        self._descriptor = -1
        self._failed = False

    def write(self, octets: bytes) -> None:
        """Add to it, making it first; after a failure it stays as it is."""
        if self._failed:
            return
        self._failed = True
        try:
            if self._descriptor < 0:
                self._open()
            self._disk.require_room()
            left = memoryview(octets)
            while left:
                left = left[os.write(self._descriptor, left) :]
            self._failed = False
        except OSError as error:
            raise CannotRecord("disk_failed", str(error)) from error

    def _open(self) -> None:
        folder = self._disk.session_folder(self._session_id) / SEGMENTS
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(folder / (self.name + PART), flags, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def seal(self) -> RecordedSegment | None:
        """Make it whole and durable; None where there is nothing in it."""
        if self._descriptor < 0:
            return None
        descriptor, self._descriptor = self._descriptor, -1
        folder = self._disk.session_folder(self._session_id) / SEGMENTS
        try:
            return sealed(descriptor, folder / (self.name + PART))
        finally:
            os.close(descriptor)


def sealed(descriptor: int, part: Path) -> RecordedSegment | None:
    """Make an open unfinished file whole: cut what is incomplete, add what is to be sought by, fsync, rename.

    A file without a single whole cluster holds nothing that could be played and is removed.
    """
    content = part.read_bytes()
    name = part.name.removesuffix(PART)
    try:
        how = closing(content)
    except NotOurs:
        part.unlink()
        return None
    os.ftruncate(descriptor, how.octets)
    os.pwrite(descriptor, how.tail, how.octets)
    for place, octets in how.patches:
        os.pwrite(descriptor, octets, place)
    os.fsync(descriptor)
    closed = part.rename(part.with_name(name + CLOSED))
    _sync_folder(part.parent)
    return told_of(closed, name)


def told_of(file: Path, name: str) -> RecordedSegment:
    """What a whole file says of itself, and its hash. Raises NotOurs."""
    content = file.read_bytes()
    how = closing(content)
    told = json.loads(how.tag)
    return RecordedSegment(
        segment=name,
        sha256=hashlib.sha256(content).hexdigest(),
        octets=len(content),
        publisher=told.get("publisher"),
        began_at=told.get("began_at"),
        duration_ms=how.duration_ms,
        rtp=told.get("rtp"),
    )


def recovered(folder: Path) -> list[tuple[str, RecordedSegment]]:
    """Make whole what a crash left unfinished, and say what is whole and not yet in its session's chain.

    A file that somebody else still writes is locked and left alone. Runs in the disk's thread.
    """
    for part in sorted(folder.glob(f"*/{SEGMENTS}/*{PART}")):
        _recover(part)
    return [
        (unquote(file.parent.parent.name), told_of(file, file.name.removesuffix(CLOSED)))
        for file in sorted(folder.glob(f"*/{SEGMENTS}/*{CLOSED}"))
    ]


def _recover(part: Path) -> None:
    try:
        descriptor = os.open(part, os.O_RDWR)
    except FileNotFoundError:
        return  # it was being written, and is whole by now
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sealed(descriptor, part)
    except BlockingIOError:
        return
    finally:
        os.close(descriptor)


def listed(folder: Path) -> tuple[list[str], list[str]]:
    """The whole segments and the stills in a session's folder."""
    segments = [file.name for file in (folder / SEGMENTS).glob("*") if not file.name.endswith(PART)]
    stills = [file.name for file in (folder / STILLS).glob("*") if not file.name.endswith(PART)]
    return sorted(name.removesuffix(CLOSED) for name in segments), sorted(stills)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
