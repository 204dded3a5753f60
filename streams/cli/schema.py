"""`tocsin schema`: the contracts as JSON Schema 2020-12.

Guarantees: `alert` is made from the record that the worker validates with; `article` describes the preferred input.
Refuses nothing.
"""

from enum import StrEnum
from typing import Annotated, Any

import typer

__all__ = ["alert_schema", "schema"]


class Contract(StrEnum):
    """What there is a schema of."""

    article = "article"
    alert = "alert"


def alert_schema() -> dict[str, Any]:
    """The JSON Schema of records on the alerts topic."""
    from streams.alert.record import adapter

    made = adapter.json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:tocsin:alert:v1", **made}


def schema(
    contract: Annotated[Contract, typer.Argument(help="article: what to send; alert: what comes out.")],
) -> None:
    """Print the JSON Schema of what goes in or what comes out."""
    import orjson

    from streams.cli.output import line
    from streams.cli.preferred import article_schema

    made = article_schema() if contract is Contract.article else alert_schema()
    line(orjson.dumps(made, option=orjson.OPT_INDENT_2).decode())
