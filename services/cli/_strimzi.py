"""The topic registry as Strimzi's KafkaTopic resources, for a cluster whose topics an operator makes."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.topics import TOPICS, Topic
from streams.settings import WorkerSettings
from streams.topics import new_topic

API = "kafka.strimzi.io/v1"
COPIES, IN_STEP = 3, 2
"""Copies of each partition, and how many of them must have a record before it counts as written."""


def kafka_topics(prefix: str, namespace: str, cluster: str) -> str:
    """A YAML document for each topic; partitions and settings as the workers themselves would make them."""
    settings = WorkerSettings(topic_prefix=prefix, replication_factor=COPIES)
    return "---\n".join(
        "\n".join(_lines(topic, settings, namespace, cluster)) + "\n" for topic in TOPICS.values()
    )


def _lines(topic: Topic, settings: WorkerSettings, namespace: str, cluster: str) -> Iterator[str]:
    made = new_topic(settings, topic)
    yield f"apiVersion: {API}"
    yield "kind: KafkaTopic"
    yield "metadata:"
    yield f"  name: {made.name}"
    yield f"  namespace: {namespace}"
    yield "  labels:"
    yield f"    strimzi.io/cluster: {cluster}"
    yield "spec:"
    yield f"  partitions: {made.num_partitions}"
    yield f"  replicas: {made.replication_factor}"
    yield "  config:"
    for name, value in {**made.topic_configs, "min.insync.replicas": str(IN_STEP)}.items():
        yield f"    {name}: {value}"
