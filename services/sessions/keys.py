"""The keys of remote assist in Redis. A session's keys share a hash tag, and so do the nodes'."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one session."""

    prefix: str
    session_id: str

    def _key(self, name: str) -> str:
        return f"muster:{self.prefix}{{assist/{self.session_id}}}:{name}"

    @property
    def meta(self) -> str:
        """Hash: seq, published, node, epoch, offset_ms, view (SessionView as JSON)."""
        return self._key("meta")

    @property
    def log(self) -> str:
        """Stream: the entries, with ids SEQ-0 and one field `e`."""
        return self._key("log")

    def still(self, still_id: str) -> str:
        """Hash: octets, media_type."""
        return self._key(f"still/{still_id}")


def sessions_key(prefix: str) -> str:
    """Sorted set: session ids by the time they were opened; gone once ended and published."""
    return f"muster:{prefix}assist-sessions"


def code_key(prefix: str, code: str) -> str:
    """Hash: session_id, admits, uses; by the SHA-256 of the code, so that a dump holds no code."""
    return f"muster:{prefix}assist-code:{hashlib.sha256(code.encode()).hexdigest()}"


def spent_key(prefix: str, token_id: str) -> str:
    """String: this signalling token was used."""
    return f"muster:{prefix}assist-spent:{token_id}"


def leases_key(prefix: str) -> str:
    """Sorted set: nodes by the end of their lease, in milliseconds of Redis's clock."""
    return f"muster:{prefix}{{relay}}:leases"


def nodes_key(prefix: str) -> str:
    """Hash: node -> RelayNode as JSON."""
    return f"muster:{prefix}{{relay}}:nodes"


def node_channel(prefix: str, node: str) -> str:
    """Channel: ids of this node's sessions to whose log somebody else has added."""
    return f"muster:{prefix}relay:{node}"
