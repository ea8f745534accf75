"""`muster assist verify` finds what was changed, left out or added, and says so with exit 1."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.assist import recorded
from services.assist.chain import Signer
from services.assist.evidence import chain_lines
from services.assist.recorded import RecordedSegment
from services.cli.main import app
from tests.unit.assist.play import ANA, BEA, opened

SECRET = "a secret for tests, of more than 32 characters"
SEGMENT = b"\x1a\x45\xdf\xa3 a segment " * 5000


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_SECRET", SECRET)


def chain() -> bytes:
    """The chain of a recorded session with one segment."""
    play = opened(ANA, BEA)
    play.does(ANA, "give_consent")
    play.commit(recorded.record(play.session, on=True))
    sha256 = hashlib.sha256(SEGMENT).hexdigest()
    play.commit(recorded.record_segment(play.session, RecordedSegment("0001.webm", sha256, len(SEGMENT))))
    play.does(BEA, "end", outcome="resolved")
    return b"".join(line + b"\n" for line in chain_lines(play.log, Signer(SECRET)))


def bundle(folder: Path, **files: bytes) -> Path:
    """A bundle with the chain and these files; `__` stands for the slash of their names."""
    path = folder / "bundle.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("chain.jsonl", chain())
        for name, content in files.items():
            out.writestr(name.replace("__", "/") + ".webm", content)
    return path


def verify(path: Path, *options: str) -> tuple[int, str]:
    """Exit code, and everything that was said."""
    result = CliRunner().invoke(app, ["assist", "verify", str(path), *options])
    return result.exit_code, result.output


def test_a_whole_bundle_is_told_to_be_so(tmp_path: Path) -> None:
    """Chain and segment agree; what is derived proves nothing and hurts nothing."""
    code, said = verify(bundle(tmp_path, segments__0001=SEGMENT, derived__playable=b"made of it"))
    assert code == 0, said
    assert "whole and unchanged" in said


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"segments__0001": SEGMENT[:-1] + b"!"}, "segments/0001.webm was changed"),
        ({}, "segments/0001.webm is missing"),
        ({"segments__0001": SEGMENT, "segments__0002": b"x"}, "segments/0002.webm is not in the chain"),
    ],
)
def test_a_file_that_does_not_agree_with_the_chain_is_named(
    tmp_path: Path, files: dict[str, bytes], says: str
) -> None:
    """Changed, missing and added files are each found by name."""
    code, said = verify(bundle(tmp_path, **files))
    assert code == 1
    assert says in said


def test_a_changed_byte_anywhere_in_the_archive_is_found(tmp_path: Path) -> None:
    """Bytes of the chain and of the segment; also where the archive's own checksum is what breaks."""
    path = bundle(tmp_path, segments__0001=SEGMENT)
    whole = path.read_bytes()
    for place in (len(whole) // 50, len(whole) // 2):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert verify(path)[0] == 1


def test_a_chain_alone_is_checked_too_and_another_key_must_be_named(tmp_path: Path) -> None:
    """Elsewhere the key of the chain is unknown: it counts only where somebody names it."""
    path = tmp_path / "chain.jsonl"
    path.write_bytes(chain())
    assert verify(path)[0] == 0
    kid = Signer(SECRET).kid
    assert verify(path, "--key", "0123456789abcdef")[0] == 1
    elsewhere = {"MUSTER_SECRET": "the secret of another installation, long enough"}
    runner = CliRunner(env=elsewhere)
    told = runner.invoke(app, ["assist", "verify", str(path)])
    assert told.exit_code == 1
    assert kid in told.output
    assert runner.invoke(app, ["assist", "verify", str(path), "--key", kid]).exit_code == 0
