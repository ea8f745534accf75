"""The lead's page in a real browser, in scenario time: from a warning until everybody is home again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from schemas.plans import MovePlan, plan_hash
from tests.cap_message import cap_message
from tests.e2e.conftest import PHONE, OpenContext
from tests.e2e.country import NORTH, SOUTH, Country
from tests.e2e.stack import Installation, until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
SOON_MS = 30_000
PLAYED_MS = 400_000
"""On a busy machine the first futures take long."""


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Country]:
    """An installation whose time is the scenario's."""
    with Installation(
        tmp_path_factory.mktemp("lead"), env={"MUSTER_CLOCK": "feed", "MUSTER_FORK_WITHIN_S": "600"}
    ) as stack:
        yield Country(stack)


def open_desk(
    country: Country, open_context: OpenContext, who: str, *regions: str, **options: object
) -> Page:
    """The page of a lead of these regions, live."""
    page = open_context(**options).new_page()
    page.goto(f"{country.stack.url}/lead#token={country.stack.token('lead', who, list(regions))}")
    expect(page.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    return page


def picture(page: Page, name: str) -> None:
    """A picture for whoever wants to look at it (`MUSTER_SCREENSHOTS=DIR`)."""
    if folder := os.environ.get("MUSTER_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"lead-{name}.png", full_page=True)


def proposal_of(page: Page) -> Locator:
    """The card of what stands for the south."""
    return page.locator(f'.proposal[data-to="{SOUTH}"]')


def played(page: Page, least: int = 1) -> int:
    """So many futures of the card's own plan have been played."""
    status = proposal_of(page).locator("[data-futures]")
    until(lambda: int(status.get_attribute("data-futures") or 0) >= least, PLAYED_MS / 1000)
    return int(status.get_attribute("data-futures") or 0)


def test_a_lead_with_nothing_to_decide_is_told_so(country: Country, open_context: OpenContext) -> None:
    """Loads not yet told, nothing proposed, nobody on loan: each in words, on a phone and in Spanish too."""
    page = open_desk(country, open_context, "ines", SOUTH, viewport=PHONE, locale="es-ES")
    expect(page.locator(f'[data-region="{SOUTH}"]')).to_be_visible(timeout=SOON_MS)
    expect(page.locator(".proposals")).to_contain_text("No hay nada propuesto")
    expect(page.locator(".loans")).to_contain_text("No hay nadie prestado")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.locator("select[name=language]").select_option("en")
    expect(page.locator(".proposals")).to_contain_text("Nothing is proposed")


def test_a_disaster_is_declared_amended_and_lifted_by_keyboard(
    country: Country, open_context: OpenContext
) -> None:
    """Only in one's own region; until when, what it permits and why; lifting it is asked twice."""
    page = open_desk(country, open_context, "nuno", NORTH)
    card = page.locator(f'[data-region="{NORTH}"]')
    expect(page.locator(f'[data-region="{SOUTH}"] .disaster-control')).to_have_count(0)
    card.get_by_role("button", name="Declare a disaster…").press("Enter")
    form = card.get_by_role("form", name="Declare a disaster…")
    form.get_by_role("checkbox", name="off-shift engineers may be called").press("Space")
    form.get_by_role("textbox", name="Reason").fill("Ice on the lines")
    form.get_by_role("textbox", name="Reason").press("Enter")
    expect(page.locator(".alerts")).to_contain_text("Ice on the lines", timeout=SOON_MS)
    expect(page.locator(".alerts")).to_contain_text("off-shift engineers may be called")
    card.get_by_role("button", name="Amend the disaster…").click()
    form = card.get_by_role("form", name="Amend the disaster…")
    form.get_by_role("textbox", name="Reason").fill("Ice, and a landslip")
    form.get_by_role("button", name="Amend the disaster").click()
    expect(page.locator(".alerts")).to_contain_text("landslip", timeout=SOON_MS)
    card.get_by_role("button", name="Lift it…").click()
    asked = card.get_by_role("alertdialog")
    expect(asked.get_by_role("button", name="Back")).to_be_focused()
    asked.get_by_role("button", name="Yes, lift it").click()
    expect(page.locator(".alerts")).to_have_count(0, timeout=SOON_MS)


def test_the_lending_mode_becomes_automatic_only_when_asked_twice(
    country: Country, open_context: OpenContext
) -> None:
    """Proposed until a lead says otherwise, and says it again."""
    page = open_desk(country, open_context, "nuno", NORTH)
    card = page.locator(f'[data-region="{NORTH}"]')
    expect(card).to_have_attribute("data-mode", "proposed", timeout=SOON_MS)
    for answer, after in (("Back", "proposed"), ("Yes, automatic", "automatic")):
        card.get_by_role("radio", name="Automatic").click()
        card.get_by_role("alertdialog").get_by_role("button", name=answer).click()
        expect(card.get_by_role("alertdialog")).to_have_count(0)
        expect(card).to_have_attribute("data-mode", after, timeout=SOON_MS)
    card.get_by_role("radio", name="Proposed").click()
    expect(card).to_have_attribute("data-mode", "proposed", timeout=SOON_MS)


def test_from_a_warning_until_everybody_is_home(country: Country, open_context: OpenContext) -> None:
    """Warned, proposed, forked, amended, committed by both, travelling, extended, recalled, returned."""
    rui = open_desk(country, open_context, "rui", SOUTH)
    ana = open_desk(country, open_context, "ana", NORTH)
    a_storm_is_proposed_for(country, rui)
    both_futures_are_drawn(rui)
    what_was_amended_is_not_committed_unseen(rui, ana)
    both_leads_commit(rui, ana)
    everybody_goes_and_comes_home(country, ana)


def a_storm_is_proposed_for(country: Country, page: Page) -> None:
    """The warning, the load and the proposal with its reasons come to the page by themselves."""
    country.stack.warn(SOUTH, cap_message(country.now))
    expect(page.locator(".alerts")).to_contain_text("Storm", timeout=SOON_MS)
    country.surge()
    country.until_true(lambda desk: desk["proposals"])
    card = proposal_of(page)
    expect(card).to_be_visible(timeout=SOON_MS)
    expect(card.locator(".reasons")).to_contain_text(f"{SOUTH} lacks hands for")
    expect(card.locator(".reasons")).to_contain_text(f"{NORTH} can spare")
    expect(card.locator(f'[data-party="{NORTH}"]')).to_have_attribute("data-consent", "missing")
    assert card.locator("[data-engineer]").count() >= 2
    expect(page.locator(f'[data-region="{SOUTH}"]').first).to_have_attribute("data-strain", "overloaded")


def both_futures_are_drawn(page: Page) -> None:
    """For who receives and who lends, every figure as a range, and the plan committed is the plan played."""
    card = proposal_of(page)
    played(page, 2)
    picture(page, "futures")
    for region, role in ((SOUTH, "receiver"), (NORTH, "donor")):
        future = card.locator(f'.future[data-region="{region}"]')
        expect(future).to_have_attribute("data-role", role)
        expect(future.locator("[data-figure] .spread-range")).to_have_count(12)
    first = card.locator(f'.future[data-region="{SOUTH}"] [data-figure="waited_min"]')
    expect(first).to_have_attribute("data-verdict", re.compile("better|open"))
    expect(card).to_have_attribute("data-commit", "ready")
    expect(card.locator("[data-engineer]").first).to_contain_text("there at")


def hear_nothing(route: Route) -> None:
    """The page's reads get lost on the way."""
    route.abort()


def what_was_amended_is_not_committed_unseen(receiver: Page, donor: Page) -> None:
    """The donor's lead takes one out; who has not heard commits the old plan, and is shown what changed."""
    receiver.route("**/v1/lending", hear_nothing)
    card = proposal_of(donor)
    card.get_by_role("button", name="Amend…").click(timeout=SOON_MS)
    form = card.get_by_role("form", name="A plan in the making")
    out = form.get_by_role("checkbox").first
    name = (out.get_attribute("name") or "").removeprefix("keep-")
    out.uncheck()
    form.get_by_role("textbox", name="Reason").fill("She is needed here")
    form.get_by_role("button", name="Propose this plan").click()
    expect(card).to_have_attribute("data-version", "2", timeout=SOON_MS)
    seen = proposal_of(receiver)
    expect(seen).to_have_attribute("data-version", "1")
    seen.get_by_role("button", name="Commit this plan").click()
    seen.get_by_role("button", name="Yes, commit").click()
    notice = seen.locator(".changes")
    expect(notice).to_contain_text("Not committed: the plan was changed meanwhile", timeout=SOON_MS)
    expect(notice).to_contain_text(name)
    receiver.unroute("**/v1/lending")
    expect(notice).to_contain_text(f"{name} of {NORTH} is taken out", timeout=SOON_MS)
    expect(seen).to_have_attribute("data-commit", "outdated")
    picture(receiver, "outdated")
    notice.get_by_role("button", name="Look at the plan as it stands").click()
    expect(seen).to_have_attribute("data-version", "2")


def both_leads_commit(receiver: Page, donor: Page) -> None:
    """Each for their own region; whose word is missing is said; the second word carries it out."""
    for page in (receiver, donor):
        played(page)
        card = proposal_of(page)
        expect(card).to_have_attribute("data-commit", "ready", timeout=PLAYED_MS)
        card.get_by_role("button", name="Commit this plan").click()
        asked = card.get_by_role("alertdialog")
        expect(asked.get_by_role("button", name="Back")).to_be_focused()
        asked.get_by_role("textbox", name="Reason").fill("As agreed by telephone")
        asked.get_by_role("button", name="Yes, commit").click()
        if page is receiver:
            expect(card).to_have_attribute("data-commit", "consented", timeout=SOON_MS)
            expect(card.locator(".consents")).to_contain_text(f"Waits for {NORTH}")
    for page in (receiver, donor):
        expect(page.locator(".loan-row[data-loan]").first).to_be_visible(timeout=SOON_MS)
    expect(donor.locator(".desk-said")).to_contain_text("Agreed")


def everybody_goes_and_comes_home(country: Country, page: Page) -> None:
    """Seen travelling and working; one is extended, all are recalled; home again."""
    rows = page.locator(".loan-row[data-loan]")
    count = rows.count()
    expect(page.locator('.loan-row[data-stage="travelling"]')).to_have_count(count, timeout=SOON_MS)
    picture(page, "travelling")
    country.until_true(lambda desk: {loan["stage"] for loan in desk["loans"]} == {"working"})
    expect(page.locator('.loan-row[data-stage="working"]')).to_have_count(count, timeout=SOON_MS)
    names = [str(row.get_attribute("data-engineer")) for row in rows.all()]
    row = page.locator(f'.loan-row[data-engineer="{names[0]}"]')  # who stays longer moves down
    before = row.locator(".loan-words").inner_text()
    row.get_by_role("button", name="Extend…").click()
    row.get_by_role("button", name="Extend", exact=True).click()
    expect(row).to_contain_text("The loan runs on.", timeout=SOON_MS)
    expect(row.locator(".loan-words")).not_to_contain_text(before.split("\n")[0], timeout=SOON_MS)
    for name in names:
        lent = page.locator(f'.loan-row[data-engineer="{name}"]')
        lent.get_by_role("button", name="Recall…").click()
        lent.get_by_role("textbox", name="Reason").fill("The worst is over")
        lent.get_by_role("button", name="Recall", exact=True).click()
        expect(lent).to_have_attribute("data-stage", re.compile("recalled|released"), timeout=SOON_MS)
    picture(page, "recalled")
    country.until_true(lambda desk: {loan["stage"] for loan in desk["loans"]} == {"returned"})
    expect(page.locator('.loan-row[data-stage="returned"]')).to_have_count(count, timeout=SOON_MS)
    picture(page, "returned")


def test_a_lead_asks_with_a_plan_of_their_own_and_the_other_refuses(
    country: Country, open_context: OpenContext
) -> None:
    """Muster names whom; its hash is the fork's; the refusal needs a reason, and both are told of it."""
    rui = open_desk(country, open_context, "rui", SOUTH)
    ana = open_desk(country, open_context, "ana", NORTH)
    if country.desk(SOUTH)["proposals"]:  # the storm goes on: the coordinator has proposed anew
        refuse(proposal_of(rui), "One plan at a time")
        expect(proposal_of(rui)).to_have_count(0, timeout=SOON_MS)
    rui.get_by_role("button", name="A plan of my own…").click()
    form = rui.get_by_role("form", name="A plan in the making")
    form.get_by_role("spinbutton", name="How many").fill("1")
    form.get_by_role("button", name="Let Muster choose whom").click()
    expect(form.get_by_role("checkbox")).to_have_count(1, timeout=PLAYED_MS)
    form.get_by_role("textbox", name="Reason").fill("One more for the night")
    form.get_by_role("button", name="Propose this plan").click()
    card = proposal_of(ana)
    expect(card.locator(".reasons")).to_contain_text("One more for the night", timeout=SOON_MS)
    stands = country.desk(NORTH)["proposals"][0]
    assert stands["plan_hash"] == plan_hash(MovePlan.model_validate(stands["plan"]))
    expect(card).to_have_attribute("data-hash", stands["plan_hash"])
    refuse(card, "Nobody to spare tonight")
    expect(card).to_have_count(0, timeout=SOON_MS)
    expect(ana.locator(".desk-said")).to_contain_text("Refused")


def refuse(card: Locator, reason: str) -> None:
    """Say no, which can not be done without a reason."""
    card.get_by_role("button", name="Refuse…").click(timeout=SOON_MS)
    form = card.get_by_role("form", name="Refuse…")
    expect(form.get_by_role("button", name="Refuse it")).to_be_disabled()
    form.get_by_role("textbox", name="Reason").fill(reason)
    form.get_by_role("button", name="Refuse it").click()


def test_the_page_says_when_the_gateway_is_away_and_goes_on(
    country: Country, open_context: OpenContext
) -> None:
    """What is shown is called old, and stays; then it is live again by itself."""
    page = open_desk(country, open_context, "ana", NORTH)
    country.stack.stop_gateway()
    expect(page.locator(".link-notice")).to_contain_text("Connection lost", timeout=SOON_MS)
    expect(page.locator(f'[data-region="{NORTH}"]')).to_be_visible()
    country.stack.start_gateway()
    expect(page.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    expect(page.locator(".link-notice")).to_have_count(0)
