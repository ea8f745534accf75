"""Whatever parties do in whatever order, a session keeps its rules and its log tells the whole story."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.assist_log import AnnotationMade, SessionChanged
from services.assist import lifecycle, recorded
from services.assist.chain import line_of
from services.assist.drafts import Actor, NotAllowed
from services.assist.evidence import chain_lines, verify_chain
from services.assist.session import folded
from tests.unit.assist.play import ARROW, ROLES, SIGNER, Play, opened

ACTORS = st.sampled_from([Actor(subject, role) for subject, role in ROLES.items()])
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("draw", {"mark": ARROW, "anchor": {"rtp": 7}}),
    ("draw", {"mark": ARROW, "anchor": {"rtp": 7, "still_id": "still-4"}}),
    ("erase", {"mark_seq": 5}),
    ("clear", {}),
    ("say", {"text": "a word"}),
    ("freeze", {}),
    ("unfreeze", {}),
    ("start_guide", {"title": "t", "steps": ["one", "two"]}),
    ("tick", {"step": 1}),
    ("tick", {"step": 1, "done": False}),
    ("end_guide", {}),
    ("pass_baton", {"to": "CARL"}),
    ("pass_baton", {"to": "BEA"}),
    ("ask_consent", {}),
    ("give_consent", {}),
    ("withdraw_consent", {}),
    ("end", {"outcome": "resolved"}),
]
MOVES = st.one_of(
    st.tuples(st.just("does"), ACTORS, st.sampled_from(OPERATIONS)),
    st.tuples(st.just("does"), ACTORS, st.sampled_from(OPERATIONS[:-1])),
    st.tuples(st.sampled_from(["joins", "leaves", "lost", "uploads", "records"]), ACTORS, st.none()),
)


def make_move(play: Play, move: tuple[str, Actor, Any]) -> None:
    """Try one move; a refusal must leave everything as it was."""
    verb, actor, operation = move
    before = (play.session.seq, play.session.head)
    try:
        if verb == "does":
            play.does(actor, operation[0], **operation[1])
        elif verb == "joins":
            play.joins(actor)
        elif verb == "leaves":
            play.commit(lifecycle.leave(play.session, actor.subject, "said_goodbye"))
        elif verb == "lost":
            play.present.discard(actor.subject)
        elif verb == "uploads":
            play.uploads(actor)
        else:
            play.commit(recorded.record(play.session, on=True))
    except NotAllowed:
        assert before == (play.session.seq, play.session.head)


@settings(max_examples=60, deadline=None)
@given(moves=st.lists(MOVES, max_size=30))
def test_a_session_keeps_its_rules_and_its_log_makes_it_again(moves: list[tuple[str, Actor, Any]]) -> None:
    """Lead, consent and technician keep their rules; the lines of the log make the same session again.

    The lead is an expert who belongs to it, and is never missing while there is one. The chain holds.
    """
    play = opened()
    for move in moves:
        make_move(play, move)
        session = play.session
        experts = session.experts()
        if not session.ended:
            assert (session.baton in experts) if experts else (session.baton is None)
        assert not session.recording or session.consent == "given"
        assert sum(role == "technician" for role in session.parties.values()) <= 1
        assert all(
            mark.still_id is None or mark.still_id in session.stills for mark in session.marks.values()
        )
    assert [entry.seq for entry in play.log] == list(range(1, len(play.log) + 1))
    models = [AnnotationMade if isinstance(entry, AnnotationMade) else SessionChanged for entry in play.log]
    read = [model.model_validate_json(line_of(entry)) for model, entry in zip(models, play.log, strict=True)]
    assert folded("ses-1", read) == play.session
    assert verify_chain(chain_lines(read, SIGNER), SIGNER).entries == len(play.log)
