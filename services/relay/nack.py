"""Asking again for what did not arrive, with a timer and a limit, and for key frames without nagging."""

from __future__ import annotations

from dataclasses import dataclass

RETRY_MIN_S = 0.02
GIVE_UP_S = 0.13
TRIES_CLEAN, TRIES_LOSSY = 2, 5
LOSSY = 0.03
ECHO_S = 0.02
GIVE_UP_LATEST_S = 1.0
GAP_LIMIT = 512
FIRST_GUESS_RTT_S = 0.1
KEY_FRAME_EVERY_S = 0.3
KEY_FRAME_TIMEOUT_S = 4.0


@dataclass(slots=True)
class _Missing:
    since: float
    again_at: float
    first_asked_at: float = 0.0
    tries: int = 0
    echo: bool = False


class Gaps:
    """The packets of one source that are missing: asked for at once, again each round trip, then given up.

    Times are seconds of one monotonic clock. A packet is given up after GIVE_UP_S and TRIES_LOSSY attempts,
    TRIES_CLEAN where the link loses little, and at the latest after GIVE_UP_LATEST_S: from then on only a key
    frame heals the picture. Where much is lost each request is sent a second time ECHO_S later.
    """

    def __init__(self) -> None:
        self.rtt_s = FIRST_GUESS_RTT_S
        self.lossy, self.tries = True, TRIES_LOSSY
        self.opened_count = 0
        self._healed_at = -1
        self._lost: float | None = None
        self._missing: dict[int, _Missing] = {}

    def __len__(self) -> int:
        return len(self._missing)

    def opened(self, first: int, last: int, now: float) -> bool:
        """Packets `first` to `last` were jumped over. False where that is too many: ask for a key frame."""
        if last - first + 1 + len(self._missing) > GAP_LIMIT:
            self._missing.clear()
            return False
        self.opened_count += last - first + 1
        for sequence in range(first, last + 1):
            self._missing[sequence] = _Missing(now, now)
        return True

    def arrived(self, sequence: int, now: float) -> bool:
        """A late packet: whether it was missed. How long it took measures the round trip."""
        found = self._missing.pop(sequence, None)
        if found is None:
            return False
        trip = now - found.first_asked_at
        if found.tries == 1:
            self.round_trip(trip)
        elif found.tries > 1 and trip > self.rtt_s:
            # Whose answer it is cannot be told; but without these a guess too short would stay.
            self.rtt_s += (trip - self.rtt_s) * 0.1
        return True

    def key_frame_came(self, sequence: int) -> None:
        """A key frame begins here: giving up what is missing before it needs no other one."""
        self._healed_at = max(self._healed_at, sequence)

    def loss(self, fraction: float) -> None:
        """The share of packets (0..1) that was lost lately: a clean link that fails twice will not mend."""
        self._lost = fraction if self._lost is None else (self._lost + fraction) / 2
        self.lossy = self._lost >= LOSSY
        self.tries = TRIES_LOSSY if self.lossy else TRIES_CLEAN

    def round_trip(self, measured_s: float) -> None:
        """A measured round trip."""
        self.rtt_s += (measured_s - self.rtt_s) * 0.25

    def due(self, now: float) -> tuple[list[int], bool]:
        """What to ask for now, in order, and whether something that only a key frame heals was given up."""
        asked, lost = [], []
        for sequence, gap in self._missing.items():
            if gap.again_at > now:
                continue
            age = now - gap.since
            if age >= GIVE_UP_LATEST_S or (age >= GIVE_UP_S and gap.tries >= self.tries and not gap.echo):
                lost.append(sequence)
                continue
            self._ask(gap, now)
            asked.append(sequence)
        for sequence in lost:
            del self._missing[sequence]
        return sorted(asked), any(sequence > self._healed_at for sequence in lost)

    def _ask(self, gap: _Missing, now: float) -> None:
        wait = max(RETRY_MIN_S, 1.25 * self.rtt_s)
        if gap.echo:
            gap.echo, gap.again_at = False, now + wait - ECHO_S
        else:
            gap.first_asked_at = gap.first_asked_at if gap.tries else now
            gap.tries, gap.echo = gap.tries + 1, self.lossy
            gap.again_at = now + (ECHO_S if self.lossy else wait)
        if gap.tries >= self.tries and not gap.echo:
            # a clean link's first request has had one and a quarter round trips by now
            rest = self.rtt_s if self.lossy else self.rtt_s / 2
            gap.again_at = min(gap.again_at, max(gap.since + GIVE_UP_S, now + rest))


class KeyFrameRequests:
    """Many watchers' requests as few PLIs: one at once, then one each KEY_FRAME_EVERY_S until it comes.

    Where much is lost each is sent a second time ECHO_S later: publishers make one key frame of both.
    """

    def __init__(self) -> None:
        self.pending = self.lossy = False
        self._echo = False
        self._asked_at = 0.0
        self._sent_at = float("-inf")

    def ask(self, now: float) -> None:
        """Somebody needs a key frame."""
        if not self.pending:
            self.pending, self._asked_at = True, now

    def due(self, now: float) -> bool:
        """Whether to send a PLI now; a publisher that never answers is asked each second only."""
        patient, since = now - self._asked_at > KEY_FRAME_TIMEOUT_S, now - self._sent_at
        if not self.pending:
            return False
        if self._echo and since >= ECHO_S:
            self._echo = False
            return True
        if since < (1.0 if patient else KEY_FRAME_EVERY_S):
            return False
        self._sent_at, self._echo = now, self.lossy
        return True

    def came(self) -> None:
        """A key frame begins to arrive."""
        self.pending = False
