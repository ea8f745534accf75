"""What a film shows and when follows from the chain: frames by their RTP time, stills by the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.assist_log import SessionChanged
from services.assist.playback import JOINED_S, Piece, Playback, frame_time_s, playback
from tests.unit.assist.play import ANA, ARROW, BEA
from tests.unit.evidence.recorded_session import TEN, Recorded, recorded, rtp_at

ZERO = TEN.timestamp()


def piece(begin_s: float, end_s: float, rtp: int | None, publisher: str = "ANA") -> Piece:
    """A file from when to when, in seconds of the session."""
    return Piece(f"{publisher}{begin_s}", publisher, ZERO + begin_s, ZERO + end_s, rtp)


def drawn(folder: Path) -> Recorded:
    """BEA draws on the frame of the second second, two seconds later."""
    made = recorded(folder)
    made.does(4.0, BEA, "draw", mark=ARROW, anchor={"rtp": rtp_at(2.0)})
    return made


def planned(made: Recorded, *pieces: Piece) -> Playback:
    """The plan with these files."""
    log = list(made.log)
    for number, one in enumerate(pieces):
        log.append(
            SessionChanged.model_validate(
                {
                    **log[0].model_dump(),
                    "kind": "segment_recorded",
                    "seq": 900 + number,
                    "segment": one.name,
                    "party": one.publisher,
                    "began_at": made.moment(one.begin_s - ZERO),
                    "duration_ms": round((one.end_s - one.begin_s) * 1000),
                    "rtp": one.rtp,
                }
            )
        )
    return playback(log)


@pytest.mark.parametrize("begin_s", [0.0, 1.0, 1.9])
def test_a_live_mark_is_shown_on_the_frame_that_it_was_drawn_on(tmp_path: Path, begin_s: float) -> None:
    """Whichever file holds the frame, and although the RTP clock wraps in between."""
    plan = planned(drawn(tmp_path), piece(begin_s, 10, rtp_at(begin_s)))
    (mark,) = plan.marks
    assert mark.begin_s - ZERO == pytest.approx(2.0, abs=0.001)
    assert mark.end_s - ZERO == pytest.approx(7.0, abs=0.001)
    assert plan.marks_at(ZERO + 3, None) == [mark]
    assert plan.marks_at(ZERO + 7.1, None) == []


def test_an_erased_mark_is_gone_as_long_after_its_frame_as_it_was_then(tmp_path: Path) -> None:
    """It came two seconds late, and so did what erased it."""
    made = drawn(tmp_path)
    made.does(5.5, BEA, "erase", mark_seq=made.session.seq)
    (mark,) = planned(made, piece(0, 10, rtp_at(0))).marks
    assert mark.end_s - ZERO == pytest.approx(3.5, abs=0.001)


def test_a_mark_whose_frame_nobody_recorded_is_shown_when_it_came() -> None:
    """Another publisher's clock, hours away, is not taken for it."""
    others = [piece(0, 10, 1_000_000_000, "BEA"), piece(0, 10, None)]
    assert frame_time_s(others, rtp_at(2.0), ZERO + 4) == ZERO + 4


def test_a_still_is_shown_with_its_marks_as_long_as_it_was_frozen(tmp_path: Path) -> None:
    """From its upload to the end of the freeze; a mark on it from when it came."""
    made = recorded(tmp_path)
    still_id = made.freezes(3.0)
    made.does(4.0, BEA, "draw", mark=ARROW, anchor={"still_id": still_id})
    made.does(6.0, ANA, "unfreeze")
    plan = playback(made.log)
    assert [plan.frozen_at(ZERO + at) for at in (2.9, 3.1, 5.9, 6.1)] == [None, still_id, still_id, None]
    assert plan.marks_at(ZERO + 3.9, still_id) == []
    assert len(plan.marks_at(ZERO + 5.9, still_id)) == 1
    assert plan.marks_at(ZERO + 5.9, None) == []


def test_what_was_not_recorded_is_left_out_and_short_gaps_are_not() -> None:
    """Two seconds without a node are shown; the hour without consent is not."""
    pieces = [
        piece(0, 10, 1),
        piece(5, 12, None, "BEA"),
        piece(12 + JOINED_S - 1, 20, 1),
        piece(3600, 3610, 1),
    ]
    spans = Playback(pieces).spans()
    assert [(begin - ZERO, end - ZERO) for begin, end in spans] == [(0, 20), (3600, 3610)]
