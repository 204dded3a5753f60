"""`tocsin schema`: the contracts as JSON Schema 2020-12, and all of them as one AsyncAPI document.

Guarantees: `alert` and `feedback` are made from the records that the program validates with; `article` describes the
preferred input. Refuses nothing.
"""

from enum import StrEnum
from typing import Annotated, Any

import typer

__all__ = ["schema"]


class Contract(StrEnum):
    """What there is a schema of."""

    article = "article"
    alert = "alert"
    feedback = "feedback"
    asyncapi = "asyncapi"


def schema(
    contract: Annotated[
        Contract,
        typer.Argument(
            help="article: what to send; alert: what comes out; feedback: what people say; asyncapi: all of it,"
            " with the topics."
        ),
    ],
) -> None:
    """Print the JSON Schema of what goes in or what comes out, or the AsyncAPI 3.1 document."""
    import orjson

    from streams.cli.output import line

    line(orjson.dumps(_made(contract), option=orjson.OPT_INDENT_2).decode())


def _made(contract: Contract) -> dict[str, Any]:
    from streams.bots.asyncapi import alert_schema, document, feedback_schema
    from streams.cli.preferred import article_schema

    if contract is Contract.article:
        return article_schema()
    if contract is Contract.alert:
        return alert_schema()
    if contract is Contract.feedback:
        return feedback_schema()
    from streams.kafka.deadletters import dlq_name
    from streams.settings import from_environment

    settings = from_environment()
    topics = {
        "articles": settings.articles_topics[0],
        "alerts": settings.alerts_topic,
        "feedback": settings.feedback_topic,
        "dead_letters": dlq_name(settings.articles_topics[0]),
    }
    return document(article_schema(), topics, settings.partitions, int(settings.retention_hours * 3_600_000))
