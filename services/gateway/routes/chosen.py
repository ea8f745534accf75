"""Which regions a request is about: those it names, within those of who asks."""

from __future__ import annotations

from services.gateway.access import require_region
from services.gateway.parts import Gateway
from services.gateway.tokens import Identity

OWN_ONLY = frozenset({"technician", "customer"})
"""These see what is theirs wherever it is: a technician may be lent, a customer has sites in many regions."""


def named_regions(caller: Identity, named: list[str] | None) -> frozenset[str]:
    """The regions to filter by; empty: no filter. A 403 problem where one is none of the caller's."""
    for region in named or ():
        require_region(caller, region)
    if named:
        return frozenset(named)
    if caller.everywhere or caller.role in OWN_ONLY:
        return frozenset()
    return caller.own_regions


async def chosen_regions(gateway: Gateway, caller: Identity, named: list[str] | None) -> set[str]:
    """The regions with a read model that the request is about."""
    chosen = named_regions(caller, named)
    if chosen or not caller.everywhere:
        return set(chosen)
    return set(await gateway.models.logs())
