"""Remote assist on its real pages: gateway, two relay nodes, coturn, and Chromium with a fake camera."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.assist_people import (
    CAMERA_FLAGS,
    MAY_FILM,
    NO_WAY,
    ONLY_H264,
    PHONE_WITH_CAMERA,
    RELAY_ONLY,
    SOON_MS,
    Crew,
    own_address,
)
from tests.e2e.assist_sites import sites
from tests.e2e.conftest import PHONE, OpenContext
from tests.e2e.stack import Installation, until
from tests.media.chromium import AWAKE, CHROMIUM_FLAGS
from tests.media.coturn import SECRET, coturn

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(300)]
Called = Callable[[str], Crew]


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    """Chromium with a fake camera; who may use it is each context's to say."""
    with sync_playwright() as playwright:
        flags = [*CHROMIUM_FLAGS, *CAMERA_FLAGS, *AWAKE]
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, chromium: Path) -> Iterator[Installation]:
    """One installation with two relay nodes and coturn for all tests here."""
    address, folder = own_address(), tmp_path_factory.mktemp("assist")
    turn = folder / "turn"
    turn.mkdir()
    with coturn(turn, address) as port:
        env = {
            "MUSTER_TURN_URLS": f"turn:{address}:{port}?transport=udp",
            "MUSTER_TURN_SECRET": SECRET,
            "MUSTER_RELAY_ADDRESSES": address,
        }
        with Installation(folder, relays=2, env=env) as installation:
            yield installation


@pytest.fixture
def crew(stack: Installation) -> Called:
    """A region of its own with an engineer on shift and an incident, both named after it."""

    def called(region: str) -> Crew:
        stack.region(region, [f"ana-{region}"])
        stack.shift(f"ana-{region}", 1)
        stack.report(region, f"INC-{region}")
        until(lambda: stack.read(f"/incidents/INC-{region}").get("engineer_id"))
        return Crew(stack, region)

    return called


def test_two_experts_help_a_technician(crew: Called, open_context: OpenContext) -> None:
    """From the job's card to the outcome: pictures, marks, freeze, steps, consent, hand-over, end."""
    here = crew("a1")
    ana = here.technician(open_context(**PHONE_WITH_CAMERA), "ana-a1")
    ana.has_media()
    expect(ana.page.locator("[data-code]")).to_be_visible()
    eva = here.expert(open_context(**MAY_FILM), "eva", "INC-a1")
    max_ = here.expert(open_context(**MAY_FILM), "max", "INC-a1")
    for expert in (eva, max_):
        expert.sees("video")
    seen = {person.name: person.statistics()["decoded"] for person in (eva, max_)}
    until(lambda: all(one.statistics()["decoded"] >= seen[one.name] + 20 for one in (eva, max_)))
    until(lambda: all(person.statistics()["heard"] > 20 for person in (ana, eva, max_)))
    assert eva.statistics()["codec"] == "video/VP8"

    eva.drag((0.3, 0.3), (0.5, 0.5))
    for person in (ana, eva, max_):
        person.sees_marks(1)
    ana.sees_marks(0)  # drawn on the live picture, it fades

    eva.page.locator(".stage-marks").focus()
    eva.page.keyboard.press("f")
    for person in (ana, eva, max_):
        person.sees("still")
    eva.page.keyboard.press("c")
    eva.drag((0.5, 0.5), (0.6, 0.5))
    eva.page.keyboard.press("n")
    for _ in range(2):
        eva.page.keyboard.press("ArrowRight")
        eva.page.keyboard.press("Enter")
    max_.page.keyboard.press("t")
    max_.drag((0.3, 0.2), (0.3, 0.2))
    max_.page.fill(".text-at input", "this card")
    max_.page.keyboard.press("Enter")
    for person in (ana, eva, max_):
        person.sees_marks(4)
    eva.page.keyboard.press("Control+z")
    ana.do("draw")
    ana.do("undo")
    ana.sees_marks(3)
    eva.do("clear")
    ana.sees_marks(0)

    eva.page.fill(".guide-write textarea", "Pull card 3\nPut the new one in")
    eva.page.click(".guide-write .primary")
    ana.do("tick")
    expect(max_.page.locator("[data-done]")).to_have_attribute("data-done", "1", timeout=SOON_MS)
    max_.page.fill(".talk-form input", "the second from the left")
    max_.page.keyboard.press("Enter")
    expect(ana.page.locator(".last-said")).to_contain_text("the second from the left", timeout=SOON_MS)

    eva.do("ask_consent")
    ana.do("give_consent")
    expect(max_.page.locator("[data-consent], [data-recording]").first).to_be_visible(timeout=SOON_MS)
    ana.do("freeze")
    eva.sees("video")
    eva.page.click('[data-pass="max"]')
    expect(max_.page.locator('[data-leads="max"]')).to_be_visible(timeout=SOON_MS)
    max_.do("end")
    max_.page.check('input[value="part_needed"]')
    max_.do("end_session")
    for person in (ana, eva, max_):
        expect(person.page.locator('[data-over="ended"]')).to_be_visible(timeout=SOON_MS)
    wanted = {"session_opened", "session_frozen", "session_step_ticked", "session_ended"}
    story = "/incidents/INC-a1/timeline"
    until(lambda: wanted <= {line["kind"] for line in here.stack.read(story)["entries"]})


def test_h264_goes_over_coturn_alone(crew: Called, open_context: OpenContext) -> None:
    """With H264 on offer alone, and nothing but relayed candidates, the expert sees and hears the same."""
    here = crew("a2")
    filming, watching = open_context(**PHONE_WITH_CAMERA), open_context(**MAY_FILM)
    for context in (filming, watching):
        context.add_init_script(RELAY_ONLY)
        context.add_init_script(ONLY_H264)
    ana = here.technician(filming, "ana-a2")
    eva = here.expert(watching, "eva", "INC-a2")
    eva.sees("video")
    until(lambda: eva.statistics()["decoded"] >= 20)
    assert eva.statistics()["codec"] == "video/H264"
    assert (ana.statistics()["candidate"], eva.statistics()["candidate"]) == ("relay", "relay")


def test_without_any_way_for_media_stills_marks_and_text_work(
    crew: Called, open_context: OpenContext
) -> None:
    """Where no UDP and no TURN gets through, small pictures come every two seconds, and marks both ways."""
    here = crew("a4")
    filming, watching = open_context(**PHONE_WITH_CAMERA), open_context(**MAY_FILM)
    for context in (filming, watching):
        context.add_init_script(NO_WAY)
    ana = here.technician(filming, "ana-a4")
    eva = here.expert(watching, "eva", "INC-a4")
    eva.sees("ladder")
    eva.drag((0.4, 0.4), (0.6, 0.6))
    ana.sees_marks(1)
    ana.do("talk")
    ana.page.fill(".talk-form input", "no sound here")
    ana.page.keyboard.press("Enter")
    expect(eva.page.locator(".talk-lines .said")).to_contain_text("no sound here", timeout=SOON_MS)


def test_a_guest_comes_in_with_the_code_and_comes_back(crew: Called, open_context: OpenContext) -> None:
    """The code that is read out lets an expert in without a token, and a reload keeps the place."""
    here = crew("a5")
    ana = here.technician(open_context(**PHONE_WITH_CAMERA), "ana-a5")
    code = ana.page.locator("[data-code]").get_attribute("data-code", timeout=SOON_MS)
    assert code is not None
    page = open_context(**MAY_FILM).new_page()
    page.goto(f"{here.stack.url}/assist")
    page.fill("#assist-code", "WRONG-99")
    page.click(".code-form .primary")
    expect(page.locator(".code-said")).not_to_be_empty()
    page.fill("#assist-code", code.lower())
    page.click(".code-form .primary")
    for _ in range(2):
        expect(page.locator(".stage")).to_have_attribute("data-shown", "video", timeout=SOON_MS)
        page.reload()
    expect(page.locator('[data-assist="expert"]')).to_be_visible()


def test_a_camera_that_is_not_given_is_explained(crew: Called, open_context: OpenContext) -> None:
    """Refused, or no secure context: the page says what to do, names --tls, and still offers a photo."""
    here = crew("a6")
    refused = here.technician(open_context(viewport=PHONE), "ana-a6").page
    expect(refused.locator('[data-trouble="refused"]')).to_be_visible(timeout=SOON_MS)
    plain = open_context(viewport=PHONE).new_page()
    address = here.stack.url.replace("127.0.0.1", "plain.test")
    plain.goto(f"{address}/job/INC-a6/assist#token={here.stack.token('technician', 'ana-a6', ['a6'])}")
    expect(plain.locator('[data-trouble="insecure"]')).to_contain_text("--tls", timeout=SOON_MS)
    expect(plain.locator('input[type="file"]')).to_be_attached()


def test_the_switchboard_shows_nine_sites_and_who_calls_first(
    crew: Called, open_context: OpenContext
) -> None:
    """Each site's picture changes while somebody looks; who calls comes first, one key from full video."""
    here = crew("a7")
    ana = here.technician(open_context(**PHONE_WITH_CAMERA), "ana-a7")
    with sites(here.stack, "a7", 8) as there:
        page = open_context(**MAY_FILM).new_page()
        page.goto(f"{here.stack.url}/switchboard#token={here.stack.token('expert', 'eva', ['a7'])}")
        expect(page.locator(".tile")).to_have_count(9, timeout=SOON_MS)
        expect(page.locator(".tile img")).to_have_count(9, timeout=SOON_MS)
        expect(ana.page.locator("[data-glanced]")).to_be_visible(timeout=SOON_MS)
        picture = page.locator(f'[data-session="{there[3].session_id}"] img')
        first = picture.get_attribute("src")
        until(lambda: picture.get_attribute("src") != first)
        ana.do("more")
        ana.do("ask_help")
        expect(page.locator(".tile").first).to_have_attribute("data-need", "called", timeout=SOON_MS)
        expect(page.locator(".tile").first).to_contain_text("INC-a7")
        page.keyboard.press("1")
        expect(page.locator(".stage")).to_have_attribute("data-shown", "video", timeout=SOON_MS)
        expect(ana.page.locator("[data-help]")).to_have_count(0, timeout=SOON_MS)


@pytest.mark.fault
def test_a_killed_node_takes_no_mark_with_it(crew: Called, open_context: OpenContext) -> None:
    """After kill -9 of its node a session goes on at the other one, with what was drawn meanwhile."""
    here = crew("a3")
    ana = here.technician(open_context(**PHONE_WITH_CAMERA), "ana-a3")
    eva = here.expert(open_context(**MAY_FILM), "eva", "INC-a3")
    eva.sees("video")
    eva.page.keyboard.press("f")
    for person in (ana, eva):
        person.sees("still")
    eva.page.keyboard.press("a")
    eva.drag((0.3, 0.3), (0.5, 0.5))
    ana.sees_marks(1)
    here.stack.kill_relay(here.stack.node_of(eva.page.url.rpartition("/")[2]))
    for line in (0.4, 0.5, 0.6):
        eva.drag((0.3, line), (0.5, line))
    for person in (ana, eva):
        person.has_media()
        person.sees_marks(4)
    ana.do("freeze")
    eva.sees("video")
    until(lambda: eva.statistics().get("decoded", 0) >= 10)
