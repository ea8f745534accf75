"""The read models' keys in Redis: the dispatch worker writes them, the gateway reads them.

A region's keys share one hash tag, so that data and position change in one transaction (also on a cluster).
They are per log: what an older broker left behind is never read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionKeys:
    """The keys of one region's read model under one log."""

    prefix: str
    log: str
    region: str

    def _key(self, name: str) -> str:
        return f"muster:{self.prefix}{{{self.log}/{self.region}}}:{name}"

    @property
    def position(self) -> str:
        """String: the offset in `region-events` up to which everything here is folded."""
        return self._key("position")

    @property
    def view(self) -> str:
        """String: RegionView as JSON."""
        return self._key("view")

    @property
    def desk(self) -> str:
        """String: RegionDesk as JSON."""
        return self._key("desk")

    @property
    def load(self) -> str:
        """String: RegionLoad as JSON, up to a minute old."""
        return self._key("load")

    @property
    def incidents(self) -> str:
        """Hash: incident id -> IncidentView as JSON."""
        return self._key("incidents")

    @property
    def engineers(self) -> str:
        """Hash: engineer id -> EngineerView as JSON."""
        return self._key("engineers")


def regions_key(prefix: str) -> str:
    """Hash: region -> its current log. The gateway starts here."""
    return f"muster:{prefix}regions"


def incident_key(prefix: str, incident_id: str) -> str:
    """String: the region that an incident belongs to (written beside, idempotent, expires)."""
    return f"muster:{prefix}incident:{incident_id}"


def incident_sessions_key(prefix: str, incident_id: str) -> str:
    """Hash: SESSION/SEQ -> TimelineEntry as JSON, of the incident's remote-assist sessions; expires."""
    return f"muster:{prefix}incident-sessions:{incident_id}"


def engineer_key(prefix: str, engineer_id: str) -> str:
    """String: the region that owns an engineer (written beside, idempotent)."""
    return f"muster:{prefix}engineer:{engineer_id}"


def receipts_key(prefix: str, log: str, region: str, incident_id: str) -> str:
    """Hash: `receipt_field` -> DecisionReceipt as JSON (written beside, idempotent, expires)."""
    return f"muster:{prefix}{{{log}/{region}}}:receipts:{incident_id}"


def postings_key(prefix: str, log: str, region: str, engineer_id: str) -> str:
    """Sorted set: an engineer's last PostingReceipts as JSON by offset (beside, idempotent, expires)."""
    return f"muster:{prefix}{{{log}/{region}}}:postings:{engineer_id}"


def receipt_field(offset: int, n: int) -> str:
    """The name of one receipt among its incident's."""
    return f"{offset}/{n}"


def answer_key(prefix: str, digest: str) -> str:
    """String: a stored answer by the digest of (subject, Idempotency-Key); expires after 24 h."""
    return f"muster:{prefix}answer:{digest}"
