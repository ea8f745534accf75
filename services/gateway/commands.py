"""A command's way: claimed by its key, confirmed by the broker, answered by the fold within two seconds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response

from schemas.answers import Accepted
from schemas.commands import RULES
from schemas.decisions import Decision
from schemas.statistics import DeadLetter
from services.gateway.clock import EntryClock
from services.gateway.observe import Metrics, traceparent_of
from services.gateway.overlay import View
from services.gateway.problems import MEDIA_TYPE, ProblemError
from services.gateway.publisher import Outgoing, Publisher
from services.gateway.settings import GatewaySettings
from services.gateway.stored_answers import StoredAnswer, StoredAnswers, event_id_of, fingerprint_of
from services.gateway.waiting import Answer, Answers

NO = frozenset({"refused", "conflicted"})
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*(\d{1,3})(?:$|[,;\s])")
Build = Callable[[Sequence[Decision]], Awaitable[View | None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """How a command was asked: whose event it is, under which key, and how long to wait for the answer."""

    event_id: str
    fingerprint: str
    path: str
    prefers_wait_s: float | None
    traceparent: str


async def asked_of(
    request: Request,
    idempotency_key: Annotated[str, Header(min_length=1, max_length=200)],
    prefer: Annotated[str | None, Header(max_length=200)] = None,
    traceparent: Annotated[str | None, Header(max_length=200)] = None,
) -> Asked:
    """What the headers of a command say (`Prefer`: RFC 7240, `traceparent`: W3C Trace Context)."""
    body = await request.body()
    who = request.state.identity
    return Asked(
        event_id=event_id_of("" if who is None else who.subject, idempotency_key),
        fingerprint=fingerprint_of(request.method, request.url.path, body),
        path=request.url.path,
        prefers_wait_s=_preferred_wait_s(prefer or ""),
        traceparent=traceparent_of(traceparent),
    )


AskedBy = Annotated[Asked, Depends(asked_of)]


def _preferred_wait_s(prefer: str) -> float | None:
    if "respond-async" in prefer.lower():
        return 0.0
    found = _WAIT.search(prefer)
    return None if found is None else float(found[1])


def refusal_of(decisions: Sequence[Decision]) -> ProblemError | None:
    """The problem that a refusing decision is, with the current epoch; None where the event was applied."""
    refused = next((one for one in decisions if one.kind in NO), None)
    if refused is None:
        return None
    reason = refused.reason or refused.kind
    kind = "stale-epoch" if reason == "stale_epoch" else _problem_kind(reason)
    outdated = refused.proposal if reason == "plan_outdated" else None
    return ProblemError(
        kind,
        refused.detail or f"The region's fold refused it: {reason}.",
        reason=reason,
        epoch=refused.epoch,
        incident_id=refused.incident_id,
        engineer_id=refused.engineer_id,
        current_hash=None if outdated is None else outdated.plan_hash,
        changes=refused.changes,
    )


def _problem_kind(reason: str) -> str:
    if reason == "no_plan" or (reason.startswith("unknown_") and reason != "unknown_type"):
        return "not-found"
    if reason == "plan_outdated":
        return "plan-outdated"
    if reason in RULES:
        return "rule-broken"
    return "not-applied" if reason == "in_the_future" else "conflict"


def rejection_of(letter: DeadLetter) -> ProblemError:
    """The problem that a dead letter is: triage could not take the event in."""
    kind = "not-found" if letter.reason in ("unknown_engineer", "unknown_region") else "not-applied"
    return ProblemError(kind, letter.detail, reason=letter.reason)


class Commands:
    """Publishes commands and waits for what the fold says about them."""

    def __init__(
        self,
        settings: GatewaySettings,
        clock: EntryClock,
        publisher: Publisher,
        answers: Answers,
        stored: StoredAnswers,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._publisher = publisher
        self._answers = answers
        self._stored = stored
        self._metrics = metrics

    def wait_s(self, asked: Asked) -> float:
        """How long to wait for the fold's answer: what was asked for, up to the setting."""
        wanted = asked.prefers_wait_s
        return self._settings.wait_s if wanted is None else min(wanted, self._settings.wait_s)

    async def run(self, asked: Asked, outgoing: Outgoing, build: Build, location: str) -> Response:
        """One event: 200 with the new state, a problem, or 202 with `location`."""

        async def answer() -> StoredAnswer:
            found = await self.answer_to(asked, [outgoing], self.wait_s(asked))
            return await self._respond(asked, found.get(outgoing.id), outgoing.id, build, location)

        async def settled() -> StoredAnswer | None:
            known = self._answers.known(outgoing.id)
            return None if known is None else await self._respond(asked, known, outgoing.id, build, location)

        return await self.once(asked, answer, settled)

    async def once(
        self,
        asked: Asked,
        answer: Callable[[], Awaitable[StoredAnswer]],
        settled: Callable[[], Awaitable[StoredAnswer | None]] | None = None,
    ) -> Response:
        """Answer under the key, or repeat its answer; `settled` looks whether a 202 has become more."""
        before = await self._stored.claim(asked.event_id, asked.fingerprint)
        if before is not None:
            self._metrics.answers.labels("replayed").inc()
            newer = await settled() if before.status == 202 and settled is not None else None
            return _response(newer or before, replayed=True)
        given = await answer()
        self._metrics.answers.labels(str(given.status)).inc()
        await self._stored.keep(asked.event_id, asked.fingerprint, given)
        return _response(given)

    async def answer_to(self, asked: Asked, outgoing: Sequence[Outgoing], wait_s: float) -> dict[str, Answer]:
        """Publish what was not answered before, and wait; event id -> answer for those that came in time."""
        found: dict[str, Answer] = {}
        with self._answers.expect_all([one.id for one in outgoing]) as futures:
            unknown = [one for one in outgoing if not futures[one.id].done()]
            if unknown:
                await self._publisher.confirm(unknown, self._clock.stamp, asked.traceparent)
            waiting = [future for future in futures.values() if not future.done()]
            if waiting and wait_s > 0:
                await asyncio.wait(waiting, timeout=wait_s)
            for event_id, future in futures.items():
                if future.done() and not future.cancelled():
                    found[event_id] = future.result()
        return found

    async def _respond(
        self, asked: Asked, answer: Answer | None, event_id: str, build: Build, location: str
    ) -> StoredAnswer:
        if answer is None:
            return accepted(Accepted(event_id=event_id, location=location), location)
        problem = rejection_of(answer.letter) if answer.letter is not None else refusal_of(answer.decisions)
        if problem is not None:
            body = problem.body(asked.path).model_dump_json(exclude_none=True).encode()
            return StoredAnswer(problem.status, MEDIA_TYPE, body)
        view = await build(answer.decisions)
        if view is None:
            return accepted(Accepted(event_id=event_id, location=location), location)
        first = answer.decisions[0].model_dump(mode="json", exclude_none=True)
        return StoredAnswer(200, "application/json", orjson.dumps({**view, "decision": first}))


def accepted(body: Accepted, location: str = "") -> StoredAnswer:
    """202: the broker has it; its outcome is read at `location`."""
    return StoredAnswer(202, "application/json", body.model_dump_json(exclude_none=True).encode(), location)


def _response(answer: StoredAnswer, *, replayed: bool = False) -> Response:
    headers = {"Location": answer.location} if answer.location else {}
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    return Response(answer.body, answer.status, headers, media_type=answer.media_type)
