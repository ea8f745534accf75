"""What is exported is valid where others read it, and says what the models say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from schemas.events import EVENT_TYPES
from schemas.export import DIALECT, asyncapi, event_schemas
from schemas.topics import TOPICS
from tests.unit.schemas.events_strategy import events_of


def resolved(document: Any, pointer: str) -> Any:
    """What a reference within the document points at; KeyError where it points at nothing."""
    assert pointer.startswith("#/")
    for part in pointer[2:].split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def references(node: Any) -> list[str]:
    """Every reference of a document."""
    if isinstance(node, dict):
        inner = [one for value in node.values() for one in references(value)]
        return inner + ([node["$ref"]] if isinstance(node.get("$ref"), str) else [])
    return [one for value in node for one in references(value)] if isinstance(node, list) else []


@pytest.mark.timeout(600)  # three CPU seconds for the largest event: many times that on cores in use
@pytest.mark.parametrize("name", sorted(EVENT_TYPES))
def test_each_event_schema_is_one_and_takes_what_is_written(name: str) -> None:
    """Valid JSON Schema 2020-12, and any event of the model, as it goes to Kafka, fits it."""
    schema = event_schemas()[name]
    jsonschema_rs.meta.validate(schema)
    reader = jsonschema_rs.validator_for(schema)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.data())
    def every(drawn: st.DataObject) -> None:
        event = drawn.draw(events_of(EVENT_TYPES[name]))
        reader.validate(json.loads(event.model_dump_json(exclude_none=True)))

    every()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """Channels to messages, operations to channels and their messages."""
    document = asyncapi()
    for pointer in references(document):
        assert resolved(document, pointer), pointer


def test_the_asyncapi_document_has_the_shape_of_the_specification() -> None:
    """AsyncAPI 3.0.0: required members, operations of one channel naming only that channel's messages."""
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert document["info"].keys() >= {"title", "version"}
    assert set(document) <= {"asyncapi", "id", "info", "servers", "defaultContentType"} | {
        *("channels", "operations", "components")
    }
    for name, operation in document["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert all(one["$ref"].startswith(f"{channel}/messages/") for one in operation["messages"])
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": DIALECT} | schema)
    for message in document["components"]["messages"].values():
        assert message["payload"]["schemaFormat"].startswith("application/schema+json;version=")


def test_every_topic_is_a_channel_with_who_writes_and_reads() -> None:
    """The registry is the source: partitions, compaction and each party of a topic that carries events."""
    document = asyncapi()
    assert document["channels"].keys() == TOPICS.keys()
    for topic in TOPICS.values():
        kafka = document["channels"][topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["cleanup.policy"] == (["compact"] if topic.compact else ["delete"])
        found = [
            one
            for one in document["operations"].values()
            if one["channel"]["$ref"] == f"#/channels/{topic.name}"
        ]
        assert len(found) == (len(topic.writers) + len(topic.readers) if topic.events else 0)


def test_the_command_writes_all_of_it(tmp_path: Path) -> None:
    """One file an event type, AsyncAPI and OpenAPI 3.1; the folder is made."""
    from services.cli.main import app

    out = tmp_path / "new" / "folder"
    result = CliRunner().invoke(app, ["schema", "export", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert {file.stem for file in (out / "events").iterdir()} == set(EVENT_TYPES)
    assert json.loads((out / "asyncapi.json").read_text())["asyncapi"] == "3.0.0"
    described = json.loads((out / "openapi.json").read_text())
    assert described["openapi"] == "3.1.0"
    for pointer in references(described):
        assert resolved(described, pointer), pointer


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    """Exit 1 with a sentence, no traceback."""
    from services.cli.main import app

    (tmp_path / "file").write_text("x")
    result = CliRunner().invoke(app, ["schema", "export", "--out", str(tmp_path / "file" / "sub")])
    assert result.exit_code == 1
    assert "Traceback" not in result.output
