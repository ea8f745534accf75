"""A WHIP or WHEP resource: a party's media without an assist client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["whip", "whep"]


@dataclass(frozen=True, slots=True)
class Resource:
    """Whose it is, which token made it, its entity tag, and the client's ICE user name."""

    party: str
    token_id: str
    kind: Kind
    etag: str
    ufrag: str
