"""`muster schema`: the wire and the API as documents for other tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

schemas = typer.Typer(no_args_is_help=True, help="JSON Schema, AsyncAPI 3, OpenAPI 3.1, KafkaTopics.")


def attach(app: typer.Typer) -> None:
    """Add `muster schema`."""
    app.add_typer(schemas, name="schema")


@schemas.command("export")
def export(
    out: Annotated[Path, typer.Option(help="The folder to write into; made when missing", file_okay=False)],
) -> None:
    """Write a JSON Schema for each event type, asyncapi.json and openapi.json."""
    from schemas.export import asyncapi, event_schemas

    try:
        (out / "events").mkdir(parents=True, exist_ok=True)
        for name, schema in event_schemas().items():
            _write(out / "events" / f"{name}.json", schema)
        _write(out / "asyncapi.json", asyncapi())
        _write(out / "openapi.json", _openapi())
    except OSError as error:
        typer.echo(f"muster schema export: {error}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{out}: {len(event_schemas())} event schemas, asyncapi.json, openapi.json")


@schemas.command("topics")
def topics(
    prefix: Annotated[str, typer.Option(help="MUSTER_TOPIC_PREFIX of the installation.")] = "",
    namespace: Annotated[str, typer.Option(help="Where Strimzi's Kafka is.")] = "kafka",
    cluster: Annotated[str, typer.Option(help="The name of Strimzi's Kafka.")] = "muster",
) -> None:
    """Print every topic as a KafkaTopic of Strimzi's."""
    from services.cli._strimzi import kafka_topics

    typer.echo(kafka_topics(prefix, namespace, cluster), nl=False)


def _openapi() -> dict[str, Any]:
    """The API's description, from an app that is built and connected to nothing."""
    from pydantic import SecretStr

    from services.gateway.app import create_app
    from services.gateway.openapi import describe
    from services.gateway.settings import GatewaySettings
    from services.gateway.tokens import MIN_SECRET_CHARS

    return describe(create_app(GatewaySettings(secret=SecretStr("x" * MIN_SECRET_CHARS))))


def _write(file: Path, document: dict[str, Any]) -> None:
    file.write_text(
        json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8"
    )
