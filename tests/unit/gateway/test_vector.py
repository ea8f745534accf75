"""An event id says exactly what its reader has seen: nothing is shown twice, nothing passed over."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.decisions import Decision, decision_id
from services.gateway.ring import Entry, Ring
from services.gateway.sse import reconcile
from services.gateway.vector import BadVector, Mark, Vector, log_tag

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def decision(offset: int, n: int = 0, region: str = "R1", log: str = "L1") -> Decision:
    """A decision of which only the place matters."""
    return Decision(
        id=decision_id(log, region, offset, n),
        decided_at=AT,
        log=log,
        region=region,
        offset=offset,
        n=n,
        kind="queued",
        caused_by="x",
    )


def taken(mark: Mark, published: list[Decision], start: int = 0) -> list[str]:
    """Ids of what a reader with this mark takes of records that lie one after the other from `start`."""
    return [
        one.id
        for at, one in enumerate(published, start)
        if at >= mark.next and mark.take(one, at, log_tag(one.log))
    ]


def test_a_new_owner_publishing_again_is_read_once() -> None:
    """After a crash the next owner repeats decisions from its snapshot on: each is taken once."""
    first = [decision(offset, n) for offset in range(6) for n in range(2)]
    again = [decision(offset, n) for offset in range(3, 9) for n in range(2)]
    assert taken(Mark(), first + again) == [one.id for one in first + again[6:]]


def test_a_tick_decides_in_several_regions() -> None:
    """Regions of one partition count n each for themselves at the same offset."""
    tick = [decision(7, 0, "R1"), decision(7, 1, "R1"), decision(7, 0, "R2")]
    assert taken(Mark(), tick + tick) == [one.id for one in tick]


def test_a_new_log_begins_anew() -> None:
    """Offsets of another log are not compared with those of the one before."""
    old, new = [decision(50)], [decision(0, log="L2"), decision(1, log="L2")]
    assert taken(Mark(), old + new) == [one.id for one in old + new]


@given(
    seed=st.integers(0, 2**32),
    events=st.integers(1, 30),
    cut=st.floats(0, 1),
    regions=st.lists(st.sampled_from(["R1", "R2", "R:3/x@y"]), min_size=1, max_size=3, unique=True),
)
def test_resuming_anywhere_misses_nothing_and_repeats_nothing(
    seed: int, events: int, cut: float, regions: list[str]
) -> None:
    """Two owners publish the same run interleaved; a reader stops anywhere and goes on from its event id."""
    chance = random.Random(seed)
    run = [
        decision(offset, n, region)
        for offset in range(events)
        for region in chance.sample(regions, chance.randint(1, len(regions)))
        for n in range(chance.randint(1, 2))
    ]
    began = chance.randint(0, len(run) - 1)
    dying, next_owner = list(run[: chance.randint(began, len(run))]), list(run[began:])
    published = dying[:began]
    dying = dying[began:]
    while dying or next_owner:
        source = dying if dying and (not next_owner or chance.random() < 0.5) else next_owner
        published.append(source.pop(0))
    stop = round(cut * len(published))
    vector = Vector()
    seen = taken(vector[3], published[:stop])
    resumed = Vector.decode(vector.encode())
    seen += taken(resumed[3], published)
    assert seen == [one.id for one in run]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "end",
        "1!x",
        "1!1",
        "1!12,1,,-1",
        "1!0,1,zz,-1",
        "1!0,-1,,-1",
        "2!0,1,,-1",
        "1!" + "0,1,,-1;" * 2000,
        "1!0,1,12345678,5,R1=",
        "1!0,1,12345678,5,R 1=1",
        "1!٣,1,,-1\n",
    ],
)
def test_what_is_no_event_id_is_refused(text: str) -> None:
    """Nothing but an id of ours is taken for one."""
    with pytest.raises(BadVector):
        Vector.decode(text)


def test_another_log_makes_the_client_begin_anew() -> None:
    """A broker without its memory lays a new log: what the client saw of the old one hides nothing of it."""
    mine, tail = Vector(), Vector()
    taken(mine[0], [decision(9)], 0)
    taken(mine[1], [decision(9, log="L5")], 0)
    taken(tail[0], [decision(3, log="L2")], 0)
    taken(tail[1], [decision(n, log="L5") for n in range(12)], 0)
    reconcile(mine, tail)
    assert (mine[0].next, mine[0].offset) == (0, -1)
    assert (mine[1].next, mine[1].offset) == (1, 9)


def test_a_client_ahead_of_a_slow_tail_keeps_its_place() -> None:
    """Another gateway may have shown more already: its event id is no other log."""
    mine, tail = Vector(), Vector()
    taken(mine[0], [decision(n) for n in range(9)], 0)
    taken(tail[0], [decision(n) for n in range(4)], 0)
    reconcile(mine, tail)
    assert mine[0].next == 9


def test_the_ring_forgets_the_oldest_and_says_from_where_it_is_whole() -> None:
    """A cursor that has fallen out is told; the partition's cover moves behind what was lost."""
    ring = Ring(3)
    for at in range(5):
        ring.append(Entry(at % 2, at, decision(at), "t", b"{}"))
    assert [entry.at for entry in ring] == [2, 3, 4]
    assert (ring.first, ring.end) == (2, 5)
    assert (ring.covered_from[0], ring.covered_from[1], ring.covered_from[2]) == (1, 2, 0)
    assert [entry.at for entry in ring.since(3, 10)] == [3, 4]
    assert [entry.at for entry in ring.since(2, 1)] == [2]
    assert ring.since(5, 10) == []
    with pytest.raises(LookupError):
        ring.since(1, 1)
