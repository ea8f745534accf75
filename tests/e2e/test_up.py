"""`make up`: the board's address comes first, everything runs, and a signal leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import ssl
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.up_runs import UpRun, make_up, muster_up

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(400)]


def assert_board_comes_first(run: UpRun) -> None:
    """The first `http://` of all output is the board's, alone on its line, answering 200 without a token."""
    url, token = run.board()
    text = run.text()
    first = text[text.index("http://") :].splitlines()[0]
    assert first == f"{url}/#token={token}"
    assert f"\n{first}\n" in text
    assert "MUSTER_SECRET" not in text
    page = httpx.get(first)
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


def assert_token_opens_the_board(run: UpRun) -> None:
    """The token of the fragment becomes an HttpOnly SameSite cookie, with which the board is read."""
    url, token = run.board()
    with httpx.Client(base_url=url) as browser:
        assert browser.get("/v1/board").status_code == 401
        login = browser.post("/v1/login", json={"token": token})
        assert login.status_code == 200
        cookie = login.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert browser.get("/v1/board").status_code == 200


@pytest.mark.parametrize(
    ("number", "ignore_sigint"), [(signal.SIGINT, False), (signal.SIGTERM, False), (signal.SIGINT, True)]
)
def test_a_signal_to_the_group_of_make_up_stops_everything(
    tmp_path: Path, number: signal.Signals, ignore_sigint: bool
) -> None:
    """SIGINT and SIGTERM end it in 10 s, exit 0, no process left, also with SIGINT ignored at start."""
    with make_up(tmp_path, ignore_sigint=ignore_sigint) as run:
        assert_board_comes_first(run)
        assert_token_opens_the_board(run)
        run.wait_for(r"^feed: .* in the scenario")
        names = " ".join(run.pids().values())
        for part in ("worker dispatch", "worker windows", "gateway", "feed", "tansu", "valkey"):
            assert part in names
        assert run.stop(number) == 0, run.text()
        assert run.pids() == {}


def test_a_signal_while_it_starts_stops_everything(tmp_path: Path) -> None:
    """Nobody has to wait for the board before Ctrl-C."""
    with make_up(tmp_path) as run:
        run.wait_for("muster up: starting")
        time.sleep(0.7)
        assert run.stop(signal.SIGINT) == 0, run.text()
        assert run.pids() == {}


@pytest.mark.fault
def test_a_killed_worker_is_started_again(tmp_path: Path) -> None:
    """A process that dies is restarted and said so; the board stays."""
    with muster_up(tmp_path) as run:
        url, _ = run.board()
        worker = run.pid_of("worker dispatch")
        os.kill(worker, signal.SIGKILL)
        run.wait_for(r"muster up: dispatch-\d was ended by signal 9; starting it again", 10)
        deadline = time.monotonic() + 20
        while sum("worker dispatch" in command for command in run.pids().values()) < 2:
            assert time.monotonic() < deadline, run.logs()
            time.sleep(0.1)
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert run.stop(signal.SIGTERM) == 0


@pytest.mark.fault
def test_a_killed_supervisor_leaves_no_process(tmp_path: Path) -> None:
    """Even kill -9 of `muster up` ends every process that it has started."""
    with muster_up(tmp_path, "--scenario", "none") as run:
        run.board()
        run.process.kill()
        run.process.wait()
        deadline = time.monotonic() + 5
        while (left := run.pids()) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert left == {}


def test_a_second_one_runs_beside_the_first_or_says_why_not(tmp_path: Path) -> None:
    """Two on one directory have ports, logs and engines of their own; a taken port is named, exit 2."""
    with muster_up(tmp_path, "--scenario", "none") as first:
        url, token = first.board()
        (tmp_path / "two").mkdir()
        with muster_up(tmp_path / "two", "--scenario", "none") as second:
            other, _ = second.board()
            assert other != url
            assert httpx.get(f"{url}/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200
            assert second.stop(signal.SIGINT) == 0
        (tmp_path / "three").mkdir()
        with muster_up(tmp_path / "three", "--port", str(first.port)) as third:
            assert third.process.wait(20) == 2
            assert re.search(rf"muster up: port {first.port} is taken.*--port", third.text())
        assert first.stop(signal.SIGINT) == 0


def test_tls_serves_the_board_with_its_own_certificate(tmp_path: Path) -> None:
    """With --tls the board is an https address, and the cookie is Secure."""
    with muster_up(tmp_path, "--tls", "--scenario", "none") as run:
        url, token = run.board()
        assert url.startswith("https://")
        certificate = run.state / "tls" / "certificate.pem"
        with httpx.Client(base_url=url, verify=ssl.create_default_context(cafile=certificate)) as browser:
            assert browser.get("/").status_code == 200
            login = browser.post("/v1/login", json={"token": token})
            assert "secure" in login.headers["set-cookie"].lower()
        assert run.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--broker", "nonsense"), "--broker"),
        (("--redis", "http://127.0.0.1"), "--redis"),
        (("--scenario", "/nowhere"), "is no scenario directory"),
        (("--clock", "moon"), "--clock"),
    ],
)
def test_a_mistake_is_named_before_anything_starts(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    """A wrong option ends with exit 2 and a sentence that names it."""
    with muster_up(tmp_path, *options) as run:
        assert run.process.wait(20) == 2
        assert said in run.text()
        assert not run.state.exists()


@pytest.mark.fault
def test_engines_that_are_not_there_are_named(tmp_path: Path) -> None:
    """A broker or Redis elsewhere that does not answer: exit 1, its address, never a password."""
    with muster_up(tmp_path, "--broker", "127.0.0.1:1", "--redis", "redis://:hidden@127.0.0.1:1/0") as run:
        assert run.process.wait(90) == 1
        assert re.search(r"muster up: .*127\.0\.0\.1:1.* does not answer", run.text())
        assert "hidden" not in run.text()
        assert run.pids() == {}
