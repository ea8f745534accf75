"""What a room told, noted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.assist.ladder import Level


@dataclass
class Heard:
    """Every call of a room's events, in order."""

    connects: list[str] = field(default_factory=list)
    publishes: list[tuple[str, str]] = field(default_factory=list)
    channels: list[Any] = field(default_factory=list)
    losses: list[tuple[str, str]] = field(default_factory=list)
    levels: list[tuple[str, str, Level, str]] = field(default_factory=list)
    misfits: list[tuple[str, str, str]] = field(default_factory=list)

    def connected(self, peer_id: str) -> None:
        """Note it."""
        self.connects.append(peer_id)

    def published(self, peer_id: str, kind: str) -> None:
        """Note it."""
        self.publishes.append((peer_id, kind))

    def channel_opened(self, peer_id: str, channel: Any) -> None:
        """Note it."""
        self.channels.append((peer_id, channel))

    def lost(self, peer_id: str, reason: str) -> None:
        """Note it."""
        self.losses.append((peer_id, reason))

    def level_changed(self, peer_id: str, direction: str, level: Level, reason: str) -> None:
        """Note it."""
        self.levels.append((peer_id, direction, level, reason))

    def not_shown(self, peer_id: str, publisher: str, reason: str) -> None:
        """Note it."""
        self.misfits.append((peer_id, publisher, reason))
