"""deploy/compose.yaml and the image, as far as a machine without containers can check them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.kafka import server_properties
from services.gateway.settings import GatewaySettings
from services.relay.node.settings import RelaySettings
from services.settings import CommonSettings
from streams.settings import WorkerSettings

ROOT = Path(__file__).resolve().parents[3]
SETTINGS: dict[str, type[CommonSettings]] = {
    "dispatch": WorkerSettings,
    "windows": WorkerSettings,
    "gateway": GatewaySettings,
    "relay": RelaySettings,
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file as Docker reads it, anchors and merges resolved."""
    found = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    assert isinstance(found, dict)
    return found


def test_all_services_are_there_and_ours_are_one_image(compose: dict[str, Any]) -> None:
    """Kafka, Redis, workers, the gateway, a relay node and coturn; ours differ by their command."""
    services = compose["services"]
    assert services.keys() == {"kafka", "redis", "dispatch", "windows", "gateway", "relay", "coturn"}
    assert {services[name]["image"] for name in SETTINGS} == {"muster:local"}
    commands = [services[name]["command"] for name in SETTINGS]
    assert commands == [["worker", "dispatch"], ["worker", "windows"], ["gateway"], ["relay"]]


@pytest.mark.parametrize("service", SETTINGS)
def test_every_muster_variable_is_a_setting_of_its_process(compose: dict[str, Any], service: str) -> None:
    """A misspelt variable would be ignored in silence: each must be a field of some settings."""
    known = {f"MUSTER_{name.upper()}" for kind in SETTINGS.values() for name in kind.model_fields}
    environment = compose["services"][service]["environment"]
    assert {name for name in environment if name.startswith("MUSTER_")} <= known
    assert {"MUSTER_BROKER", "MUSTER_REDIS_URL", "MUSTER_SECRET"} <= environment.keys()


def test_the_secret_has_no_default(compose: dict[str, Any]) -> None:
    """Compose refuses to start without MUSTER_SECRET and MUSTER_TURN_SECRET; none stands in the file."""
    for service in ("gateway", "relay"):
        environment = compose["services"][service]["environment"]
        assert environment["MUSTER_SECRET"].startswith("${MUSTER_SECRET:?")
        assert environment["MUSTER_TURN_SECRET"].startswith("${MUSTER_TURN_SECRET:?")


def test_kafka_is_set_as_on_one_machine(compose: dict[str, Any]) -> None:
    """What Muster relies on (short sessions, 16 MiB, no topic by itself) is the same as in deploy/local."""
    lines = server_properties(9092, 9093, Path("/var/lib/kafka/data")).splitlines()
    local = dict(line.split("=", 1) for line in lines)
    environment = compose["services"]["kafka"]["environment"]
    shared = {key: f"KAFKA_{key.upper().replace('.', '_')}" for key in local}
    different = {
        key: (local[key], environment[name])
        for key, name in shared.items()
        if name in environment and str(environment[name]) != local[key]
    }
    # Addresses are a container's own.
    assert different.keys() <= {"listeners", "advertised.listeners", "controller.quorum.voters"}
    assert {"KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "KAFKA_MESSAGE_MAX_BYTES"} <= environment.keys()


def test_what_a_service_waits_for_says_when_it_is_healthy(compose: dict[str, Any]) -> None:
    """Each service that another waits for to be healthy has a health check."""
    services = compose["services"]
    for service in services.values():
        for awaited, condition in service.get("depends_on", {}).items():
            assert condition == {"condition": "service_healthy"}
            assert "healthcheck" in services[awaited]


def test_nothing_is_reachable_from_outside_by_itself(compose: dict[str, Any]) -> None:
    """Gateway and relay alone have ports, on loopback; media until a public address is named."""
    services = compose["services"]
    assert [name for name in services if "ports" in services[name]] == ["gateway", "relay"]
    ports = [port for name in ("gateway", "relay") for port in services[name]["ports"]]
    assert all(port.startswith("127.0.0.1:") for port in ports if not port.endswith("/udp"))
    named = "${MUSTER_PUBLIC_IP:-127.0.0.1}"
    assert [port for port in ports if port.endswith("/udp")] == [f"{named}:8191:8191/udp"]
    assert f"--listening-ip={named}" in services["coturn"]["command"]
    assert all(services[name]["cap_drop"] == ["ALL"] and services[name]["read_only"] for name in SETTINGS)


def test_the_relay_is_reached_where_it_says(compose: dict[str, Any]) -> None:
    """The settings are read as the process reads them: signalling, media and TURN agree with the ports."""
    relay, coturn = compose["services"]["relay"], compose["services"]["coturn"]
    plain = {name: without_variables(value) for name, value in relay["environment"].items()}
    told = RelaySettings.model_validate(
        {name.removeprefix("MUSTER_").lower(): value for name, value in plain.items()}
    )
    assert told.relay_url == f"http://{{host}}:{told.relay_port}"
    assert told.relay_inner_url == f"http://relay:{told.relay_port}"
    ports = [without_variables(port) for port in relay["ports"]]
    assert ports == [
        f"127.0.0.1:{told.relay_port}:{told.relay_port}",
        f"127.0.0.1:{told.relay_udp_port}:{told.relay_udp_port}/udp",
    ]
    assert told.relay_announce == "127.0.0.1"
    assert relay["volumes"] == [f"recordings:{told.relay_recordings}"]
    (_, turn) = (None, told.ice_servers("ANA", 0.0)[-1])
    assert turn.urls == ["turn:127.0.0.1:3478?transport=udp", "turn:127.0.0.1:3478?transport=tcp"]
    assert "listening-port=3478" in (ROOT / "deploy" / "coturn" / "turnserver.conf").read_text().splitlines()
    assert coturn["volumes"][0].partition(":")[0] == "./coturn/turnserver.conf"


def without_variables(value: str) -> str:
    """What Compose makes of it where no variable is set; a required one becomes `x`s."""
    return re.sub(
        r"\$\{\w+(:-|:\?)((?:[^{}]|\{\w+\})*)\}",
        lambda found: found[2] if found[1] == ":-" else "x" * 32,
        value,
    )


def test_what_the_image_copies_is_there() -> None:
    """Every path of a COPY from the repository exists."""
    words = [line.split() for line in (ROOT / "deploy" / "Dockerfile").read_text().splitlines()]
    copies = [line[1:-1] for line in words if line[:1] == ["COPY"] and not line[1].startswith("--")]
    assert copies
    for path in (path for line in copies for path in line):
        assert (ROOT / path).exists(), path
