"""Where a party goes: the same answer from a gateway and from any node."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.assist_api import Joined
from schemas.assist_log import PartyRole
from services.sessions.ice import AssistSettings
from services.sessions.nodes import RelayNode
from services.sessions.tokens import PartyTokens


@dataclass(frozen=True, slots=True)
class Admitted:
    """A party that may come to a session."""

    session_id: str
    subject: str
    role: PartyRole


def admission(
    tokens: PartyTokens, settings: AssistSettings, node: RelayNode, party: Admitted, host: str
) -> Joined:
    """A token and the node's addresses; `host` is the name under which the client reached us."""
    token, expires_at = tokens.token(party.session_id, party.subject, party.role)
    url = node.url.replace("{host}", host)
    path = f"{url}/v1/sessions/{party.session_id}"
    return Joined(
        session_id=party.session_id,
        party=party.subject,
        role=party.role,
        token=token,
        expires_at=expires_at,
        node=node.name,
        node_url=url,
        signal_url=f"ws{path.removeprefix('http')}/signal",
        whip_url=f"{path}/whip",
        whep_url=f"{path}/whep",
        ice_servers=settings.ice_servers(party.subject, datetime.now(UTC).timestamp()),
    )
