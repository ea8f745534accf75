"""Full receipts are derived one at a time, within a time, and never without an answer."""

from __future__ import annotations

import asyncio

import pytest

from schemas.receipts import Explanation
from services.gateway.explaining import Explaining, NotExplained
from services.gateway.problems import ProblemError
from services.gateway.turns import AT_ONCE, MOST_WAITING

EXPLANATION = Explanation(incident_id="I1", region="R1", log="L1", decisions=[])
TOLD = EXPLANATION.model_dump_json().encode()


async def test_a_derivation_is_answered_and_its_trouble_is_a_problem() -> None:
    """Rule: what the log says is handed on; what it can not say becomes a 503 with the reason."""

    async def derive(words: tuple[str, ...]) -> bytes:
        if words[-1] == "R2":
            raise NotExplained("the broker is away")
        return TOLD

    assert await Explaining(derive, 5).explain("I1", "R1") == EXPLANATION
    with pytest.raises(ProblemError, match="the broker is away") as raised:
        await Explaining(derive, 5).explain("I1", "R2")
    assert raised.value.status == 503


async def test_it_is_given_up_in_time_and_says_what_to_do() -> None:
    """Rule: a request never hangs; the command line has no such limit."""

    async def derive(words: tuple[str, ...]) -> bytes:
        await asyncio.Event().wait()
        return TOLD

    with pytest.raises(ProblemError, match="muster explain I1"):
        await Explaining(derive, 0.01).explain("I1", "R1")
    with pytest.raises(ProblemError, match="no way to the log"):
        await Explaining(None, 1).explain("I1", "R1")


async def test_one_at_a_time_and_few_in_line() -> None:
    """Rule: asking why can not slow down what is decided: whoever comes after a short line is sent away."""
    running, most, go = 0, 0, asyncio.Event()

    async def derive(words: tuple[str, ...]) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go.wait()
        running -= 1
        return TOLD

    explaining = Explaining(derive, 30)
    asked = [asyncio.create_task(explaining.explain("I1", "R1")) for _ in range(AT_ONCE + MOST_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(ProblemError) as refused:
        await explaining.explain("I1", "R1")
    assert refused.value.status == 429
    go.set()
    assert await asyncio.gather(*asked) == [EXPLANATION] * len(asked)
    assert most == AT_ONCE
