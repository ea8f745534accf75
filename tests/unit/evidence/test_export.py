"""Exporting a session: a bundle that can be checked, and a film that shows what was seen and marked."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from services.cli.main import app
from tests.unit.assist.play import ANA, BEA
from tests.unit.evidence.recorded_session import GREEN, SECRET, recorded, rtp_at

RECTANGLE = {"tool": "rectangle", "points": [[16384, 16384], [49152, 49152]], "color": "red", "width": 8}
CIRCLE = {"tool": "circle", "points": [[32768, 32768], [49152, 32768]], "color": "blue", "width": 8}


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUSTER_SECRET", SECRET)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ANA films, BEA marks the picture and a still, BEA films too, in other sizes and formats."""
    made = recorded(tmp_path_factory.mktemp("recordings"))
    made.does(1.6, BEA, "draw", mark=RECTANGLE, anchor={"rtp": rtp_at(1.2)})
    still_id = made.freezes(7.0)
    made.does(7.5, BEA, "draw", mark=CIRCLE, anchor={"still_id": still_id})
    made.does(8.5, ANA, "unfreeze")
    made.films("ANA", "vp8", 0.0, 10.0)
    made.films("ANA", "h264", 10.0, 2.0, width=120, height=160)
    made.films("BEA", "h264", 60.0, 2.0)
    made.does(70, BEA, "end", outcome="resolved")
    made.keeps()
    return made.folder


@pytest.fixture(scope="module")
def bundle(recordings: Path) -> Path:
    """The exported bundle."""
    out = recordings / "bundle.zip"
    code, said = muster("export", "ses-1", "--recordings", str(recordings), "--out", str(out), secret=SECRET)
    assert code == 0, said
    assert "a film of 14.0 s" in said
    return out


def muster(*words: str, secret: str | None = None) -> tuple[int, str]:
    """Exit code, and everything that was said."""
    env = {"MUSTER_SECRET": secret} if secret else None
    result = CliRunner(env=env).invoke(app, ["assist", *words])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def pictures(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Any]:
    """The film's picture at a time, as RGB."""
    folder = tmp_path_factory.mktemp("film")
    with zipfile.ZipFile(bundle) as archive:
        film = archive.extract("derived/session.webm", folder)
    with av.open(film, "r") as file:
        shown = [(float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in file.decode(video=0)]
    return lambda at_s: [picture for time, picture in shown if time <= at_s + 0.001][-1]


def test_an_exported_bundle_is_whole(bundle: Path) -> None:
    """Chain, segments and stills agree, and the film beside them proves nothing and hurts nothing."""
    code, said = muster("verify", str(bundle))
    assert code == 0, said
    assert "whole and unchanged" in said
    names = zipfile.ZipFile(bundle).namelist()
    assert sum(name.startswith("segments/") for name in names) == 5
    assert sum(name.startswith("stills/") for name in names) == 1


def is_near(picture: Any, x: float, y: float, color: tuple[int, int, int]) -> bool:
    """Whether a pixel (shares of width and height) has this colour, as far as an encoder keeps it."""
    height, width, _ = picture.shape
    around = picture[int(y * height) - 1 : int(y * height) + 2, int(x * width) - 1 : int(x * width) + 2]
    return bool(np.abs(around.reshape(-1, 3).mean(axis=0) - color).max() < 70)


def test_a_mark_is_drawn_from_its_frame_on_for_five_seconds(pictures: Callable[[float], Any]) -> None:
    """Not before the frame that it was drawn on, and not longer than it was seen."""
    red = (255, 77, 77)
    seen = [is_near(pictures(at_s), 0.25, 0.5, red) for at_s in (0.8, 1.4, 3.0, 4.0, 6.5)]
    assert seen == [False, True, True, True, False]


def test_a_frozen_still_is_shown_with_its_marks_as_long_as_it_was(pictures: Callable[[float], Any]) -> None:
    """The still fills the picture, the mark stays on it, and the live picture comes back."""
    assert [is_near(pictures(at), 0.5, 0.1, GREEN) for at in (6.5, 7.2, 8.3, 8.8)] == [
        False,
        True,
        True,
        False,
    ]
    assert [is_near(pictures(at), 0.75, 0.5, (90, 176, 255)) for at in (7.2, 8.0)] == [False, True]


def test_pictures_of_other_sizes_are_shown_whole(pictures: Callable[[float], Any]) -> None:
    """A phone that was turned stands between black bars; the film's size stays."""
    assert pictures(1.0).shape == (120, 160, 3)
    upright = pictures(11.5)
    assert upright[:, :20].mean() < 20
    assert upright[:, 70:90].mean() > 30


def test_the_sound_stays_with_the_picture(bundle: Path, tmp_path: Path) -> None:
    """Each second begins with a flash and a beep, also where the film leaves a minute out."""
    with zipfile.ZipFile(bundle) as archive:
        film = archive.extract("derived/session.webm", tmp_path)
    with av.open(film, "r") as file:
        loud = [float(f.time or 0) for f in file.decode(audio=0) if np.abs(f.to_ndarray()).max() > 0.1]
    for second in (0, 3, 7, 11, 12, 13):
        assert any(abs(at - second) < 0.05 for at in loud), second
        assert not any(0.2 < at - second < 0.9 for at in loud)


def test_a_missing_file_is_named_and_nothing_is_written_unless_wanted(
    recordings: Path, tmp_path: Path
) -> None:
    """What lies on a disk that is gone is said; --partial packs the rest, and verify finds the hole."""
    fewer = tmp_path / "recordings"
    shutil.copytree(recordings, fewer)
    gone = next((fewer / "ses-1" / "segments").iterdir())
    gone.unlink()
    words = ("export", "ses-1", "--recordings", str(fewer), "--out", str(tmp_path / "b.zip"))
    code, said = muster(*words)
    assert code == 1
    assert f"segments/{gone.name} is missing" in said
    assert not (tmp_path / "b.zip").exists()
    assert muster(*words, "--partial", "--no-film")[0] == 0
    code, said = muster("verify", str(tmp_path / "b.zip"))
    assert code == 1
    assert f"segments/{gone.name} is missing" in said


def test_a_changed_recording_is_not_exported_as_if_it_were_whole(recordings: Path, tmp_path: Path) -> None:
    """The chain knows better than the disk."""
    changed = tmp_path / "recordings"
    shutil.copytree(recordings, changed)
    file = next((changed / "ses-1" / "segments").iterdir())
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    code, said = muster("export", "ses-1", "--recordings", str(changed), "--video", str(tmp_path / "f.webm"))
    assert code == 1
    assert f"segments/{file.name} is not what the chain says" in said


PARTS = {"chain.jsonl": "chain.jsonl|line ", "segments/": "segments/", "stills/": "stills/"}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.sampled_from(sorted(PARTS)), place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_byte_anywhere_is_found_and_named(
    bundle: Path, tmp_path: Path, part: str, place: float, bit: int
) -> None:
    """In the chain, in a segment, in a still: whichever byte it is, verify says what is wrong and where."""
    path = tmp_path / "changed.zip"
    with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(path, "w") as changed:
        chosen = next(name for name in whole.namelist() if name.startswith(part))
        for name in whole.namelist():
            content = bytearray(whole.read(name))
            if name == chosen:
                content[int(place * len(content))] ^= 1 << bit
            changed.writestr(name, bytes(content))
    code, said = muster("verify", str(path), secret=SECRET)
    assert code == 1
    assert any(word in said for word in (*PARTS[part].split("|"), "key")), said


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_changed_byte_of_the_archive_is_found_or_changes_nothing(
    bundle: Path, tmp_path: Path, place: float, bit: int
) -> None:
    """What zip itself does not read (a date, the film) may differ; chain, segments and stills then do not."""
    content = bytearray(bundle.read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    path = tmp_path / "changed.zip"
    path.write_bytes(content)
    if muster("verify", str(path), secret=SECRET)[0] == 0:
        with zipfile.ZipFile(bundle) as whole, zipfile.ZipFile(path) as changed:
            for name in whole.namelist():
                assert name.startswith("derived/") or changed.read(name) == whole.read(name)


def test_segments_are_named_for_whom_they_are_of(recordings: Path) -> None:
    """Several publishers, a set of files each."""
    found = sorted(path.name for path in (recordings / "ses-1" / "segments").iterdir())
    assert [name.rpartition("-")[2] for name in found].count("ANA.webm") == 3
    assert any(name.endswith("BEA.mkv") for name in found)
