"""Why was it decided so? An incident's decisions derived again from the log, each with its full receipt."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from schemas.cloudevents import UnreadableRecord, decode
from schemas.decisions import Decision
from schemas.receipts import DecisionReceipt, ExplainedDecision, Explanation
from schemas.topics import REGION_PARTITIONS, partition_of
from services.dispatch.derivation import Derivation, why_now
from services.dispatch.fold import Logged, PartitionFold
from streams.dated import dated_snapshots
from streams.log_file import LogFile, logged_of, published_decisions
from streams.reading import first_offset, read_to_end
from streams.settings import WorkerSettings
from streams.snapshots import Snapshot, last_snapshots

Told = TypeVar("Told", Decision, DecisionReceipt)

MOST_EVENTS = 3_000_000
"""Events folded for one explanation before it is given up."""


class CannotExplain(LookupError):
    """There is no explanation, and the message says why.

    CannotExplain
    ├─ UnknownIncident   no decision names it
    └─ TooMuchToFold     what lies between a kept state and its decisions is too much, or gone
    """


class UnknownIncident(CannotExplain):
    """No decision names it."""


class TooMuchToFold(CannotExplain):
    """What lies between a kept state and its decisions is too much, or gone."""


async def explain(settings: WorkerSettings, incident_id: str, region: str | None = None) -> Explanation:
    """Every decision about an incident, each with its full receipt; without `region` it is looked for.

    Raises CannotExplain, KafkaError, TimeoutError.
    """
    published = await _about(settings, "assignments", incident_id, region, Decision)
    if not published:
        raise UnknownIncident(f"no decision about incident {incident_id} is known here")
    last = published[-1]
    published = [one for one in published if (one.log, one.region) == (last.log, last.region)]
    past = _Past(settings, partition_of(last.region), last.log)
    derived = await past.derive(incident_id, sorted({one.offset for one in published}))
    explained = as_published(published, derived)
    if not all(one.derived for one in explained):
        stored = await _about(settings, "decision-receipts", incident_id, last.region, DecisionReceipt)
        explained = as_published(published, derived, stored)
    now = why_now(await past.present(), incident_id) if last.incident_state == "waiting" else None
    return Explanation(
        incident_id=incident_id, region=last.region, log=last.log, decisions=explained, now=now
    )


def explain_file(log: LogFile, incident_id: str) -> Explanation:
    """The same from an exported log. Raises UnknownIncident."""
    published = [one for one in published_decisions(log) if one.incident_id == incident_id]
    if not published:
        raise UnknownIncident(f"no decision about incident {incident_id} stands in this file")
    fold = PartitionFold() if log.base is None else PartitionFold.restore(log.base)
    derivation = Derivation(fold, incident_id, {one.offset for one in published})
    for line in log.events:
        logged = logged_of(line)
        if logged is not None:
            derivation.take(logged)
    last = published[-1]
    return Explanation(
        incident_id=incident_id,
        region=log.region,
        log=last.log,
        decisions=as_published(published, derivation.explained),
        now=why_now(fold, incident_id) if last.incident_state == "waiting" else None,
    )


def as_published(
    published: Iterable[Decision],
    derived: Iterable[ExplainedDecision],
    stored: Iterable[DecisionReceipt] = (),
) -> list[ExplainedDecision]:
    """The decisions as published; where folding again decides otherwise, with their stored receipt."""
    again = {one.decision.id: one for one in derived}
    kept = {receipt.id: receipt for receipt in stored}
    found = []
    for decision in published:
        one = again.get(decision.id)
        if one is None or one.decision != decision:
            event_type = "" if one is None else one.event_type
            receipt = kept.get(decision.id)
            one = ExplainedDecision(decision=decision, event_type=event_type, receipt=receipt, derived=False)
        found.append(one)
    return found


@dataclass
class _Past:
    """One partition's log, folded again from the nearest kept state before what is asked about."""

    settings: WorkerSettings
    partition: int
    log: str
    folded: int = 0

    async def derive(self, incident_id: str, offsets: list[int]) -> list[ExplainedDecision]:
        found: list[ExplainedDecision] = []
        fold: PartitionFold | None = None
        async with dated_snapshots(self.settings, self.partition) as dated:
            for offset in offsets:
                base = await dated.before(offset, self.log)
                if fold is None or (base is not None and base.next_offset > fold.next_offset):
                    fold = await self._begin(base)
                derivation = Derivation(fold, incident_id, [offset])
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
        async with aclosing(_events(self.settings, self.partition, start)) as events:
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
        await self._fold(Derivation(fold, "", []), None)
        return fold


async def _events(settings: WorkerSettings, partition: int, start: int) -> AsyncGenerator[Logged]:
    """The partition's readable events from an offset on; the fold steps over the others too."""
    async with aclosing(read_to_end(settings, "region-events", [partition], start)) as records:
        async for record in records:
            try:
                envelope = decode(record.value, record.headers)
                region = (record.key or b"").decode()
            except (UnreadableRecord, UnicodeDecodeError):
                continue
            yield Logged(record.offset, region, envelope.source, envelope.id, envelope.event)  # type: ignore[arg-type]


async def _about(
    settings: WorkerSettings, topic: str, incident_id: str, region: str | None, model: type[Told]
) -> list[Told]:
    """What a topic tells about an incident, each id once, in the log's order."""
    partitions = range(REGION_PARTITIONS) if region is None else [partition_of(region)]
    needle = incident_id.encode()
    found: dict[str, Told] = {}
    async for record in read_to_end(settings, topic, partitions):
        if needle not in (record.value or b""):
            continue
        told = model.model_validate_json(record.value)
        if told.incident_id == incident_id:
            found[told.id] = told
    return list(found.values())
