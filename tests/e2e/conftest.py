"""Browsers for the end-to-end tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser as AsyncBrowser
from playwright.async_api import async_playwright
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from tests.media.chromium import CHROMIUM_FLAGS, FAKE_CAMERA

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
async def camera_browser(chromium: Path) -> AsyncIterator[AsyncBrowser]:
    """Chromium with a fake camera."""
    async with async_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, *FAKE_CAMERA]
        started = await playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        await started.close()


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
