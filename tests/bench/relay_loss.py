"""How the relay's picture bears a bad link: loss that stays, freezes, and the time to heal.

A technician and an expert sit beyond a link that drops and delays by a seed (tests/media/bad_link.py); the
expert's client asks again, shows and counts frames as a browser does.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
from itertools import pairwise
from pathlib import Path

from deploy.local import EmbeddedRedis
from services.relay.endpoint import Endpoint
from services.relay.room import Room
from tests.bench._report import CouldNotMeasure, Report, Steps, percentile, run
from tests.media.bad_link import Terms, bad_link, inside, missing
from tests.media.chromium import chromium_in, join, pictures_shown, watched
from tests.media.far_session import Worked, far_help
from tests.media.heard import Heard
from tests.media.remote import remote

LOSSY = Terms(loss=0.10, delay_s=0.05)
STARVED = Terms(loss=0.10, delay_s=0.05, rate_bps=64_000)
NARROW = Terms(delay_s=0.015, rate_bps=300_000)
WARM_S, HEAL_S = 1.5, 2.0
HELP_ROUNDS = 5


async def _lossy(seed: int, seconds: float) -> tuple[float, float]:
    async with remote(LOSSY, seed=seed, bps=1_000_000, key_frame_bytes=20_000) as here:
        await asyncio.sleep(seconds)
        return here.screen.lost(), here.screen.longest_freeze_s()


async def _browsers(seed: int, seconds: float, program: Path) -> tuple[float, float]:
    """Chromium films and Chromium watches: the longest freeze on the screen, and pictures a second."""
    async with bad_link(LOSSY, LOSSY, seed) as (relay_side, far_side, _):
        with inside(relay_side.namespace):
            endpoint = Endpoint([relay_side.address])
        endpoint.start()
        room = Room("session", endpoint, Heard())
        async with chromium_in(far_side.namespace, program) as browser:
            await join(browser, room, "technician", publishes=True, views=False, codec="video/VP8")
            expert = await join(browser, room, "expert", publishes=False, views=True, codec="video/VP8")
            await watched(expert)
            await asyncio.sleep(seconds)
            shown = await pictures_shown(expert)
            await room.close()
        endpoint.close()
        return max(later - before for before, later in pairwise(shown)), len(shown) / seconds


async def _healed(seed: int) -> float:
    async with remote(NARROW, seed=seed, bps=220_000, key_frame_bytes=5_000) as here:
        await asyncio.sleep(WARM_S)
        here.swallow_next(3)
        begun = len(here.screen.shown) - 1
        await asyncio.sleep(HEAL_S)
        return max(later - before for before, later in pairwise(here.screen.shown[begun:]))


async def _helped(seed: int, rounds: int) -> Worked:
    async with EmbeddedRedis() as redis:
        return await far_help(redis.address, f"loss{seed}-", STARVED, seed, rounds)


def measured(arguments: argparse.Namespace, steps: Steps) -> Report:
    """Every seed on both links; the worst counts."""
    if missing():
        raise CouldNotMeasure(missing())
    program = shutil.which("chromium")
    if program is None:
        raise CouldNotMeasure("chromium is not installed")
    report = Report("relay-loss")
    lossy, healed, seen, helped = [], [], [], []
    with steps.stage("10 % loss, 100 ms", arguments.seeds) as advance:
        for seed in range(arguments.seeds):
            lossy.append(asyncio.run(_lossy(100 + seed, arguments.seconds)))
            advance(1)
    with steps.stage("lost for good at 300 kbit/s", arguments.seeds) as advance:
        for seed in range(arguments.seeds):
            healed.append(asyncio.run(_healed(200 + seed)))
            advance(1)
    with steps.stage("10 % loss, 100 ms, Chromium", arguments.browser_seeds) as advance:
        for seed in range(arguments.browser_seeds):
            seen.append(asyncio.run(_browsers(300 + seed, arguments.seconds, Path(program))))
            advance(1)
    with steps.stage("64 kbit/s, 10 % loss, a session", arguments.browser_seeds) as advance:
        for seed in range(arguments.browser_seeds):
            helped.append(asyncio.run(_helped(400 + seed, HELP_ROUNDS)))
            advance(1)
    report.add(
        "10 % loss both ways, 100 ms: stays lost", max(loss for loss, _ in lossy) * 100, "%", bound=1.0
    )
    report.add(
        "10 % loss both ways, 100 ms: longest freeze", max(freeze for _, freeze in lossy), "s", bound=1.0
    )
    report.add(
        "the same, Chromium at both ends: longest freeze", max(freeze for freeze, _ in seen), "s", bound=1.0
    )
    report.add("pictures shown there, of 20 filmed", min(rate for _, rate in seen), "/s")
    report.add("300 kbit/s: a packet lost for good heals", max(healed), "s", bound=0.5)
    for what in ("marks_s", "texts_s", "stills_s"):
        taken = [second for worked in helped for second in getattr(worked, what)]
        name = f"64 kbit/s and 10 % loss: {what.removesuffix('_s')} from end to end"
        report.add(f"{name}, median", percentile(taken, 50), "s")
        report.add(f"{name}, worst", max(taken), "s")
    report.notes = {"seeds": arguments.seeds, "each": f"{arguments.seconds:g} s"}
    return report


def main(argv: list[str]) -> int:
    """`muster bench relay-loss`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many links of each kind")
    parser.add_argument("--browser-seeds", type=int, default=3, help="how many lossy links for Chromium")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each lossy one lasts")
    return run("relay-loss", parser, measured, argv)
