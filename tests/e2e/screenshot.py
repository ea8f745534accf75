"""`python tests/e2e/screenshot.py URL OUT`: a picture of a page in headless Chromium, once it is live."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from tests.media.chromium import CHROMIUM_FLAGS

LARGEST_BYTES = 400_000


def wait_until_worth_seeing(page: Page, settle_s: float) -> None:
    """The stream is live and, on a board, something has been decided; then let the dots move a little."""
    page.wait_for_selector('[data-link="live"]', timeout=60_000)
    if page.locator(".board").count():
        page.wait_for_selector(".line-sentence", timeout=120_000)
    page.wait_for_timeout(settle_s * 1000)


def main() -> int:
    """Open, wait, optionally open an incident, write the PNG; 1 where the page never became live."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="with its #token=...")
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--scheme", choices=("dark", "light"), default="dark")
    parser.add_argument("--settle", type=float, default=8.0, help="seconds to wait once it is live")
    parser.add_argument("--incident", action="store_true", help="open the first incident that somebody is on")
    asked = parser.parse_args()
    width, height = (int(part) for part in asked.size.split("x"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(CHROMIUM_FLAGS)
        )
        page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme=asked.scheme, locale="en-GB"
        )
        try:
            page.goto(asked.url)
            wait_until_worth_seeing(page, asked.settle)
            if asked.incident:
                page.locator(".tab").nth(3).click()  # under way
                page.locator(".incident").first.click()
                page.locator(".tab").first.click()
                page.wait_for_timeout(1500)
        except Error as error:
            print(f"screenshot: {error}", file=sys.stderr)
            return 1
        page.screenshot(path=asked.out)
        browser.close()
    size = asked.out.stat().st_size
    print(f"{asked.out}: {size / 1000:.0f} kB{'' if size < LARGEST_BYTES else ', larger than 400 kB'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
