"""What may be done in a session, by whom, and what is logged of it."""

from __future__ import annotations

import pytest

from schemas.assist_client import Say
from schemas.assist_log import AnnotationMade, SessionChanged
from services.assist import lifecycle, recorded
from services.assist.drafts import Actor, NotAllowed
from services.assist.operations import done_before
from services.assist.recorded import RecordedSegment
from tests.unit.assist.play import ANA, ARROW, BEA, CARL, DESK, DORA, Play, kinds, opened


def refused(play: Play, actor: Actor, kind: str, **fields: object) -> str:
    """The reason for which an operation is refused."""
    with pytest.raises(NotAllowed) as refusal:
        play.does(actor, kind, **fields)
    return refusal.value.reason


def test_the_first_expert_leads_and_the_longest_here_follows() -> None:
    """A session with an expert is never without a lead: the baton goes on when its holder leaves."""
    play = opened(ANA, BEA, CARL)
    assert play.session.baton == "BEA"
    assert kinds(play.commit(lifecycle.leave(play.session, "BEA", "connection_lost"))) == [
        "left",
        "baton_passed",
    ]
    assert play.session.baton == "CARL"
    play.commit(lifecycle.leave(play.session, "CARL", "said_goodbye"))
    assert play.session.baton is None
    play.joins(BEA)
    assert play.session.baton == "BEA"


def test_the_baton_is_passed_by_its_holder_and_the_session_goes_on() -> None:
    """A hand-over changes who leads, nothing else; only to an expert, and only from who holds it."""
    play = opened(ANA, BEA, CARL)
    assert refused(play, CARL, "pass_baton", to="CARL") == "not_allowed"
    assert refused(play, BEA, "pass_baton", to="ANA") == "unknown_party"
    assert kinds(play.does(BEA, "pass_baton", to="CARL")) == ["baton_passed"]
    assert play.session.baton == "CARL"
    assert play.does(CARL, "pass_baton", to="CARL") == []
    assert play.session.is_open


def test_a_baton_whose_holder_is_away_may_be_taken() -> None:
    """A lost connection keeps the place, yet nobody has to wait for a lead that is not there."""
    play = opened(ANA, BEA, CARL)
    play.present.discard("BEA")
    play.does(CARL, "pass_baton", to="CARL")
    assert play.session.baton == "CARL"


def test_an_expert_who_comes_back_as_observer_gives_the_baton_away() -> None:
    """Only an expert leads."""
    play = opened(ANA, BEA, CARL)
    play.commit(lifecycle.join(play.session, "BEA", "observer"))
    assert play.session.baton == "CARL"


def test_nothing_is_recorded_without_the_technicians_consent() -> None:
    """The lead asks, the technician alone agrees, and what is withdrawn stops the recording at once."""
    play = opened(ANA, BEA, CARL)
    with pytest.raises(NotAllowed):
        play.commit(recorded.record(play.session, on=True))
    assert refused(play, CARL, "ask_consent") == "not_allowed"
    play.does(BEA, "ask_consent")
    assert refused(play, BEA, "give_consent") == "not_allowed"
    play.does(ANA, "give_consent")
    play.commit(recorded.record(play.session, on=True))
    assert play.session.recording
    assert kinds(play.does(ANA, "withdraw_consent")) == ["consent_withdrawn", "recording_stopped"]
    assert not play.session.recording
    with pytest.raises(NotAllowed):
        play.commit(recorded.record(play.session, on=True))


def test_a_live_mark_says_that_it_fades_and_a_mark_on_a_still_stays() -> None:
    """The entry itself tells which it is."""
    play = opened(ANA, BEA)
    (live,) = play.does(BEA, "draw", mark=ARROW, anchor={"rtp": 1})
    play.does(BEA, "freeze")
    (frozen,) = play.uploads()
    assert isinstance(frozen, SessionChanged)
    (still,) = play.does(ANA, "draw", mark=ARROW, anchor={"rtp": 1, "still_id": frozen.still_id})
    assert isinstance(live, AnnotationMade)
    assert isinstance(still, AnnotationMade)
    assert live.fades_after_ms == 5000
    assert still.fades_after_ms is None
    assert (
        refused(play, BEA, "draw", mark=ARROW, anchor={"rtp": 1, "still_id": "still-99"}) == "unknown_still"
    )


def test_a_still_is_uploaded_once_by_the_technician_and_only_when_asked_for() -> None:
    """A freeze is asked for once at a time; what nobody waits for is not taken."""
    play = opened(ANA, BEA, DORA)
    with pytest.raises(NotAllowed):
        play.uploads()
    assert kinds(play.does(BEA, "freeze")) == ["freeze_asked"]
    assert play.does(ANA, "freeze") == []
    with pytest.raises(NotAllowed):
        play.uploads(BEA)
    assert kinds(play.uploads()) == ["frozen"]
    assert play.session.frozen == play.log[-1].still_id
    play.does(BEA, "unfreeze")
    assert play.session.frozen is None
    assert refused(play, DORA, "freeze") == "not_allowed"


def test_marks_are_erased_by_their_author_or_the_lead() -> None:
    """Nobody rubs out what somebody else drew, but for who leads."""
    play = opened(ANA, BEA, CARL)
    (first,) = play.does(ANA, "draw", mark=ARROW, anchor={"rtp": 1})
    assert refused(play, CARL, "erase", mark_seq=first.seq) == "not_allowed"
    play.does(BEA, "erase", mark_seq=first.seq)
    assert refused(play, ANA, "erase", mark_seq=first.seq) == "unknown_mark"
    play.does(CARL, "draw", mark=ARROW, anchor={"rtp": 1})
    assert refused(play, CARL, "clear") == "not_allowed"
    assert kinds(play.does(ANA, "clear")) == ["cleared"]
    assert play.does(ANA, "clear") == []
    assert not play.session.marks


def test_the_technician_ticks_the_steps_off() -> None:
    """Steps are the expert's to give and the technician's to tick."""
    play = opened(ANA, BEA)
    assert refused(play, ANA, "tick", step=0) == "no_guide"
    play.does(BEA, "start_guide", title="Replace the card", steps=["Power off", "Pull the card"])
    assert refused(play, BEA, "tick", step=0) == "not_allowed"
    assert kinds(play.does(ANA, "tick", step=1)) == ["step_ticked"]
    assert play.does(ANA, "tick", step=1) == []
    assert refused(play, ANA, "tick", step=2) == "unknown_step"
    play.does(ANA, "tick", step=1, done=False)
    assert play.session.guide is not None
    assert play.session.guide.done == [False, False]


def test_an_observer_watches_and_writes() -> None:
    """An observer draws nothing and leads nothing."""
    play = opened(ANA, BEA, DORA)
    assert kinds(play.does(DORA, "say", text="the red one")) == ["said"]
    assert refused(play, DORA, "draw", mark=ARROW, anchor={"rtp": 1}) == "not_allowed"
    assert refused(play, DORA, "end", outcome="resolved") == "not_allowed"


def test_an_ended_session_takes_nothing_but_its_last_segments() -> None:
    """The end is the last word; a segment that was being written is still bound in."""
    play = opened(ANA, BEA)
    play.does(ANA, "give_consent")
    play.commit(recorded.record(play.session, on=True))
    assert kinds(play.does(BEA, "end", outcome="resolved")) == ["recording_stopped", "ended"]
    assert play.session.outcome == "resolved"
    assert refused(play, ANA, "say", text="thanks") == "not_open"
    with pytest.raises(NotAllowed):
        play.joins(CARL)
    play.commit(recorded.record_segment(play.session, RecordedSegment("0001.webm", "cd" * 32, 1000)))
    assert play.log[-1].kind == "segment_recorded"


def test_an_operation_sent_twice_is_found_by_its_author_and_id() -> None:
    """What a client sends again after a lost connection is done once; another's same id is another's."""
    play = opened(ANA, BEA)
    (said,) = play.does(BEA, "say", text="hello")
    again = Say(type="say", op_id=said.op_id or "", text="hello")
    assert done_before(play.session, BEA, again) == said.seq
    assert done_before(play.session, ANA, again) is None


def test_a_session_has_one_technician_and_a_limit() -> None:
    """A second technician is refused while the first is there, and so is the seventeenth party."""
    play = opened(ANA)
    with pytest.raises(NotAllowed):
        play.joins(Actor("EVA", "technician"))
    for number in range(lifecycle.MAX_PARTIES - 1):
        play.joins(Actor(f"X{number}", "observer"))
    with pytest.raises(NotAllowed) as full:
        play.joins(Actor("ONE-MORE", "observer"))
    assert full.value.reason == "full"


def test_a_dispatcher_hands_the_baton_and_ends() -> None:
    """Who watches over all sessions may act where the experts can not."""
    play = opened(ANA, BEA, CARL)
    play.commit(lifecycle.pass_baton(play.session, DESK, "CARL", play.present))
    play.commit(lifecycle.end(play.session, DESK, "abandoned", ""))
    assert play.session.ended


def test_a_call_for_help_stands_until_an_expert_comes_or_looks_after_it() -> None:
    """Only the technician calls; an expert who joins or says so answers; called twice, the first counts."""
    play = opened(ANA, BEA)
    assert refused(play, BEA, "ask_help") == "not_allowed"
    (asked,) = play.does(ANA, "ask_help")
    assert play.does(ANA, "ask_help") == []
    assert play.session.help_asked_at == asked.at
    assert kinds(play.does(BEA, "answer_help")) == ["help_answered"]
    assert play.session.help_asked_at is None
    play.does(ANA, "ask_help")
    assert kinds(play.joins(DORA)) == ["joined"]
    assert refused(play, DORA, "answer_help") == "not_allowed"
    assert kinds(play.joins(CARL)) == ["joined", "help_answered"]
    play.does(ANA, "ask_help")
    play.does(ANA, "answer_help")
    assert play.session.help_asked_at is None
