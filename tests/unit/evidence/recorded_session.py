"""A recorded session made up for tests: real pictures and sound in real files, and its signed log."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from PIL import Image

from schemas.assist_client import CLIENT_MESSAGES
from schemas.assist_log import Entry
from services.assist import lifecycle
from services.assist.chain import Signer, chained
from services.assist.drafts import Actor, Draft
from services.assist.evidence import whole_chain
from services.assist.operations import Asked, Still, decide, freeze_with
from services.assist.recorded import record, record_segment
from services.assist.session import Session
from services.relay.payloads import INSPECT
from services.relay.recording.disk import Disk, SegmentFile, told_of
from services.relay.recording.frames import FRAMES, Frame, InOrder
from services.relay.recording.segments import Segments
from services.relay.rtp import MediaPacket
from tests.media.film import FPS, SAMPLES, SOUND_S, Film
from tests.unit.assist.play import ANA, BEA, DESK

SECRET = "a secret for tests, of more than 32 characters"
TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
RTP_BEGIN = 4_294_900_000
"""Near its end: the clock wraps in the first second."""
GREEN = (0, 160, 0)


@dataclass
class OnDisk:
    """Puts files where a relay node does."""

    disk: Disk
    session_id: str
    files: dict[str, SegmentFile] = field(default_factory=dict)

    def begin_file(self, publisher: str, suffix: str) -> str:
        """Name it."""
        name = f"e1-{len(self.files) + 1:04}-{publisher}{suffix}"
        self.files[name] = SegmentFile(self.disk, self.session_id, name)
        return name

    def write(self, name: str, octets: bytes) -> None:
        """Add to it."""
        self.files[name].write(octets)

    def end_file(self, name: str) -> None:
        """Make it whole, and say that it is in the chain."""
        assert self.files[name].seal() is not None
        self.disk.committed(self.session_id, name)


@dataclass
class Recorded:
    """The session `ses-1` in a folder of recordings; `at` is seconds after its begin."""

    folder: Path
    session: Session = field(default_factory=lambda: Session("ses-1", "INC-1", "R1"))
    log: list[Entry] = field(default_factory=list)
    ops: int = 0

    def commit(self, at_s: float, drafts: Sequence[Draft]) -> None:
        """Number, seal and fold the drafts."""
        entries = chained(self.session, drafts, self.moment(at_s), Signer(SECRET))
        for entry in entries:
            self.session.apply(entry)
        self.log += entries

    def moment(self, at_s: float) -> datetime:
        """The time of the log."""
        return TEN + timedelta(seconds=at_s)

    def does(self, at_s: float, actor: Actor, kind: str, **fields: Any) -> None:
        """An operation of a client."""
        self.ops += 1
        op: Any = CLIENT_MESSAGES.validate_python({"type": kind, "op_id": f"op{self.ops}", **fields})
        self.commit(at_s, decide(self.session, Asked(actor, {"ANA", "BEA"}), op))

    def freezes(self, at_s: float, size: tuple[int, int] = (640, 480)) -> str:
        """ANA's phone uploads a green still."""
        self.does(at_s, BEA, "freeze")
        still_id = self.session.freeze_asked
        assert still_id is not None
        out = io.BytesIO()
        Image.new("RGB", size, GREEN).save(out, "PNG")
        Disk(self.folder, 0).keep("ses-1", f"stills/{still_id}", out.getvalue())
        digest = hashlib.sha256(out.getvalue()).hexdigest()
        still = Still(still_id, digest, len(out.getvalue()), "image/png", *size, rtp_at(at_s))
        self.commit(at_s, freeze_with(self.session, ANA, still))
        return still_id

    def films(self, publisher: str, codec: str, begin_s: float, length_s: float, **film: int) -> None:
        """A publisher's picture and sound from then on; a key frame each two seconds."""
        disk = Disk(self.folder, 0)
        disk.session_folder("ses-1")
        kept = OnDisk(disk, "ses-1")
        made, order, frames = Film(codec, **film), InOrder(), FRAMES[codec]()
        cut = Segments(publisher, kept, lambda s: datetime.fromtimestamp(s, UTC), 4.0)
        origin_s, sequence, sounds = TEN.timestamp() + begin_s, 70_000, 0
        for number in range(int(length_s * FPS)):
            while sounds * SOUND_S <= number / FPS:
                sound = Frame(sounds * SAMPLES, made.sound(sounds))
                cut.sound(sound, origin_s + sounds * SOUND_S, (1, 1), alone=False)
                sounds += 1
            payloads = made.video(number, key=number % (2 * FPS) == 0)
            rtp = rtp_at(begin_s + number / FPS)
            for place, payload in enumerate(payloads):
                packet = MediaPacket(sequence, rtp, int(place == len(payloads) - 1), payload)
                INSPECT[codec](packet, -1 if place == 0 else rtp)
                sequence += 1
                for found, broken in order.take(packet, number / FPS):
                    for frame in frames.take(found, broken):
                        cut.picture(frame, origin_s + number / FPS, (1, 1), sound=True)
        cut.end()
        for name in kept.files:
            told = told_of(self.folder / "ses-1" / "segments" / name, name)
            self.commit(begin_s + length_s, record_segment(self.session, told))

    def keeps(self) -> None:
        """The chain is kept beside the recording."""
        Disk(self.folder, 0).keep("ses-1", "chain.jsonl", whole_chain(self.log, Signer(SECRET)))


def rtp_at(at_s: float) -> int:
    """The RTP time of ANA's picture."""
    return (RTP_BEGIN + round(at_s * 90_000)) & 0xFFFFFFFF


def recorded(folder: Path) -> Recorded:
    """A session with ANA and BEA that is recorded from its begin."""
    made = Recorded(folder)
    made.commit(-3, lifecycle.open_session(DESK, "ANA"))
    made.commit(-2, lifecycle.join(made.session, "ANA", "technician"))
    made.commit(-1, lifecycle.join(made.session, "BEA", "expert"))
    made.does(-0.5, ANA, "give_consent")
    made.commit(-0.4, record(made.session, on=True))
    return made
