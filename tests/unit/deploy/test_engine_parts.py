"""The engines' pure parts: ports, log tails, Kafka's configuration, the jars' sums."""

from __future__ import annotations

import hashlib
import random
import socket
from pathlib import Path

import pytest

from deploy.local import EngineFailed, EngineUnavailable, kafka_jars
from deploy.local.errors import tail
from deploy.local.kafka import server_properties
from deploy.local.ports import HIGHEST, HOST, LOWEST, free_port, is_free


def test_a_port_that_is_listened_on_is_not_given() -> None:
    """A port drawn a second time is passed over while somebody has it."""
    first = free_port(random.Random(7))
    with socket.socket() as taken:
        taken.bind((HOST, first))
        taken.listen()
        assert not is_free(first)
        assert free_port(random.Random(7)) != first
    assert is_free(first)


def test_ports_lie_below_those_that_the_kernel_gives_to_clients() -> None:
    """Else a client that retries against a killed engine could be given the engine's port."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert LOWEST <= free_port() <= HIGHEST < lowest


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    """An error shows the end of the log, also of one that is not UTF-8, empty or missing."""
    log = tmp_path / "engine.log"
    log.write_bytes(b"one\ntwo \xff\nthree\n")
    assert tail(log, 2) == "two \N{REPLACEMENT CHARACTER}\nthree"
    log.write_bytes(b"")
    assert tail(log) == "(the log is empty)"
    assert tail(tmp_path / "none") == "(no log)"


def test_kafka_is_set_for_short_sessions_and_large_snapshots(tmp_path: Path) -> None:
    """Sessions of 3-4 s, no wait at a first join, no topic by itself, 16 MiB a record, one copy."""
    lines = server_properties(19092, 19093, tmp_path).splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert int(found["group.min.session.timeout.ms"]) <= 3000
    assert found["group.initial.rebalance.delay.ms"] == "0"
    assert found["auto.create.topics.enable"] == "false"
    assert found["message.max.bytes"] == str(16 * 1024 * 1024)
    assert found["offsets.topic.replication.factor"] == "1"
    assert found["advertised.listeners"] == "PLAINTEXT://127.0.0.1:19092"
    assert found["log.dirs"] == str(tmp_path)


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fetch whose Maven writes one jar with fixed bytes, and a list that pins exactly that."""
    sums = tmp_path / "jars.sha256"
    sums.write_text(f"{hashlib.sha256(b'kafka').hexdigest()}  kafka.jar\n")
    monkeypatch.setattr(kafka_jars, "SUMS", sums)
    jars = tmp_path / "state" / "kafka"

    def write_jars(folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "kafka.jar").write_bytes(b"kafka")

    monkeypatch.setattr(kafka_jars, "_run_maven", write_jars)
    return jars


def test_jars_are_fetched_once(pinned: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there and pinned is not fetched again."""
    assert kafka_jars.fetch(pinned) == pinned

    def not_again(_: Path) -> None:
        raise AssertionError("fetched again")

    monkeypatch.setattr(kafka_jars, "_run_maven", not_again)
    assert kafka_jars.fetch(pinned) == pinned


@pytest.mark.parametrize(
    ("name", "content"), [("kafka.jar", b"other"), ("more.jar", b"kafka")], ids=["changed", "added"]
)
def test_a_jar_that_is_not_pinned_is_refused(
    pinned: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    """Other bytes, or a jar too many, are named and never run."""
    honest = kafka_jars._run_maven

    def tampered(folder: Path) -> None:
        honest(folder)
        (folder / name).write_bytes(content)

    monkeypatch.setattr(kafka_jars, "_run_maven", tampered)
    with pytest.raises(EngineFailed, match=name):
        kafka_jars.fetch(pinned)


def test_a_missing_maven_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Maven the error names it and the command that installs it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineUnavailable, match="make system"):
        kafka_jars.fetch(tmp_path / "state" / "kafka")


def test_the_pinned_list_names_the_kafka_of_the_pom() -> None:
    """Pom and sums say the same version: who changes one is reminded of the other."""
    names = {line.split()[1] for line in kafka_jars.SUMS.read_text().splitlines()}
    assert "<version>4.1.0</version>" in kafka_jars.POM.read_text()
    assert {"kafka_2.13-4.1.0.jar", "slf4j-simple-1.7.36.jar"} <= names
