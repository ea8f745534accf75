"""The wire as documents: JSON Schema (2020-12) for each event type, AsyncAPI 3.0 for the topics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.base import Wire
from schemas.events import EVENT_TYPES, TYPE_OF
from schemas.topics import TOPICS, Topic

Json = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID_BASE = "https://muster.invalid/schemas/"
ASYNCAPI = "3.0.0"
_HEADERS = {
    "ce_specversion": "1.0",
    "ce_id": "The event's id; (ce_source, ce_id) is the dedupe key",
    "ce_source": "Who made the event",
    "ce_type": "The event's type and version",
    "ce_time": "When it entered, RFC 3339 in UTC",
    "ce_partitionkey": "The record's key; empty for a partition's own events",
}
_MORE_HEADERS = {
    "ce_correlationid": "What it is about across events",
    "ce_causationid": "The event that caused it",
    "ce_traceparent": "W3C Trace Context",
}


def event_schemas() -> Mapping[str, Json]:
    """CloudEvents type -> JSON Schema of the record's value as it is written."""
    return {
        name: {"$schema": DIALECT, "$id": f"{ID_BASE}{name}.json"}
        | model.model_json_schema(mode="serialization")
        for name, model in EVENT_TYPES.items()
    }


def asyncapi() -> Json:
    """AsyncAPI 3.0.0: a channel for each topic, what is sent and received there, a message each type.

    Source: AsyncAPI Specification 3.0.0; Kafka bindings 0.5.0.
    """
    return {
        "asyncapi": ASYNCAPI,
        "id": "urn:muster:events",
        "info": {
            "title": "Muster",
            "version": "1.0.0",
            "description": "Field-service dispatch: CloudEvents 1.0 in Kafka binary mode. A region is a fold"
            " over `region-events`; `assignments` carries every decision.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {topic.name: _channel(topic) for topic in TOPICS.values()},
        "operations": dict(operation for topic in TOPICS.values() for operation in _operations(topic)),
        "components": {
            "schemas": _named_schemas(),
            "messages": {name: _message(name, model) for name, model in EVENT_TYPES.items()},
            "messageTraits": {"cloudEvent": {"headers": _headers()}},
        },
    }


def _channel(topic: Topic) -> Json:
    policy = "compact" if topic.compact else "delete"
    return {
        "address": topic.name,
        "title": topic.name,
        "description": _told(topic),
        "messages": {TYPE_OF[event]: {"$ref": _component(TYPE_OF[event])} for event in topic.events},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": [policy],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _told(topic: Topic) -> str:
    readers = ", ".join(topic.readers) or "nobody yet"
    inside = "internal; " if topic.internal else ""
    return f"{inside}keyed by {topic.key}; written by {', '.join(topic.writers)}; read by {readers}"


def _operations(topic: Topic) -> Iterator[tuple[str, Json]]:
    """What each writer sends and each reader receives; a topic without event types yet has neither."""
    for action, who in (("send", topic.writers), ("receive", topic.readers)):
        for party in who if topic.events else ():
            yield (
                f"{party.replace(' ', '-')}.{action}.{topic.name}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{topic.name}"},
                    "title": f"{party}: {action} {topic.name}",
                    "messages": [
                        {"$ref": f"#/channels/{topic.name}/messages/{TYPE_OF[event]}"}
                        for event in topic.events
                    ],
                },
            )


def _message(name: str, model: type[Wire]) -> Json:
    return {
        "name": name,
        "title": model.__name__,
        "summary": (model.__doc__ or "").strip().split("\n")[0],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": f"#/components/schemas/{model.__name__}"},
        },
    }


def _named_schemas() -> Json:
    """Every model by its name: within this document a reference starts at the document's root."""
    models: list[tuple[type[BaseModel], Literal["serialization"]]] = [
        (model, "serialization") for model in EVENT_TYPES.values()
    ]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
    named: Json = found["$defs"]
    return named


def _headers() -> Json:
    texts = {**_HEADERS, **_MORE_HEADERS, "content-type": "application/json"}
    return {
        "type": "object",
        "required": [*_HEADERS, "content-type"],
        "properties": {name: {"type": "string", "description": text} for name, text in texts.items()},
    }


def _component(name: str) -> str:
    return f"#/components/messages/{name}"
