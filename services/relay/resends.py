"""Answers to a viewer's requests for packets: once a round trip each, twice where its link loses much."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from services.relay.nack import ECHO_S, LOSSY

KEPT = 256
NOT_BEFORE_S = 0.02
PER_S = 600


class Resends:
    """`send` sends one packet again, by its outgoing number, and says whether it is still there."""

    def __init__(self, send: Callable[[int, float], bool]) -> None:
        self.count = 0
        self._send = send
        self._answered: dict[int, float] = {}
        self._second_from = (0.0, 0)
        self._echoes: deque[tuple[float, int]] = deque()

    def asked(self, numbers: list[int], rtt_s: float, loss: float, now: float) -> bool:
        """Answer; whether `tick` has to be called. `loss` (0..1) is what the viewer lately reported."""
        wait = max(NOT_BEFORE_S, rtt_s * 0.8)
        if now - self._second_from[0] > 1.0:
            self._second_from = (now, self.count)
        for number in numbers:
            if self._spent():
                break
            if now - self._answered.get(number, float("-inf")) < wait or not self._send(number, now):
                continue
            self._answered[number] = now
            self.count += 1
            if loss >= LOSSY:
                self._echoes.append((now + ECHO_S, number))
        while len(self._answered) > KEPT:
            self._answered.pop(next(iter(self._answered)))
        return bool(self._echoes)

    def _spent(self) -> bool:
        """Whether this second's answers are given: more would help nobody, the viewer needs less picture."""
        return self.count - self._second_from[1] >= PER_S

    def tick(self, now: float) -> bool:
        """Send the second copies that are due; whether to be called again."""
        while self._echoes and self._echoes[0][0] <= now:
            _, number = self._echoes.popleft()
            if not self._spent() and self._send(number, now):
                self.count += 1
        return bool(self._echoes)
