"""deploy/kubernetes against the resources' own schemas, Muster's settings and the topic registry.

No cluster is here: what only one could show stands in deploy/kubernetes/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.keda.v1alpha1 import ScaledObject

from schemas.topics import REGION_PARTITIONS, TOPICS
from services.cli._strimzi import kafka_topics
from services.gateway.settings import GatewaySettings
from services.relay.node.settings import RelaySettings
from services.scaler.settings import ScalerSettings
from streams.settings import WorkerSettings

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "kubernetes"
KUBERNETES = "1.34"
SETTINGS = (WorkerSettings, GatewaySettings, RelaySettings, ScalerSettings)
OURS = {"dispatch", "windows", "gateway", "scaler", "relay"}
OTHERS = {"ScaledObject", "KafkaTopic"}
"""Kinds that Kubernetes itself does not know."""
SENSITIVE = re.compile(r"SECRET|PASSWORD|REDIS_URL|TOKEN")

Resource = dict[str, Any]


def documents() -> Iterator[Resource]:
    """Every resource that `kubectl apply -k` would make."""
    kustomization = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


ALL = list(documents())
WORKLOADS = [one for one in ALL if one["kind"] in {"Deployment", "StatefulSet"}]


def named(one: Resource) -> str:
    """Kind, namespace and name, for a failure's message."""
    return f"{one['kind']} {one['metadata'].get('namespace', '')}/{one['metadata']['name']}"


def of_kind(kind: str) -> list[Resource]:
    """The resources of a kind."""
    return [one for one in ALL if one["kind"] == kind]


def containers() -> Iterator[tuple[Resource, Resource]]:
    """Each workload with each of its containers."""
    for one in WORKLOADS:
        for container in one["spec"]["template"]["spec"]["containers"]:
            yield one, container


def labels_of(one: Resource) -> tuple[str, dict[str, str]]:
    """A workload's namespace and the labels of its pods."""
    return one["metadata"]["namespace"], one["spec"]["template"]["metadata"]["labels"]


@pytest.mark.parametrize("one", [one for one in ALL if one["kind"] not in OTHERS], ids=named)
def test_kubernetes_own_resources_fit_their_json_schemas(one: Resource) -> None:
    """Strictly: a misspelt or misplaced field is none."""
    kubernetes_validate.validate(one, KUBERNETES, strict=True)


def test_the_schemas_find_a_misspelt_field() -> None:
    """The check itself refuses what it is there for, at any depth."""
    wrong = {**of_kind("PodDisruptionBudget")[0], "spec": {"maxUnavailabel": 1}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


@pytest.mark.parametrize("one", of_kind("ScaledObject"), ids=named)
def test_kedas_resources_fit_its_definition(one: Resource) -> None:
    """Read into the model made from KEDA's CRD nothing is lost: every field is one of its."""
    assert ScaledObject.model_validate(one).model_dump(by_alias=True, exclude_none=True, mode="json") == one


def test_every_topic_of_the_registry_is_a_kafka_topic() -> None:
    """Same names, same partitions: a region's partition never changes, so a difference is an error."""
    found = {one["metadata"]["name"]: one["spec"]["partitions"] for one in of_kind("KafkaTopic")}
    assert found == {topic.name: topic.partitions for topic in TOPICS.values()}


def test_the_topics_file_is_what_muster_prints() -> None:
    """Retention, compaction and size too: write it anew with `muster schema topics`."""
    assert (FOLDER / "topics.yaml").read_text() == kafka_topics("", "kafka", "muster")


@pytest.mark.parametrize("one", of_kind("KafkaTopic"), ids=named)
def test_a_kafka_topic_has_what_strimzi_knows(one: Resource) -> None:
    """Strimzi puts no schema into a registry: its documented fields, types and limits stand here."""
    assert one["apiVersion"] == "kafka.strimzi.io/v1"
    assert one.keys() == {"apiVersion", "kind", "metadata", "spec"}
    assert one["metadata"]["labels"].keys() == {"strimzi.io/cluster"}
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,247}[a-z0-9])?", one["metadata"]["name"])
    assert one["spec"].keys() <= {"topicName", "partitions", "replicas", "config"}
    assert one["spec"]["partitions"] >= 1
    assert 1 <= one["spec"]["replicas"] <= 32_767
    assert all(isinstance(value, str | int | bool) for value in one["spec"]["config"].values())


def test_every_muster_variable_is_a_setting_of_some_process() -> None:
    """A misspelt variable would be ignored in silence."""
    known = {f"MUSTER_{name.upper()}" for settings in SETTINGS for name in settings.model_fields}
    told = {key for one in of_kind("ConfigMap") for key in one["data"]}
    told |= {variable["name"] for _, container in containers() for variable in container.get("env", [])}
    assert {name for name in told if name.startswith("MUSTER_")} <= known


def test_secrets_are_references_and_the_readme_says_how_to_make_them() -> None:
    """No Secret and no secret value stands in a file; each key that is asked for is explained."""
    assert not of_kind("Secret")
    readme = (FOLDER / "README.md").read_text()
    for one, container in containers():
        for variable in container.get("env", []):
            if SENSITIVE.search(variable["name"]):
                reference = variable["valueFrom"]["secretKeyRef"]
                assert f"--from-literal={reference['key']}=" in readme, named(one)
    assert not any(SENSITIVE.search(key) for one in of_kind("ConfigMap") for key in one["data"])


def test_every_container_is_confined_bounded_and_watched() -> None:
    """No root, no capability, no writable image, resources with limits, and three probes on its own ports."""
    for one, container in containers():
        pod = one["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"], named(one)
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, named(one)
        assert pod["automountServiceAccountToken"] is False, named(one)
        confined = container["securityContext"]
        assert confined["readOnlyRootFilesystem"], named(one)
        assert confined["capabilities"] == {"drop": ["ALL"]}, named(one)
        assert confined["allowPrivilegeEscalation"] is False, named(one)
        assert container["resources"]["limits"].keys() == {"cpu", "memory"}, named(one)
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}, named(one)
        ports = {port["name"] for port in container["ports"]}
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe].get("httpGet") or container[probe].get("tcpSocket")
            assert "exec" in container[probe] or asked["port"] in ports, named(one)


def test_our_processes_are_asked_whether_they_live_and_whether_they_are_ready() -> None:
    """/healthz ends a process, /readyz only keeps work from it: never the other way round."""
    ours = [(one, container) for one, container in containers() if container["image"] == "muster"]
    assert {one["metadata"]["name"] for one, _ in ours} == OURS
    for one, container in ours:
        paths = [
            container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")
        ]
        assert paths == ["/healthz", "/readyz", "/healthz"], named(one)


def test_what_selects_pods_finds_some() -> None:
    """Services, budgets and network policies name labels that pods of their namespace have."""
    pods = [labels_of(one) for one in WORKLOADS]
    for one in [*of_kind("Service"), *of_kind("PodDisruptionBudget"), *of_kind("NetworkPolicy")]:
        spec = one["spec"]
        selector = spec.get("selector") or spec.get("podSelector") or {}
        wanted = selector.get("matchLabels", selector)
        namespace = one["metadata"]["namespace"]
        assert any(at == namespace and wanted.items() <= labels.items() for at, labels in pods), named(one)


def test_nothing_is_reached_that_no_policy_names() -> None:
    """Both namespaces deny everything; each workload on the pods' network has its own policy."""
    policies = {
        (one["metadata"]["namespace"], one["metadata"]["name"]): one["spec"]
        for one in of_kind("NetworkPolicy")
    }
    for namespace in ("muster", "muster-media"):
        assert policies[namespace, "nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for one in WORKLOADS:
        if not one["spec"]["template"]["spec"].get("hostNetwork"):
            assert (one["metadata"]["namespace"], one["metadata"]["name"]) in policies, named(one)


def test_keda_and_the_scaler_have_the_same_limits() -> None:
    """KEDA's limits are the scaler's, the count is set nowhere else, and never above the partitions."""
    scaler = next(container for one, container in containers() if one["metadata"]["name"] == "scaler")
    told = {variable["name"]: variable.get("value") for variable in scaler["env"]}
    for kind, target in (("WORKERS", "dispatch"), ("RELAYS", "relay")):
        scaled = next(one["spec"] for one in of_kind("ScaledObject") if one["metadata"]["name"] == target)
        limits = [str(scaled["minReplicaCount"]), str(scaled["maxReplicaCount"])]
        assert limits == [told[f"MUSTER_{kind}_LEAST"], told[f"MUSTER_{kind}_MOST"]]
        assert scaled["triggers"][0]["metadata"]["valueLocation"] == f"{kind.lower()}.count"
        workload = next(one for one in WORKLOADS if one["metadata"]["name"] == target)
        assert "replicas" not in workload["spec"]
        assert scaled["scaleTargetRef"] == {"kind": workload["kind"], "name": target}
    assert int(told["MUSTER_WORKERS_MOST"] or 0) <= REGION_PARTITIONS
