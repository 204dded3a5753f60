"""The whole topology, top to bottom: two Faust apps, what each reads, what it does, what it writes.

    articles* --> [assess] --> assessments --> [alert] --> alerts
                     |                            |
                     +--> articles.dlq            +--> assessments.dlq

Two consumer groups, `tocsin-assess` and `tocsin-alert`; their names, and those of table and agents, never change.
"""

from typing import Any

from streams.alert.rules import load as load_rules
from streams.alert.stage import AlertStage
from streams.alert.table import IncidentTable, make_table
from streams.assess.places.names import country_names
from streams.kafka.app import Every, StageApp, make_app, raw_topic
from streams.observe.metrics import build
from streams.observe.watch import watch
from streams.settings import Settings

__all__ = ["SWEEP_SECONDS", "alert_app", "assess_app"]

SWEEP_SECONDS = 2.0


def assess_app(settings: Settings) -> StageApp:
    """Stage 1: articles in any form -> sentences -> classifier -> one assessment a country. Stateless and heavy."""
    from streams.assess.stage import AssessStage  # brings torch, which the other stage has no use for

    app, metrics = make_app("tocsin-assess", settings), build()
    stage = AssessStage(app, settings, metrics)
    articles = raw_topic(app, *settings.articles_topics)

    @app.agent(articles, name="read-articles", concurrency=1)
    async def read_articles(stream: Any) -> None:
        async for event in stream.noack().events():
            await app.hand_over(event)  # ledger -> queue -> read -> classify -> write -> ack, see AssessStage

    app.first(Every(app, SWEEP_SECONDS, stage.intake.sweep, app.settle), Every(app, settings.tick_interval, stage.tick))
    watch(app, settings, metrics, settings.assess_port, ready=lambda: stage.ready, depth=lambda: stage.depth)
    return app


def alert_app(settings: Settings) -> StageApp:
    """Stage 2: assessments -> incidents -> alerts, by a pure policy. Light; owns the only table."""
    app, metrics = make_app("tocsin-alert", settings), build()
    table = IncidentTable(make_table(app, "incidents"))
    rules = load_rules(settings.policy_file, sources=settings.sources_file)
    stage = AlertStage(app, settings, metrics, rules, table, country_names())
    assessments = raw_topic(app, settings.assessments_topic)

    @app.agent(assessments, name="read-assessments", concurrency=1)
    async def read_assessments(stream: Any) -> None:
        async for event in stream.noack().events():
            await app.hand_over(event)  # ledger -> policy -> deliver -> table -> ack, see AlertStage

    app.first(Every(app, SWEEP_SECONDS, stage.intake.sweep, app.settle))
    app.on_assigned(settings.assessments_topic, stage.assigned)
    watch(app, settings, metrics, settings.alert_port, ready=lambda: True, sample=stage.sample)
    return app
