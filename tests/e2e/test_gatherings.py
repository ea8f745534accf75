"""The board in Chromium: a swarm that is led, sites that wait for their root, a drill under its banner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.conftest import PHONE, OpenContext
from tests.e2e.stack import Installation, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
SOON_MS = 30_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Installation]:
    """One installation; each test has a region of its own in it."""
    with Installation(tmp_path_factory.mktemp("stack")) as installation:
        yield installation


def opened(
    stack: Installation, context: BrowserContext, region: str, page: str = "", who: str = "lead"
) -> Page:
    """A page of somebody who sees one region, live."""
    role = "technician" if page else "lead"
    found = context.new_page()
    found.goto(f"{stack.url}/{page}#token={stack.token(role, who, [region])}")  # type: ignore[arg-type]
    expect(found.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    return found


def test_a_swarm_and_a_cause_have_a_line_each(
    stack: Installation, open_context: OpenContext, tmp_path: Path
) -> None:
    """A dispatcher ties sites to a root and raises a swarm on it; each has a line above the list."""
    region = stack.region("R-many", ["MIA", "NOE", "OVE"])
    for engineer in ("MIA", "NOE", "OVE"):
        stack.shift(engineer, 1)
    for name, tier in (("ROOT", "platinum"), ("S1", "gold"), ("S2", "silver")):
        stack.report(region, name, tier=tier, cause_id="DUCT-7")
    stack.report(region, "S3", tier="silver")
    page = opened(stack, open_context(), region)
    page.locator('[data-incident="ROOT"]').click()
    page.get_by_role("button", name="One cause, many sites").click()
    expect(page.get_by_label("Name of the cause")).to_have_value("DUCT-7")
    page.get_by_label("S3").check()
    page.get_by_label("Reason").fill("one duct is cut")
    page.screenshot(path=tmp_path / "cause.png")
    page.get_by_role("button", name="Let them wait").click()
    line = page.locator('[data-cause="DUCT-7"]')
    expect(line).to_contain_text("3 sites wait for it", timeout=SOON_MS)
    expect(line).to_contain_text("2 Silver")
    expect(page.locator('[data-incident="S1"]')).to_have_count(0)
    line.get_by_role("button", name="Show the sites").click()
    expect(page.locator('[data-incident="S1"]')).to_be_visible()
    line.get_by_role("button", name="Show all incidents").click()
    page.get_by_role("button", name="Swarm", exact=True).click()
    page.get_by_label("How many, everybody counted").fill("3")
    page.get_by_label("Reason").fill("the exchange burns")
    page.locator(".control-form").get_by_role("button", name="Swarm", exact=True).click()
    swarm = page.locator('[data-swarm="ROOT"]')
    expect(swarm).to_contain_text("3 of 3 joined", timeout=SOON_MS)
    expect(swarm).to_contain_text("leads", timeout=SOON_MS)
    page.screenshot(path=tmp_path / "swarm.png")
    page.get_by_role("button", name="One cause, many sites").click()
    page.get_by_label("Reason").fill("two ducts after all")
    page.get_by_role("button", name="End the cause").click()
    expect(line).to_have_count(0, timeout=SOON_MS)
    expect(page.locator('[data-incident="S3"]')).to_be_visible(timeout=SOON_MS)


def test_a_drill_is_shown_apart_under_a_banner_that_says_so(
    stack: Installation, open_context: OpenContext, tmp_path: Path
) -> None:
    """The real region's board stays real; the drill's says that nothing of it is, and so does its phone."""
    region = stack.region("R-drill", ["PIA", "QIN"])
    stack.shift("PIA", 1)
    stack.shift("QIN", 1)
    page = opened(stack, open_context(), region)

    def begun() -> bool:
        return stack.send("POST", f"/regions/{region}/exercise", {}).get("engineers") == 2

    until(begun, 60)
    stack.report(f"{region}.exercise", "exercise.FLOOD", tier="platinum")
    button = page.get_by_role("button", name=f"A drill is running: {region}.exercise")
    expect(button).to_be_visible(timeout=SOON_MS)
    expect(page.locator("[data-incident]")).to_have_count(0)
    expect(page.locator("[data-exercise]")).to_have_count(0)
    page.screenshot(path=tmp_path / "beside.png")
    button.click()
    banner = page.locator(f'[data-exercise="{region}.exercise"]')
    expect(banner).to_contain_text("EXERCISE")
    expect(banner).to_contain_text("Nothing here is real")
    expect(page.locator('[data-incident="exercise.FLOOD"]')).to_be_visible(timeout=SOON_MS)
    page.screenshot(path=tmp_path / "drill.png")
    who = stack.read("/incidents/exercise.FLOOD")["engineer_id"]
    phone = opened(stack, open_context(viewport=PHONE), f"{region}.exercise", "job", who)
    expect(phone.locator("[data-exercise]")).to_contain_text("Nothing here is real", timeout=SOON_MS)
    phone.screenshot(path=tmp_path / "phone.png")
