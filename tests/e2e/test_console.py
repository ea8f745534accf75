"""The board and the job page in a real browser, against a real gateway, worker and embedded engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from schemas.api import Role
from services.dispatch.demand import RECENT_KEPT
from tests.cap_message import cap_message, reference
from tests.e2e.conftest import DESK, PHONE, OpenContext
from tests.e2e.stack import Installation, later, until

# Starting six processes takes long on a busy machine; each test alone takes seconds.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
SOON_MS = 20_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Installation]:
    """One installation for all tests here; each test has a region of its own in it."""
    with Installation(tmp_path_factory.mktemp("stack")) as installation:
        expect_reports(installation)
        yield installation


POSTED_IN = "R-post"
POSTED_WITHIN_MS = 150_000
"""Idle engineers are looked at every two minutes of the log's time."""


def expect_reports(stack: Installation) -> None:
    """A region whose reports come from far off, and IDA idle: while the other tests run she is sent there."""
    stack.region(POSTED_IN, ["IDA"])
    for number in range(RECENT_KEPT):
        stack.report(POSTED_IN, f"SEEN-{number}", site="far")
        stack.send("POST", f"/incidents/SEEN-{number}/cancel", {"reason": "seen"})
    stack.shift("IDA", 1)


def open_board(stack: Installation, context: BrowserContext, region: str, role: Role = "dispatcher") -> Page:
    """The board of a dispatcher, or another, who sees one region, live."""
    page = context.new_page()
    page.goto(f"{stack.url}/#token={stack.token(role, f'{role[0]}-{region}', [region])}")
    expect(page.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    return page


def open_job(stack: Installation, context: BrowserContext, region: str, engineer: str) -> Page:
    """The job page of a technician, live."""
    page = context.new_page()
    page.goto(f"{stack.url}/job#token={stack.token('technician', engineer, [region])}")
    expect(page.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    return page


def do(page: Page, what: str) -> None:
    """Tap the button for a status or shift change."""
    page.locator(f'[data-do="{what}"]').click(timeout=SOON_MS)


def expect_job(page: Page, incident: str, state: str) -> None:
    """The job card shows the incident in a state."""
    card = page.locator(f'[data-incident="{incident}"]')
    expect(card).to_have_attribute("data-state", state, timeout=SOON_MS)


def row(board: Page, incident: str) -> str:
    """The text of an incident's row on the board."""
    return board.locator(f'button[data-incident="{incident}"]').inner_text(timeout=SOON_MS)


def expect_row(board: Page, incident: str, text: str) -> None:
    """The incident's row comes to show a text."""
    expect(board.locator(f'button[data-incident="{incident}"]')).to_contain_text(text, timeout=SOON_MS)


def test_without_a_token_the_page_says_how_to_get_one(stack: Installation, open_context: OpenContext) -> None:
    """A visitor is told what a token is; a wrong one is refused in words, and stays out of the address."""
    page = open_context(viewport=PHONE).new_page()
    page.goto(f"{stack.url}/#token=nonsense")
    expect(page.get_by_role("alert")).to_contain_text("not accepted")
    assert page.url == f"{stack.url}/"
    expect(page.locator("pre")).to_contain_text("muster token --role dispatcher")
    page.get_by_label("Token", exact=True).fill(stack.token("dispatcher", "d-in", ["*"]))
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("h2", has_text="Incidents")).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("document.cookie") == ""


def test_the_board_shows_a_report_and_its_assignment(stack: Installation, open_context: OpenContext) -> None:
    """Within seconds: the incident, who is sent and why, what the phone confirmed, its timeline."""
    region = stack.region("R-board", ["ANA"])
    board = open_board(stack, open_context(), region)
    assert "token" not in board.url
    stack.report(region, "POLE-1")
    expect_row(board, "POLE-1", "Waiting")
    stack.shift("ANA", 1)
    expect_row(board, "POLE-1", "ANA")
    expect(board.locator(".stream")).to_contain_text("ANA sent to POLE-1", timeout=SOON_MS)
    epoch = stack.read("/incidents/POLE-1")["epoch"]
    for seq, (status, shown) in enumerate(
        [("acknowledged", "Sent"), ("accepted", "Accepted"), ("on_site", "On site")], 2
    ):
        stack.status("ANA", seq, "POLE-1", epoch, status)
        expect_row(board, "POLE-1", shown)
    board.reload()  # the drawer also opens on what the snapshot alone has told
    board.locator('button[data-incident="POLE-1"]').click()
    drawer = board.get_by_role("dialog")
    for told in ("Reported, waits", "Sent", "Arrived", "SITE-7", "ANA"):
        expect(drawer).to_contain_text(told, timeout=SOON_MS)
    board.keyboard.press("Escape")
    expect(drawer).to_have_count(0)


def test_a_warning_is_on_the_board_until_it_is_lifted(stack: Installation, open_context: OpenContext) -> None:
    """The banner says what, how bad, where and until when; it goes when the warning is lifted."""
    region, now = stack.region("R-warned"), datetime.now(UTC)
    board = open_board(stack, open_context(), region)
    stack.warn(region, cap_message(now))
    banner = board.locator(".alerts")
    for told in ("Storm", "Severe", "likely", region, "Greater Lisbon", "until", "Gusts of 120 km/h"):
        expect(banner).to_contain_text(told, timeout=SOON_MS)
    expect(board.locator(".stream")).to_contain_text("Warning: Storm")
    banner.get_by_role("button", name="Show on the map").press("Enter")
    board.reload()
    board.locator("select[name=language]").select_option("es")
    expect(banner).to_contain_text("Grave", timeout=SOON_MS)
    stack.warn(region, cap_message(now, "A-2", kind="Cancel", references=reference(now), infos=""))
    expect(banner).to_have_count(0, timeout=SOON_MS)


def test_a_receipt_is_two_clicks_away(stack: Installation, open_context: OpenContext) -> None:
    """Incident, then its assignment: who was sent, who could not be and why, what would have changed it."""
    region = stack.region("R-why", ["FAY", "GIL", "HAL"])
    stack.shift("GIL", 1)
    stack.shift("HAL", 1)
    board = open_board(stack, open_context(), region)
    stack.report(region, "WHY-1")
    expect_row(board, "WHY-1", "GIL")
    board.locator('button[data-incident="WHY-1"]').click()
    board.locator('button[data-why="assigned"]').click(timeout=SOON_MS)
    receipt = board.locator("[data-receipt]")
    expect(receipt).to_contain_text("Sent: GIL")
    for told in ("FAY", "off shift", "What would have changed it", "Policy default"):
        expect(receipt).to_contain_text(told)
    board.locator("select[name=language]").select_option("es")
    expect(receipt).to_contain_text("fuera de turno")


def test_a_technician_goes_from_accept_to_resolved(stack: Installation, open_context: OpenContext) -> None:
    """Every step is one tap on the phone, reaches the fold, and is seen on the board."""
    region = stack.region("R-job", ["BEA"])
    phone = open_job(stack, open_context(viewport=PHONE), region, "BEA")
    do(phone, "shift_started")
    stack.report(region, "LINE-1")
    expect_job(phone, "LINE-1", "assigned")
    expect(phone.locator(".job-facts")).to_contain_text("RACK-3")
    board = open_board(stack, open_context(), region)
    for action, after, shown in (
        ("accepted", "accepted", "Accepted"),
        ("en_route", "en_route", "En route"),
        ("on_site", "on_site", "On site"),
        ("restored", "restored", "Restored"),
    ):
        do(phone, action)
        expect_job(phone, "LINE-1", after)
        expect_row(board, "LINE-1", shown)
    do(phone, "resolved")
    expect(phone.locator(".no-job")).to_contain_text("LINE-1 is resolved", timeout=SOON_MS)
    expect(board.locator('button[data-incident="LINE-1"]')).to_have_count(0, timeout=SOON_MS)
    expect(phone.locator("[data-waiting]")).to_have_count(0)
    assert stack.read("/incidents/LINE-1")["state"] == "resolved"


def test_what_is_done_offline_is_kept_and_sent_in_order(
    stack: Installation, open_context: OpenContext
) -> None:
    """Without a network the page goes on, survives a reload, says what waits, and sends it later."""
    region = stack.region("R-off", ["CAI"])
    context = open_context(viewport=PHONE)
    phone = open_job(stack, context, region, "CAI")
    do(phone, "shift_started")
    stack.report(region, "DEEP-1")
    expect_job(phone, "DEEP-1", "assigned")
    until(lambda: stack.read("/incidents/DEEP-1")["acknowledged"])
    phone.wait_for_function("navigator.serviceWorker.controller !== null")
    context.set_offline(True)
    for action in ("accepted", "en_route", "on_site"):
        do(phone, action)
    expect(phone.locator("[data-waiting]")).to_have_attribute("data-waiting", "3")
    expect(phone.locator(".outbox")).to_contain_text("3 waiting to be sent")
    expect(phone.locator(".link-sign")).to_have_attribute("data-link", "lost", timeout=SOON_MS)
    phone.reload()
    expect_job(phone, "DEEP-1", "on_site")
    expect(phone.locator("[data-waiting]")).to_have_attribute("data-waiting", "3")
    assert stack.read("/incidents/DEEP-1")["state"] == "assigned"
    context.set_offline(False)
    expect(phone.locator("[data-waiting]")).to_have_count(0, timeout=SOON_MS)
    until(lambda: stack.read("/incidents/DEEP-1")["state"] == "on_site")
    kinds = [entry["kind"] for entry in stack.read("/incidents/DEEP-1/timeline")["entries"]]
    told = [kind for kind in kinds if kind in {"accepted", "en_route", "on_site"}]
    assert told == ["accepted", "en_route", "on_site"]
    expect_job(phone, "DEEP-1", "on_site")


def test_a_conflict_is_shown_until_it_was_seen(stack: Installation, open_context: OpenContext) -> None:
    """What an offline phone did for a job called off meanwhile is refused, and never silently dropped."""
    region = stack.region("R-con", ["DIA"])
    context = open_context(viewport=PHONE)
    phone = open_job(stack, context, region, "DIA")
    do(phone, "shift_started")
    stack.report(region, "GONE-1")
    expect_job(phone, "GONE-1", "assigned")
    until(lambda: stack.read("/incidents/GONE-1")["acknowledged"])
    context.set_offline(True)
    do(phone, "accepted")
    stack.send("POST", "/incidents/GONE-1/cancel", {"reason": "false alarm"})
    context.set_offline(False)
    conflict = phone.locator("[data-conflict]")
    expect(conflict).to_have_count(1, timeout=SOON_MS)
    expect(conflict).to_contain_text("GONE-1")
    phone.reload()
    expect(conflict).to_have_count(1, timeout=SOON_MS)
    conflict.get_by_role("button", name="Seen").click()
    expect(conflict).to_have_count(0)


def test_a_decline_brings_the_incident_back_to_the_queue(
    stack: Installation, open_context: OpenContext
) -> None:
    """The reason is asked for and shown; the incident waits again with its promise kept."""
    region = stack.region("R-dec", ["EVA"])
    phone = open_job(stack, open_context(viewport=PHONE), region, "EVA")
    do(phone, "shift_started")
    stack.report(region, "ROOF-1")
    expect_job(phone, "ROOF-1", "assigned")
    promised = stack.read("/incidents/ROOF-1")["promised_at"]
    board = open_board(stack, open_context(), region)
    do(phone, "declined")
    send = phone.get_by_role("button", name="Decline this job")
    expect(send).to_be_disabled()
    phone.get_by_text("I am not safe to go there").click()
    send.click()
    expect(board.locator(".stream")).to_contain_text("EVA declined ROOF-1", timeout=SOON_MS)
    expect(board.locator(".attention")).to_contain_text("1 declined", timeout=SOON_MS)
    assert stack.read("/incidents/ROOF-1")["promised_at"] == promised


def test_a_technician_turned_round_is_asked_to_confirm(
    stack: Installation, open_context: OpenContext
) -> None:
    """A diversion is not taken for known because the phone is on: a person says so."""
    region = stack.region("R-turn", ["GUS"])
    phone = open_job(stack, open_context(viewport=PHONE), region, "GUS")
    board = open_board(stack, open_context(), region)
    do(phone, "shift_started")
    stack.report(region, "SILV-1", site="far", tier="silver")
    expect_job(phone, "SILV-1", "assigned")
    do(phone, "accepted")
    do(phone, "en_route")
    expect_row(board, "SILV-1", "En route")
    stack.report(region, "PLAT-1", site="near", tier="platinum")
    sheet = phone.get_by_role("dialog")
    expect(sheet).to_contain_text("Leave SILV-1. Your new job is PLAT-1.", timeout=SOON_MS)
    expect(board.locator(".stream")).to_contain_text(
        "GUS turned round from SILV-1 to PLAT-1", timeout=SOON_MS
    )
    assert not stack.read("/incidents/PLAT-1")["acknowledged"]
    sheet.get_by_role("button").click()
    until(lambda: stack.read("/incidents/PLAT-1")["acknowledged"])
    expect_job(phone, "PLAT-1", "assigned")
    assert stack.read("/incidents/SILV-1")["state"] == "waiting"


def test_both_pages_survive_a_gateway_restart(stack: Installation, open_context: OpenContext) -> None:
    """They say since when they are cut off, come back by themselves, miss nothing and show nothing twice."""
    region = stack.region("R-cut", ["FIN"])
    board = open_board(stack, open_context(), region)
    phone = open_job(stack, open_context(viewport=PHONE), region, "FIN")
    do(phone, "shift_started")
    stack.report(region, "CUT-1")
    expect_job(phone, "CUT-1", "assigned")
    expect_row(board, "CUT-1", "FIN")
    for page in (board, phone):
        page.evaluate("window.sameDocument = true")
    stack.stop_gateway()
    expect(board.get_by_role("alert")).to_contain_text("Connection lost since", timeout=SOON_MS)
    do(phone, "accepted")
    expect(phone.locator("[data-waiting]")).to_have_attribute("data-waiting", "1")
    stack.start_gateway()
    for page in (board, phone):
        expect(page.locator(".link-sign")).to_have_attribute("data-link", "live", timeout=SOON_MS)
    expect(phone.locator("[data-waiting]")).to_have_count(0, timeout=SOON_MS)
    expect_row(board, "CUT-1", "Accepted")
    stack.report(region, "CUT-2")
    expect_row(board, "CUT-2", "Waiting")
    told = board.locator(".line-sentence", has_text="FIN sent to CUT-1")
    assert told.count() <= 1
    assert all(page.evaluate("window.sameDocument") for page in (board, phone))


def test_the_language_is_the_browsers_and_can_be_changed(
    stack: Installation, open_context: OpenContext
) -> None:
    """Every text changes at once, and the choice is kept over a reload."""
    region = stack.region("R-lang")
    board = open_board(stack, open_context(locale="es-ES"), region)
    expect(board.locator("#incidents-title")).to_have_text("Incidencias")
    assert board.evaluate("document.documentElement.lang") == "es"
    board.locator('select[name="language"]').select_option("en")
    expect(board.locator("#incidents-title")).to_have_text("Incidents")
    board.reload()
    expect(board.locator("#incidents-title")).to_have_text("Incidents", timeout=SOON_MS)


@pytest.mark.parametrize(
    "size", [DESK, {"width": 1920, "height": 1080}, PHONE], ids=["desk", "large", "phone"]
)
def test_the_board_fits_the_screen_and_every_control_has_a_name(
    stack: Installation, open_context: OpenContext, size: dict[str, int]
) -> None:
    """Nothing runs out of the side; buttons, links and fields are named; the keyboard reaches the content."""
    board = open_board(stack, open_context(viewport=size), stack.region("R-fit"))
    assert board.evaluate("document.documentElement.scrollWidth") <= size["width"]
    nameless = board.evaluate(
        """() => [...document.querySelectorAll("button, a, select, textarea, [role=img]")].filter((element) =>
             !element.innerText?.trim() && !element.getAttribute("aria-label") && !element.labels?.length
           ).map((element) => element.outerHTML.slice(0, 120))"""
    )
    assert nameless == []
    board.keyboard.press("Tab")
    assert re.search("skip", str(board.evaluate("document.activeElement.className")))


def test_a_dispatcher_confirms_assigns_and_locks_on_the_board(
    stack: Installation, open_context: OpenContext
) -> None:
    """A suggestion is confirmed, somebody else is sent with a reason, and a refusal names the rule."""
    region = stack.region("R-control", ["CAI", "DIN"])
    for engineer in ("CAI", "DIN"):
        stack.shift(engineer, 1)
    stack.as_role(
        "lead", "PUT", f"/regions/{region}/modes", {"modes": {"gold": "suggest"}, "reason": "trial"}
    )
    board = open_board(stack, open_context(), region)
    stack.report(region, "POLE-9")
    board.locator('button[data-incident="POLE-9"]').click()
    drawer = board.get_by_role("dialog")
    expect(drawer).to_contain_text("Suggested: CAI", timeout=SOON_MS)
    assert stack.read("/engineers/CAI").get("incident_id") is None
    drawer.get_by_role("button", name="Confirm").click()
    expect_row(board, "POLE-9", "CAI")
    drawer.get_by_role("button", name="Assign to").click()
    drawer.get_by_label("Engineer").last.select_option("DIN")
    drawer.get_by_label("Reason").fill("knows the site")
    drawer.get_by_role("button", name="Send now").click()
    expect_row(board, "POLE-9", "DIN")
    expect(drawer).to_contain_text("Who goes · DIN", timeout=SOON_MS)
    expect(board.locator(".stream")).to_contain_text("by d-R-control", timeout=SOON_MS)
    stack.shift("CAI", 2, "break_started")
    drawer.get_by_role("button", name="Assign to").click()
    drawer.get_by_label("Engineer").last.select_option("CAI")
    drawer.get_by_label("Reason").fill("back again")
    drawer.get_by_role("button", name="Send now").click()
    expect(drawer.get_by_role("status")).to_contain_text("on a break", timeout=SOON_MS)
    drawer.get_by_role("button", name="Back").click()
    drawer.get_by_role("button", name="Unlock").click()
    expect(drawer).not_to_contain_text("Who goes · DIN", timeout=SOON_MS)


def test_a_lead_sets_the_modes_by_keyboard_and_automatic_is_asked_twice(
    stack: Installation, open_context: OpenContext
) -> None:
    """Each tier's mode is shown to all, changed by leads alone, and nothing becomes automatic by one key."""
    region = stack.region("R-modes")
    lead = open_board(stack, open_context(), region, "lead")
    other = open_board(stack, open_context(locale="es-ES"), region)
    opener = lead.locator(".modes-button")
    expect(opener).to_have_text("Modes: automatic")
    opener.focus()
    lead.keyboard.press("Enter")
    drawer = lead.get_by_role("dialog", name="How tiers are dispatched")
    gold = drawer.locator('[data-tier="gold"]')
    expect(gold).to_have_attribute("data-mode", "automatic")
    gold.get_by_role("radio", name="Automatic").focus()
    lead.keyboard.press("ArrowLeft")
    expect(gold).to_have_attribute("data-mode", "suggest", timeout=SOON_MS)
    assert stack.read(f"/regions/{region}")["modes"] == {"gold": "suggest"}
    other.get_by_role("button", name="1 nivel a mano").click(timeout=SOON_MS)
    told = other.get_by_role("dialog")
    expect(told.locator('[data-tier="gold"]')).to_contain_text("Propuesta")
    expect(told.get_by_role("radio")).to_have_count(0)
    for answer, after in (("Back", "suggest"), ("Yes, automatic", "automatic")):
        gold.get_by_role("radio", name="Suggest").focus()
        lead.keyboard.press("ArrowRight")
        asked = drawer.get_by_role("alertdialog")
        expect(asked.get_by_role("button", name="Back")).to_be_focused()
        asked.get_by_role("button", name=answer).click()
        expect(gold).to_have_attribute("data-mode", after, timeout=SOON_MS)
        expect(asked).to_have_count(0)
    assert stack.read(f"/regions/{region}")["modes"] == {}
    lead.keyboard.press("Escape")
    expect(drawer).to_have_count(0)
    expect(opener).to_be_focused()


def test_the_job_page_says_when_one_may_come_and_who_of_the_crew_is_there(
    stack: Installation, open_context: OpenContext
) -> None:
    """A crew of two behind a gate: the phone shows the access, and how many of how many have arrived."""
    region = stack.region("R-crew", ["JON", "KIM"])
    phone = open_job(stack, open_context(viewport=PHONE), region, "JON")
    for engineer in ("JON", "KIM"):
        stack.shift(engineer, 1)
    stack.report(region, "MAST-2", crew=2, window_to=later(180))
    expect_job(phone, "MAST-2", "assigned")
    facts = phone.locator(".job-facts")
    expect(facts).to_contain_text("Access", timeout=SOON_MS)
    expect(facts).to_contain_text("0 of 2 there")
    epoch = stack.read("/incidents/MAST-2")["epoch"]
    stack.status("KIM", 2, "MAST-2", epoch, "on_site")
    expect(facts).to_contain_text("1 of 2 there", timeout=SOON_MS)
    expect(facts).to_contain_text("KIM ✓")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_posting_says_why_in_one_click(stack: Installation, open_context: OpenContext) -> None:
    """What it saves, what the road costs and what would flip it; in both languages."""
    board = open_board(stack, open_context(), POSTED_IN)
    engineer = board.locator('[data-engineer="IDA"]')
    expect(engineer).to_contain_text("waits elsewhere", timeout=POSTED_WITHIN_MS)
    engineer.click()
    receipt = board.locator("[data-posting]")
    for told in (
        "Goes to wait: IDA",
        "weighted min",
        "reports an hour",
        "core/2",
        "What would have changed it",
    ):
        expect(receipt).to_contain_text(told)
    board.locator("select[name=language]").select_option("es")
    expect(receipt).to_contain_text("Qué lo habría cambiado")
