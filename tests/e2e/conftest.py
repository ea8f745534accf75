"""Browsers for the end-to-end tests: how Chromium is started stands here alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
FAKE_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

OpenContext = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """The system's Chromium without a window."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(CHROMIUM_FLAGS))
        yield started
        started.close()


@pytest.fixture
def open_context(browser: Browser) -> Iterator[OpenContext]:
    """Opens contexts (a person each, with storage of their own); a page's error fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def opened(**options: object) -> BrowserContext:
        context = browser.new_context(**{"viewport": DESK, "locale": "en-GB", **options})  # type: ignore[arg-type]
        context.set_default_timeout(20_000)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        contexts.append(context)
        return context

    yield opened
    for context in contexts:
        try:
            context.close()
        except Error as error:  # a context that a failed test has left in the middle of something
            errors.append(str(error))
    assert errors == []
