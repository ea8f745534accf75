"""What can go wrong when a scenario is fed to a gateway.

FeedError
├── GatewayRefused    the gateway understood a request and said no: status and problem (RFC 9457)
├── GatewayLost       it could not be reached, or was too busy, for longer than the feed is patient
└── FeedMistake       the person who started the feed has to change something; one clear sentence
"""

from __future__ import annotations


class FeedError(Exception):
    """Base of everything that ends a feed early."""


class GatewayRefused(FeedError):
    """A 4xx answer that no retry would change."""

    def __init__(self, what: str, status: int, detail: str) -> None:
        super().__init__(f"{what}: the gateway answered {status}: {detail}")
        self.status = status
        self.detail = detail


class GatewayLost(FeedError):
    """No usable answer within the feed's patience."""


class FeedMistake(FeedError):
    """A wrong address, token, clock mode or scenario."""


def cause(error: BaseException) -> BaseException:
    """The first error inside groups of errors, as task groups raise them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
