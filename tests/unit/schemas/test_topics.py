"""The topic registry: who stands where, and that everybody computes the same partition."""

from __future__ import annotations

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import EVENT_TYPES, RegionEvent
from schemas.topics import REGION_PARTITIONS, SNAPSHOT_BYTES, TOPICS, partition_of

ROLES = {
    "gateway",
    "triage",
    "dispatch",
    "location feed",
    "surge coordinator",
    "windows",
    "relay",
    "timeline",
    "feed",
    "cli",
}


@given(key=st.text(max_size=40), partitions=st.integers(1, 100))
def test_a_key_has_the_partition_that_kafkas_default_partitioner_gives_it(key: str, partitions: int) -> None:
    """partition_of equals aiokafka's murmur2 partitioner, for every length and alphabet of a key."""
    expected = (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
    assert partition_of(key, partitions) == expected


@pytest.mark.parametrize(("key", "partition"), [("R1", 2), ("R2", 11), ("R3", 11), ("", 9), ("Lisboa", 2)])
def test_a_regions_partition_never_changes(key: str, partition: int) -> None:
    """Fixed values: were the hash or REGION_PARTITIONS to change, every log would be torn."""
    assert partition_of(key) == partition


@pytest.mark.parametrize(
    "name",
    [
        "region-events",
        "dispatch-commands",
        "assignments",
        "region-snapshots",
        "region-kpi",
    ],
)
def test_what_is_keyed_by_region_is_partitioned_alike(name: str) -> None:
    """A region's events, decisions, snapshots and statistics have one partition number."""
    assert TOPICS[name].partitions == REGION_PARTITIONS


def test_a_fold_can_read_everything_that_stands_on_region_events() -> None:
    """The topic's event list and the union that `step` accepts are the same."""
    assert set(TOPICS["region-events"].events) == set(RegionEvent.__args__)


def test_every_event_type_stands_on_a_topic_and_none_is_foreign() -> None:
    """A registered type that no topic carries is dead; a topic's event without a type can not be read."""
    standing = {model for topic in TOPICS.values() for model in topic.events}
    assert standing == set(EVENT_TYPES.values())


def test_the_log_and_its_decisions_are_kept_for_ever() -> None:
    """What a replay needs never expires."""
    assert TOPICS["region-events"].retention_ms == -1
    assert TOPICS["assignments"].retention_ms == -1


def test_only_the_newest_of_each_key_matters_on_compacted_topics() -> None:
    """Snapshots and the registry are compacted, nothing else; a snapshot's topic takes large messages."""
    compacted = {name for name, topic in TOPICS.items() if topic.compact}
    assert compacted == {"region-snapshots", "registry"}
    assert TOPICS["region-snapshots"].max_message_bytes == SNAPSHOT_BYTES


def test_every_topic_is_named_for_a_broker_and_has_a_writer() -> None:
    """Names are legal on Kafka, keyed as registered, and written and read by processes that exist."""
    for name, topic in TOPICS.items():
        assert name == topic.name
        assert name.replace("-", "").isalpha()
        assert name.islower()
        assert topic.partitions >= 1
        assert topic.writers
        assert {*topic.writers, *topic.readers} <= ROLES
