"""The contracts as one AsyncAPI 3.1 document, made from the records that the program itself validates with. Pure.

From Tocsin's own side: it receives articles and feedback, and sends alerts and dead letters. Kafka bindings 0.5.0.
"""

from importlib.metadata import version
from typing import Any, Final, get_args

from pydantic import TypeAdapter

from streams.alert.record import adapter as alerts
from streams.bots.feedback import Feedback
from streams.ingest.article import Reason

__all__ = ["alert_schema", "document", "feedback_schema"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_BINDING: Final = "0.5.0"
_TEXT: Final = {"type": "string"}


def alert_schema() -> dict[str, Any]:
    """The JSON Schema of records on the alerts topic."""
    return {"$schema": _DIALECT, "$id": "urn:tocsin:alert:v1", **alerts.json_schema(mode="serialization")}


def feedback_schema() -> dict[str, Any]:
    """The JSON Schema of records on the feedback topic."""
    made = TypeAdapter(Feedback).json_schema(mode="serialization")
    return {"$schema": _DIALECT, "$id": "urn:tocsin:feedback:v1", **made}


def document(article: dict[str, Any], topics: dict[str, str], partitions: int, retention_ms: int) -> dict[str, Any]:
    """The AsyncAPI document. `article` is the schema of the preferred input; `topics` names `articles`, `alerts`,
    `feedback` and `dead_letters`.
    """
    messages = {
        "article": {
            "title": "Article",
            "summary": "One news article, in any form that crawlers make; this is the preferred one.",
            "contentType": "application/json",
            "headers": _headers({"tocsin-status": {"type": "string", "enum": ["Actual", "Exercise", "Test"]}}, ()),
            "payload": _payload(article),
            "bindings": {"kafka": {"bindingVersion": _BINDING}},
        },
        "alert": {
            "title": "Alert",
            "summary": "One message about one incident, in the words of OASIS CAP 1.2. Drop ids that you have seen.",
            "contentType": "application/json",
            "headers": _headers(_ALERT_HEADERS, tuple(_ALERT_HEADERS)),
            "payload": _payload(alert_schema()),
            "bindings": {
                "kafka": {
                    "key": {"type": "string", "description": "dedup_key: messages of an incident keep their order"},
                    "bindingVersion": _BINDING,
                }
            },
        },
        "feedback": {
            "title": "Feedback",
            "summary": "What a person says of an alert.",
            "contentType": "application/json",
            "payload": _payload(feedback_schema()),
            "bindings": {"kafka": {"key": {"type": "string", "description": "alert_id"}, "bindingVersion": _BINDING}},
        },
        "deadLetter": {
            "title": "Dead letter",
            "summary": "A record that could not be used: its original bytes, key and headers, and why.",
            "headers": _headers(
                _LETTER_HEADERS, ("dlq.reason", "dlq.stage", "dlq.topic", "dlq.partition", "dlq.offset")
            ),
            "payload": {},
            "bindings": {"kafka": {"bindingVersion": _BINDING}},
        },
    }
    channels = {
        "articles": ("article", "Articles from crawlers."),
        "alerts": ("alert", "Alerts, for bots."),
        "feedback": ("feedback", "What people say of alerts."),
        "deadLetters": ("deadLetter", "Articles that could not be used."),
    }
    names = {"articles": "articles", "alerts": "alerts", "feedback": "feedback", "deadLetters": "dead_letters"}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": version("tocsin"),
            "description": "News articles in; alerts about escalation and evacuation out. Delivery is at least once.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            name: {
                "address": topics[names[name]],
                "description": description,
                "messages": {message: {"$ref": f"#/components/messages/{message}"}},
                "bindings": {
                    "kafka": {
                        "topic": topics[names[name]],
                        "partitions": partitions,
                        "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": retention_ms},
                        "bindingVersion": _BINDING,
                    }
                },
            }
            for name, (message, description) in channels.items()
        },
        "operations": {
            "receiveArticle": _operation("receive", "articles", "article"),
            "receiveFeedback": _operation("receive", "feedback", "feedback"),
            "sendAlert": _operation("send", "alerts", "alert"),
            "sendDeadLetter": _operation("send", "deadLetters", "deadLetter"),
        },
        "components": {"messages": messages},
    }


_ALERT_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "ce_specversion": {"type": "string", "const": "1.0"},
    "ce_id": {"type": "string", "description": "alert_id"},
    "ce_type": {"type": "string", "const": "tocsin.alert.v1"},
    "ce_source": _TEXT,
    "ce_subject": {"type": "string", "description": "dedup_key"},
    "ce_time": _TEXT,
    "content-type": {"type": "string", "const": "application/json"},
    "severity": _TEXT,
    "event": _TEXT,
    "country": _TEXT,
    "msg_type": _TEXT,
    "status": _TEXT,
}
_LETTER_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "dlq.reason": {"type": "string", "enum": list(get_args(Reason))},
    "dlq.stage": {"type": "string", "enum": ["assess", "alert"]},
    "dlq.error": _TEXT,
    "dlq.topic": _TEXT,
    "dlq.partition": _TEXT,
    "dlq.offset": _TEXT,
    "dlq.ts": _TEXT,
    "dlq.app_version": _TEXT,
}


def _headers(properties: dict[str, dict[str, Any]], required: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": properties}
    return found | ({"required": list(required)} if required else {})


def _payload(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": _inlined(schema)}


def _inlined(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without `$defs`: references would be resolved against the whole document."""
    definitions = schema.get("$defs", {})

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [walk(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return walk(definitions[node["$ref"].removeprefix("#/$defs/")])
        return {name: walk(item) for name, item in node.items() if name not in ("$defs", "$id", "$schema")}

    found: dict[str, Any] = walk(schema)
    return found


def _operation(action: str, channel: str, message: str) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{message}"}],
    }
