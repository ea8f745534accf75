"""Why was it decided so? An incident's decisions derived again from the log, each with its full receipt."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision
from schemas.postings import PostingReceipt
from schemas.receipts import DecisionReceipt, ExplainedDecision, Explanation, PostingExplanation
from schemas.topics import REGION_PARTITIONS, partition_of
from services.dispatch.derivation import Asked, Derivation, why_now
from services.dispatch.fold import PartitionFold
from streams.dated import dated_snapshots
from streams.log_file import LogFile, logged_of, published_decisions
from streams.reading import first_offset, read_to_end, region_events
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot, last_snapshots

Told = TypeVar("Told", Decision, DecisionReceipt, PostingReceipt)

POSTINGS_TOLD = 20
"""An engineer's last ones."""
MOST_EVENTS = 3_000_000
"""Events folded for one explanation before it is given up."""


class CannotExplain(LookupError):
    """There is no explanation, and the message says why.

    CannotExplain
    ├─ UnknownIncident   no decision names it
    ├─ NeverPosted       no posting of the engineer is known
    └─ TooMuchToFold     what lies between a kept state and its decisions is too much, or gone
    """


class UnknownIncident(CannotExplain):
    """No decision names it."""


class NeverPosted(CannotExplain):
    """No posting of the engineer is known."""


class TooMuchToFold(CannotExplain):
    """What lies between a kept state and its decisions is too much, or gone."""


async def explain(settings: WorkerSettings, incident_id: str, region: str | None = None) -> Explanation:
    """Every decision about an incident, each with its full receipt; without `region` it is looked for.

    Raises CannotExplain, KafkaError, TimeoutError.
    """
    asked = Asked(incident_id=incident_id)
    published = await _published(settings, asked, region)
    if not published:
        raise UnknownIncident(f"no decision about incident {incident_id} is known here")
    last = published[-1]
    past = _Past(settings, partition_of(last.region), last.log)
    explained = await _explained(past, asked, published)
    now = why_now(await past.present(), incident_id) if last.incident_state == "waiting" else None
    return Explanation(
        incident_id=incident_id, region=last.region, log=last.log, decisions=explained, now=now
    )


async def explain_postings(
    settings: WorkerSettings, engineer_id: str, region: str | None = None
) -> PostingExplanation:
    """An engineer's last postings, each with its full receipt. Raises as `explain` does."""
    asked = Asked(engineer_id=engineer_id)
    published = (await _published(settings, asked, region))[-POSTINGS_TOLD:]
    if not published:
        raise NeverPosted(f"no posting of {engineer_id} is known here")
    last = published[-1]
    past = _Past(settings, partition_of(last.region), last.log)
    explained = await _explained(past, asked, published)
    return PostingExplanation(engineer_id=engineer_id, region=last.region, log=last.log, postings=explained)


def explain_file(log: LogFile, incident_id: str) -> Explanation:
    """The same of an incident from an exported log. Raises UnknownIncident."""
    published, explained, fold = _explained_in_file(log, Asked(incident_id=incident_id))
    if not published:
        raise UnknownIncident(f"no decision about incident {incident_id} stands in this file")
    last = published[-1]
    return Explanation(
        incident_id=incident_id,
        region=log.region,
        log=last.log,
        decisions=explained,
        now=why_now(fold, incident_id) if last.incident_state == "waiting" else None,
    )


def explain_postings_in_file(log: LogFile, engineer_id: str) -> PostingExplanation:
    """The same of an engineer's postings from an exported log. Raises NeverPosted."""
    published, explained, _ = _explained_in_file(log, Asked(engineer_id=engineer_id))
    if not published:
        raise NeverPosted(f"no posting of {engineer_id} stands in this file")
    return PostingExplanation(
        engineer_id=engineer_id,
        region=log.region,
        log=published[-1].log,
        postings=explained[-POSTINGS_TOLD:],
    )


def _explained_in_file(
    log: LogFile, asked: Asked
) -> tuple[list[Decision], list[ExplainedDecision], PartitionFold]:
    published = [one for one in published_decisions(log) if asked.is_about(one)]
    fold = PartitionFold() if log.base is None else PartitionFold.restore(log.base)
    derivation = Derivation(fold, asked, {one.offset for one in published})
    for line in log.events:
        logged = logged_of(line)
        if logged is not None:
            derivation.take(logged)
    return published, as_published(published, derivation.explained), fold


async def _published(settings: WorkerSettings, asked: Asked, region: str | None) -> list[Decision]:
    """What was decided about it, of the last log and region that knew it."""
    needle = asked.engineer_id or asked.incident_id or ""
    found = await _about(settings, "assignments", needle, region, Decision)
    found = [one for one in found if asked.is_about(one)]
    return [one for one in found if (one.log, one.region) == (found[-1].log, found[-1].region)]


async def _explained(past: _Past, asked: Asked, published: list[Decision]) -> list[ExplainedDecision]:
    """The decisions with their receipts, derived; as stored where another version decided."""
    derived = await past.derive(asked, sorted({one.offset for one in published}))
    explained = as_published(published, derived)
    if all(one.derived for one in explained):
        return explained
    place, region = (past.settings, "decision-receipts"), published[-1].region
    if asked.engineer_id is not None:
        postings = await _about(*place, asked.engineer_id, region, PostingReceipt)
        return as_published(published, derived, postings=postings)
    stored = await _about(*place, asked.incident_id or "", region, DecisionReceipt)
    return as_published(published, derived, stored)


def as_published(
    published: Iterable[Decision],
    derived: Iterable[ExplainedDecision],
    stored: Iterable[DecisionReceipt] = (),
    postings: Iterable[PostingReceipt] = (),
) -> list[ExplainedDecision]:
    """The decisions as published; where folding again decides otherwise, with their stored receipt."""
    again = {one.decision.id: one for one in derived}
    kept = {receipt.id: receipt for receipt in stored}
    kept_postings = {receipt.id: receipt for receipt in postings}
    found = []
    for decision in published:
        one = again.get(decision.id)
        if one is None or one.decision != decision:
            event_type = "" if one is None else one.event_type
            one = ExplainedDecision(
                decision=decision,
                event_type=event_type,
                receipt=kept.get(decision.id),
                posting=kept_postings.get(decision.id),
                derived=False,
            )
        found.append(one)
    return found


@dataclass
class _Past:
    """One partition's log, folded again from the nearest kept state before what is asked about."""

    settings: WorkerSettings
    partition: int
    log: str
    folded: int = 0

    async def derive(self, asked: Asked, offsets: list[int]) -> list[ExplainedDecision]:
        found: list[ExplainedDecision] = []
        fold: PartitionFold | None = None
        async with dated_snapshots(self.settings, self.partition) as dated:
            for offset in offsets:
                base = await dated.before(offset, self.log)
                if fold is None or (base is not None and base.next_offset > fold.next_offset):
                    fold = await self._begin(base)
                derivation = Derivation(fold, asked, [offset])
                await self._fold(derivation, offset)
                found += derivation.explained
        return found

    async def _begin(self, base: Snapshot | None) -> PartitionFold:
        if base is not None:
            return PartitionFold.restore(base.fold)
        if (first := await first_offset(self.settings, "region-events", self.partition)) > 0:
            raise TooMuchToFold(f"events before offset {first} are gone and no dated snapshot holds them")
        return PartitionFold()

    async def _fold(self, derivation: Derivation, through: int | None) -> None:
        """Fold on, up to and with one offset, or (None) to the log's end."""
        start = derivation.fold.next_offset
        if through is not None and start > through:
            return
        async with aclosing(region_events(self.settings, self.partition, start)) as events:
            async for logged in events:
                self.folded += 1
                if self.folded > MOST_EVENTS:
                    raise TooMuchToFold(f"more than {MOST_EVENTS:,} events would have to be folded")
                derivation.take(logged)
                if logged.offset == through:
                    return

    async def present(self) -> PartitionFold:
        """The fold at the log's present end."""
        last = (await last_snapshots(self.settings, [self.partition])).get(self.partition)
        fold = await self._begin(last if last is not None and last.log == self.log else None)
        await self._fold(Derivation(fold, Asked(), []), None)
        return fold


async def _about(
    settings: WorkerSettings, topic: str, name: str, region: str | None, model: type[Told]
) -> list[Told]:
    """What a topic's records of one kind in which a name stands tell, each id once, in the log's order."""
    partitions = range(REGION_PARTITIONS) if region is None else [partition_of(region)]
    needle = name.encode()
    found: dict[str, Told] = {}
    async for record in read_to_end(settings, topic, partitions):
        if needle not in (record.value or b""):
            continue
        try:
            told = decode(record.value, record.headers).event
        except UnreadableRecord:
            continue
        if isinstance(told, model):
            found[told.id] = told
    return list(found.values())
