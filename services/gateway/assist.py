"""Remote-assist sessions as the gateway has them: opened, joined, led, ended; published beside."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from schemas.assist_api import ExportPass, Glance, Joined
from schemas.assist_log import Entry, PartyRole
from schemas.cloudevents import Envelope
from services.assist.chain import Signer
from services.assist.drafts import Draft, NotAllowed
from services.assist.session import Session
from services.gateway.clock import EntryClock
from services.gateway.problems import ProblemError
from services.gateway.publisher import Outgoing, Publisher
from services.gateway.read_models import RedisLink
from services.gateway.settings import GatewaySettings
from services.sessions.admission import Admitted, admission
from services.sessions.desk import SessionDesk
from services.sessions.join_codes import JoinCodes
from services.sessions.nodes import NodeRegistry
from services.sessions.outbox import drain
from services.sessions.placement import NoNode, answers, place
from services.sessions.store import SessionStore, StoreRefused, UnknownSession
from services.sessions.tokens import PartyTokens

log = structlog.get_logger(__name__)

ASKED_AT_ONCE = 20
_FORBIDDEN = frozenset({"not_allowed"})


def problem_of(refused: NotAllowed | StoreRefused | NoNode) -> ProblemError:
    """The problem that a refusal is."""
    if isinstance(refused, NotAllowed):
        kind = "forbidden" if refused.reason in _FORBIDDEN else "conflict"
        return ProblemError(kind, refused.detail, reason=refused.reason)
    if isinstance(refused, UnknownSession):
        return ProblemError("not-found", str(refused))
    if isinstance(refused, NoNode):
        return ProblemError("no-node", str(refused), {"Retry-After": "1"})
    return ProblemError("conflict", str(refused))


class Assist:
    """Sessions in Redis for the gateway's routes. RedisAway where Redis does not answer."""

    def __init__(
        self, settings: GatewaySettings, clock: EntryClock, link: RedisLink, publisher: Publisher
    ) -> None:
        secret, prefix = settings.secret.get_secret_value(), settings.topic_prefix
        self.store = SessionStore(link.ask, prefix)
        self.codes = JoinCodes(link.ask, prefix)
        self.tokens = PartyTokens(secret)
        self._registry = NodeRegistry(link.ask, prefix)
        self._desk = SessionDesk(self.store, Signer(secret))
        self._settings, self._clock, self._publisher = settings, clock, publisher
        self._draining: set[asyncio.Task[None]] = set()

    async def open(self, session: Session, drafts: list[Draft]) -> None:
        """Begin a session's log; the same command again changes nothing."""
        await self._desk.open(session, lambda _: drafts, self._clock.stamp, datetime.now(UTC))
        self._drain_soon(session.session_id)

    async def change(
        self, session_id: str, decide: Callable[[Session], list[Draft]]
    ) -> tuple[Session, list[Entry]]:
        """Decide upon the session as it stands and add to its log; a problem where that is refused."""
        try:
            session, entries = await self._desk.change(session_id, decide, self._clock.stamp)
        except (NotAllowed, StoreRefused) as refused:
            raise problem_of(refused) from refused
        self._drain_soon(session_id)
        return session, entries

    async def load(self, session_id: str) -> Session:
        """The session as its log makes it; a 404 problem where there is none."""
        try:
            return await self.store.load(session_id)
        except UnknownSession as unknown:
            raise problem_of(unknown) from unknown

    async def views(self, limit: int) -> list[bytes]:
        """The newest sessions' views as JSON; a few are asked for at once."""
        names = await self.store.open_sessions(limit)
        found: list[bytes | None] = []
        for at in range(0, len(names), ASKED_AT_ONCE):
            found += await asyncio.gather(*(self.store.view(name) for name in names[at : at + ASKED_AT_ONCE]))
        return [view for view in found if view is not None]

    async def admit(
        self, session_id: str, subject: str, role: PartyRole, lost_node: str | None, host: str
    ) -> Joined:
        """A token for the node where the session lives now; a 503 problem where there is none."""
        try:
            node = await place(self.store, self._registry, session_id, lost_node, answers)
        except (NoNode, UnknownSession) as nowhere:
            raise problem_of(nowhere) from nowhere
        return admission(self.tokens, self._settings, node, Admitted(session_id, subject, role), host)

    async def export(self, session: Session, subject: str, host: str) -> ExportPass:
        """Where the evidence is asked for, and with what."""
        token, expires_at = self.tokens.evidence(session.session_id, subject)
        nodes = await self._registry.alive()
        log.info("evidence_asked", session_id=session.session_id, subject=subject)
        return ExportPass(
            session_id=session.session_id,
            region=session.region,
            token=token,
            expires_at=expires_at,
            nodes=sorted(node.url.replace("{host}", host) for node in nodes.values()),
        )

    async def glances(self, views: Sequence[dict[str, Any]], subject: str, host: str) -> list[Glance]:
        """Where the small pictures of these sessions are; those that live on no node are left out."""
        nodes = await self._registry.alive()
        found = []
        for view in views:
            try:
                placed = await self.store.placement(view["session_id"])
            except UnknownSession:  # it ended, and was forgotten, since it was listed
                continue
            node = nodes.get(placed.node or "")
            if node is not None:
                token, expires_at = self.tokens.glance(view["session_id"], subject)
                url = f"{node.url.replace('{host}', host)}/v1/sessions/{view['session_id']}/glance"
                found.append(
                    Glance(session_id=view["session_id"], url=url, token=token, expires_at=expires_at)
                )
        return found

    def _drain_soon(self, session_id: str) -> None:
        task = asyncio.create_task(self._drain(session_id))
        self._draining.add(task)
        task.add_done_callback(self._draining.discard)

    async def _drain(self, session_id: str) -> None:
        """Publish now what can be; a relay node's sweep publishes the rest."""
        try:
            await drain(self.store, session_id, self._publish)
        except (ProblemError, UnknownSession) as later:
            log.warning("session_not_published_yet", session_id=session_id, error=str(later))

    async def _publish(self, events: Sequence[tuple[str, Envelope]]) -> None:
        for topic, event in events:
            one = Outgoing(
                topic,
                event.partitionkey,
                event.id,
                event.event,
                event.correlationid,
                source=event.source,
            )
            await self._publisher.confirm([one], event.time)

    async def close(self) -> None:
        """Let what is being published end, for a moment at most."""
        if self._draining:
            await asyncio.wait(set(self._draining), timeout=1.0)
