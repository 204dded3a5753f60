"""The dashboards are held to the rules of Grafana's own linter, which can't be built here."""

import importlib.machinery
import importlib.util
import json
import re
from typing import Any

import pytest
import yaml

from tests.deploy.prometheus import DEPLOY

FILES = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))


def dashboards() -> list[Any]:
    return [pytest.param(json.loads(file.read_text()), id=file.stem) for file in FILES]


def shown(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def test_the_shipped_ones_are_those_of_their_source() -> None:
    loader = importlib.machinery.SourceFileLoader("grafana_build", str(DEPLOY / "grafana" / "build"))
    spec = importlib.util.spec_from_loader("grafana_build", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["grafana_build"] = module  # dataclasses look their module up
    loader.exec_module(module)
    assert {file.name: file.read_text() for file in FILES} == module.built(), "run deploy/grafana/build"


@pytest.mark.parametrize("board", dashboards())
def test_a_dashboard_asks_one_question_and_can_be_led(board: dict[str, Any]) -> None:
    assert board["title"].endswith("?")
    assert board["uid"].startswith("tocsin-")
    assert not board["editable"]
    assert [one["name"] for one in board["templating"]["list"]] == ["datasource", "job", "instance"]
    assert board["templating"]["list"][0]["type"] == "datasource"
    assert all(one.get("refresh") == 2 for one in board["templating"]["list"][1:])
    assert board["links"]
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("board", dashboards())
def test_every_panel_says_what_it_shows(board: dict[str, Any]) -> None:
    titles = [panel["title"] for panel in shown(board)]
    assert len(set(titles)) == len(titles)
    for panel in shown(board):
        assert panel["title"], panel["id"]
        assert len(panel["description"]) > 30, panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}", panel["title"]


@pytest.mark.parametrize("board", dashboards())
def test_every_query_goes_through_the_variables(board: dict[str, Any]) -> None:
    for panel in shown(board):
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${datasource}"
            expr = target["expr"]
            for metric, selector in re.findall(r"\b((?:tocsin|process)_[a-z_]+|up)\b(\{[^}]*\})?", expr):
                assert 'job=~"$job"' in selector, f"{panel['title']}: {metric}"
                assert 'instance=~"$instance"' in selector, f"{panel['title']}: {metric}"
            for window in re.findall(r"\[([^\]]+)\]", expr):
                assert window in ("$__rate_interval", "30m", "1h", "1d", "7d"), f"{panel['title']}: {window}"


@pytest.mark.parametrize("board", dashboards())
def test_panels_don_t_overlap_and_fill_the_width(board: dict[str, Any]) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells


def test_provisioning_points_at_what_the_dashboards_ask() -> None:
    sources = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "datasources" / "tocsin.yml").read_text())
    (source,) = sources["datasources"]
    assert (source["uid"], source["type"]) == ("tocsin-prometheus", "prometheus")
    providers = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "dashboards" / "tocsin.yml").read_text())
    (provider,) = providers["providers"]
    assert provider["allowUiUpdates"] is False
    compose = yaml.safe_load((DEPLOY.parent / "docker-compose.yml").read_text())
    mounts = [str(mount) for mount in compose["services"]["grafana"]["volumes"]]
    assert any(provider["options"]["path"] in mount and "deploy/grafana/dashboards" in mount for mount in mounts)
