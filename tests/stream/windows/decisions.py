"""Decisions as a dispatcher writes them, for the tests of the windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.cloudevents import Envelope, encode
from schemas.decisions import Decision, decision_id

TEN = datetime(2016, 1, 5, 10, tzinfo=UTC)
"""A winter long gone: the log's time is not the wall's."""


def made(offset: int, kind: str = "queued", *, n: int = 0, after_s: float = 0.0, **more: Any) -> Decision:
    """The n-th decision about the event at `offset`, `after_s` seconds after ten o'clock."""
    named = {"log": "L1", "region": "R1", "tier": "gold", **more}
    return Decision.model_validate(
        {
            "id": decision_id(named["log"], named["region"], offset, n),
            "decided_at": TEN + timedelta(seconds=after_s),
            "offset": offset,
            "n": n,
            "kind": kind,
            "caused_by": f"c-{offset}",
            **named,
        }
    )


def written(decision: Decision) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers as they lie on `assignments`."""
    return encode(
        Envelope(
            id=decision.id,
            source="muster/dispatch",
            event=decision,
            time=decision.decided_at,
            partitionkey=decision.region,
        )
    )
