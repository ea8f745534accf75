"""The recorder of a session that lives here, or the word that there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import structlog

from schemas.assist_log import Entry
from services.assist.drafts import NotAllowed
from services.assist.recorded import can_not_record
from services.relay.node.live import LiveSession, NotStored
from services.relay.node.settings import RelaySettings
from services.relay.recording.keeper import Keeper
from services.relay.recording.recorder import Recorder, Terms
from services.relay.room import Room
from services.sessions.store import StoreRefused

log = structlog.get_logger(__name__)


def recorder_of(
    live: LiveSession, room: Room, keeper: Keeper | None, settings: RelaySettings
) -> Recorder | None:
    """The recorder of a session; None where this node has no folder for recordings."""
    if keeper is None:
        return None
    terms = Terms(settings.relay_record_segment_s, settings.relay_record_session_mb * 1024**2)
    recorder = Recorder(live, room, keeper.disk, terms)
    recorder.left_over = partial(keeper.take, live.session_id)
    recorder.complete = partial(keeper.keep_beside, live.session_id)
    return recorder


def follower(
    live: LiveSession, recorder: Recorder | None, mark: Callable[[str], None]
) -> Callable[[Sequence[Entry]], None]:
    """Who hears of what is logged: the outbox, and the recorder or who says that there is none."""

    def follow(entries: Sequence[Entry]) -> None:
        mark(live.session_id)
        if recorder is not None:
            recorder.follow(entries)
        elif any(entry.kind == "consent_given" for entry in entries):
            live.start(tell_not_here(live))

    return follow


async def tell_not_here(live: LiveSession) -> None:
    """Consent stands, or a recording ran elsewhere, and this node has no folder for it."""
    try:
        await live.commit(lambda session: can_not_record(session, "not_here"))
    except (NotAllowed, NotStored, StoreRefused) as error:
        log.warning("not_recorded_and_not_told", session_id=live.session_id, error=str(error))
