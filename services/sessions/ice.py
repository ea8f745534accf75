"""ICE servers with credentials that expire: coturn's REST scheme.

Source: draft-uberti-behave-turn-rest-00 section 2.2: the username is EXPIRY:SUBJECT, the password the base64
of HMAC-SHA1 of the username under the secret that coturn shares (`static-auth-secret`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from pydantic import Field, SecretStr

from schemas.assist_node import IceServer
from services.settings import CommonSettings


class AssistSettings(CommonSettings):
    """What gateways and relay nodes share about remote assist; addresses are separated by spaces."""

    stun_urls: str = ""
    turn_urls: str = ""
    turn_secret: SecretStr = SecretStr("")
    """The secret shared with coturn; without it no TURN server is told of."""
    turn_ttl_s: int = Field(default=4 * 3600, ge=60, le=24 * 3600)

    def ice_servers(self, subject: str, unix_s: float) -> list[IceServer]:
        """The servers for one client, with its credentials from now on."""
        servers = [IceServer(urls=self.stun_urls.split())] if self.stun_urls.split() else []
        secret = self.turn_secret.get_secret_value()
        if self.turn_urls.split() and secret:
            username = f"{int(unix_s) + self.turn_ttl_s}:{subject}"
            digest = hmac.digest(secret.encode(), username.encode(), hashlib.sha1)
            credential = base64.b64encode(digest).decode()
            servers.append(IceServer(urls=self.turn_urls.split(), username=username, credential=credential))
        return servers
