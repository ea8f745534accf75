"""The feed's way to a gateway that is busy, breaks off or goes away."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.decisions import Decision
from services.simulation.feed_clock import FeedClock
from services.simulation.feed_errors import FeedMistake, GatewayLost, GatewayRefused
from services.simulation.feed_gateway import GatewayClient
from services.simulation.feed_setup import check_gateway
from services.simulation.feed_stream import DecisionStream, SseParser
from services.simulation.feed_tally import Tally, percentile_ms
from tests.integration.up.scripted_gateway import Asked, answer, open_stream, serve

START = datetime(2026, 3, 2, tzinfo=UTC)


def decision(offset: int, n: int = 0, **more: Any) -> Decision:
    """A decision at this place of region R1's log."""
    return Decision.model_validate(
        {
            "id": f"log/R1/{offset}/{n}",
            "decided_at": START,
            "log": "log",
            "region": "R1",
            "offset": offset,
            "n": n,
            "kind": "queued",
            "caused_by": "event",
            **more,
        }
    )


async def test_a_request_is_repeated_under_the_same_key_through_429_503_and_a_lost_connection() -> None:
    """Nothing is lost and nothing is done twice: each try carries the key of the first."""
    keys: list[str] = []

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        keys.append(asked.headers["idempotency-key"])
        if len(keys) == 1:
            await answer(writer, 429, headers={"Retry-After": "0"})
        elif len(keys) == 2:
            await answer(writer, 503)
        elif len(keys) == 3:
            writer.close()  # the answer is lost: nobody knows whether it was done
        else:
            await answer(writer, 202)

    async with serve(script) as url, GatewayClient(url, "t") as client:
        done = await client.send("POST", "/v1/incidents", {"a": 1}, "key-1")
    assert done.status_code == 202
    assert keys == ["key-1"] * 4
    assert client.retries == 3


async def test_a_refusal_is_not_repeated() -> None:
    """A 4xx is the gateway's last word, told in the problem's own sentence."""
    asked_for = 0

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        nonlocal asked_for
        asked_for += 1
        await answer(writer, 422, b'{"title": "Invalid", "detail": "tier: unknown"}')

    async with serve(script) as url, GatewayClient(url, "t") as client:
        with pytest.raises(GatewayRefused, match="422: tier: unknown"):
            await client.send("POST", "/v1/incidents", {}, "key-1")
    assert asked_for == 1


async def test_patience_is_bounded() -> None:
    """A gateway that never comes back ends the feed with its address and the reason."""
    async with GatewayClient("http://127.0.0.1:1", "t", patience_s=0.5) as client:
        with pytest.raises(GatewayLost, match=r"no answer from http://127.0.0.1:1"):
            await client.send("GET", "/v1/me")


@pytest.mark.parametrize("url", ["", "nonsense", "ftp://host", "http://", "http://host:99999"])
def test_an_address_that_is_none_is_named(url: str) -> None:
    """A mistake in --gateway is one clear sentence, before anything is sent."""
    with pytest.raises(FeedMistake, match="--gateway"):
        GatewayClient(url, "t")


async def test_the_stream_goes_on_where_it_broke_off_and_yields_each_decision_once() -> None:
    """Resumed by the last whole message's id; a decision seen before is dropped."""
    resumed_from: list[str | None] = []

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        resumed_from.append(asked.headers.get("last-event-id"))
        await open_stream(writer)
        offsets = [1, 2] if len(resumed_from) == 1 else [2, 3]
        for offset in offsets:
            writer.write(
                f"id: v{offset}\nevent: decision\ndata: {decision(offset).model_dump_json()}\n\n".encode()
            )
        writer.write(b": a comment\n\nevent: clock\ndata: {}\n\n")
        writer.write(b'id: v9\nevent: decision\ndata: {"cut')  # cut off: this one has not been seen
        await writer.drain()
        writer.close()

    seen = []
    async with serve(script) as url, GatewayClient(url, "t") as client:
        stream = DecisionStream(client)
        async with asyncio.timeout(10):
            async for found in stream.decisions():
                seen.append(found.offset)
                if len(seen) == 3:
                    break
    assert seen == [1, 2, 3]
    assert resumed_from == [None, "v2"]
    assert stream.repeated == 1


def test_a_message_may_have_several_lines_and_an_id_of_its_own() -> None:
    """WHATWG HTML section 9.2: one space after the colon belongs to the field."""
    parser = SseParser()
    messages = [parser.feed(line) for line in ["id: 1!0", "", ":x", "data:a", "data:  b", "retry: 5", ""]]
    assert [message.text for message in messages if message] == ["a\n b"]
    assert parser.last_id == "1!0"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, b'{"detail": "the token is not accepted"}', "401.*the token is not accepted"),
        (403, b'{"detail": "no"}', "403"),
        (200, b"<html>", "no Muster gateway"),
        (200, b'{"role": "technician", "clock": "feed", "now": null}', "role service.*technician"),
        (200, b'{"role": "service", "clock": "wall", "now": null}', "--clock feed"),
        (200, b'{"role": "service", "clock": "feed", "now": "2026-03-02T00:00:01Z"}', "new log"),
    ],
)
async def test_a_gateway_that_does_not_suit_a_feed_is_named(status: int, body: bytes, said: str) -> None:
    """Token, role, clock mode and the log's own time are checked before anything is written to the log."""

    async def script(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answer(writer, status, body)

    async with serve(script) as url, GatewayClient(url, "t") as client:
        with pytest.raises(FeedMistake, match=said):
            await check_gateway(client, START)


async def test_the_feeds_clock_follows_the_wall_through_a_stall() -> None:
    """A stalled system does not stretch scenario time: 0.2 s at 600 x are 120 s, whatever happened."""
    clock = FeedClock(START, 600)
    assert clock.now() == START
    clock.run()
    await asyncio.sleep(0.2)
    gone = clock.now() - START
    assert timedelta(seconds=120) <= gone < timedelta(seconds=600)


def test_latency_counts_only_those_assigned_by_their_own_report() -> None:
    """An incident that waited for somebody to become free says nothing about the system's speed."""
    tally = Tally(frozenset({"I1", "I2"}))
    tally.report_due("I1", 10.0)
    tally.report_due("I2", 10.0)
    tally.decided(decision(1, 0, incident_id="I1"), 10.04)
    tally.decided(decision(1, 1, incident_id="I1", kind="assigned"), 10.05)
    tally.decided(decision(2, 0, incident_id="I2"), 10.05)
    tally.decided(decision(7, 0, incident_id="I2", kind="assigned"), 99.0)
    assert tally.figures()["report_to_assignment_count"] == 1
    assert tally.p_ms(0.99) == pytest.approx(50.0)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """Nearest rank: of 100 values the 99th, of two the larger, of none nothing."""
    assert percentile_ms([n / 1000 for n in range(1, 101)], 0.99) == 99.0
    assert percentile_ms([0.001, 0.002], 0.5) == 1.0
    assert percentile_ms([], 0.5) is None
