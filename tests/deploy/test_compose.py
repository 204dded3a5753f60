"""docker-compose.yml: what its comments say is so, and the checks notice where it is not."""

import json
import os
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from jsonschema.validators import Draft7Validator, validator_for

from streams.cli.main import app
from streams.kafka.topics import specs
from streams.settings import Settings
from tests.deploy import checks, tools
from tests.deploy.checks import ROOT
from tests.kafka.cluster import HINT, find_kafka

FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "tocsin" in service["image"])
JOBS = {"topics": "its exit code says it", "demo": "its exit code says it"}

Break = Callable[[dict[str, Any]], object]


def broken(change: Break) -> dict[str, Any]:
    """A copy with one thing wrong."""
    found: dict[str, Any] = json.loads(json.dumps(COMPOSE))  # not deepcopy, which keeps what anchors share
    change(found["services"])
    return found


def health(compose: dict[str, Any]) -> list[str]:
    return checks.healthy(compose, JOBS)


def mounted(compose: dict[str, Any]) -> list[str]:
    return checks.mounts(compose, ROOT)


def ordered(compose: dict[str, Any]) -> list[str]:
    return checks.order(compose, JOBS)


def environment(name: str) -> dict[str, str]:
    return checks.environment_of(SERVICES[name])


def test_all_of_it_is_there() -> None:
    assert set(OURS) == {"topics", "assess", "alert", "canary", "board", "demo"}
    assert set(SERVICES) - set(OURS) == {"kafka", "prometheus", "alertmanager", "grafana", "kafka-ui"}
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"demo": ["demo"], "kafka-ui": ["tools"]}


def test_every_image_has_an_exact_tag() -> None:
    assert checks.images((name, service["image"]) for name, service in SERVICES.items()) == []


def test_our_image_has_the_version_of_the_program_and_is_never_pulled() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"localhost/tocsin:{version}"}
    assert {SERVICES[name]["pull_policy"] for name in OURS} == {"build"}
    assert all((ROOT / SERVICES[name]["build"]["dockerfile"]).exists() for name in OURS)


def test_every_port_is_on_the_loopback_address() -> None:
    assert checks.loopback(COMPOSE) == []


def test_every_service_has_a_health_check() -> None:
    assert health(COMPOSE) == []


def test_every_container_is_hardened_and_bounded() -> None:
    assert checks.hardened(COMPOSE) == []
    assert checks.bounded(COMPOSE) == []
    assert checks.users(COMPOSE) == []


def test_every_mounted_file_exists_and_is_read_only() -> None:
    assert mounted(COMPOSE) == []


def test_services_wait_for_jobs_to_end_and_for_others_to_be_healthy() -> None:
    assert ordered(COMPOSE) == []
    for name in set(OURS) - {"topics"}:
        assert {"kafka", "topics"} <= SERVICES[name]["depends_on"].keys()
    for name in ("canary", "demo"):
        assert {"assess", "alert"} <= SERVICES[name]["depends_on"].keys()


def test_jobs_do_not_begin_again() -> None:
    assert {name for name, service in SERVICES.items() if service["restart"] == "no"} == set(JOBS)


@pytest.mark.parametrize("name", OURS)
def test_the_environment_makes_settings(name: str) -> None:
    assert checks.settings_problems(name, environment(name)) == []


def test_all_processes_have_the_same_settings() -> None:
    assert len({json.dumps(environment(name), sort_keys=True) for name in OURS}) == 1


@pytest.mark.parametrize("name", ["assess", "alert", "board", "canary"])
def test_a_process_is_published_and_asked_where_it_listens(name: str) -> None:
    port = getattr(checks.settings_of(environment(name)), f"{name}_port")
    assert port == Settings.model_fields[f"{name}_port"].get_default()
    assert SERVICES[name]["ports"] == [f"127.0.0.1:{port}:{port}"]
    test = SERVICES[name]["healthcheck"]["test"]
    assert test[:5] == ["CMD", "tocsin", "health", "--port", str(port)]
    assert test[5:] in (["--page", "livez"], ["--page", "readyz"])


@pytest.mark.parametrize("name", ["assess", "alert"])
def test_a_worker_has_time_to_drain(name: str) -> None:
    given = checks.seconds(SERVICES[name]["stop_grace_period"])
    assert given >= 60
    assert checks.grace(name, environment(name), given, assess=name == "assess") == []


@pytest.mark.parametrize("name", OURS)
def test_the_command_is_one_of_ours(name: str) -> None:
    commands = [SERVICES[name]["command"], SERVICES[name]["healthcheck"].get("test", ["CMD"])[2:]]
    for command in filter(None, commands):
        missing = unknown(command)
        assert missing is None, f"`tocsin {' '.join(command)}`: there is no {missing}"


def unknown(words: list[str]) -> str | None:
    """The first word of a command line that the program does not know; None if it knows all."""
    found: Any = typer.main.get_command(app)
    rest = list(words)
    while rest and hasattr(found, "commands"):
        if rest[0] not in found.commands:
            return rest[0]
        found = found.commands[rest.pop(0)]
    options = {name for parameter in found.params for name in parameter.opts}
    return next((word for word in rest if word.startswith("-") and word not in options), None)


def test_a_command_that_is_none_is_found() -> None:
    assert unknown(["worker", "--stages", "assess"]) is None
    assert unknown(["topics", "make"]) == "make"
    assert unknown(["worker", "--stage", "assess"]) == "--stage"


class TestKafka:
    values = environment("kafka")

    def listeners(self, which: str) -> dict[str, tuple[str, str]]:
        """Host and port by the listener's name."""
        found = {}
        for one in self.values[which].split(","):
            name, _, address = one.partition("://")
            host, _, port = address.rpartition(":")
            found[name] = (host, port)
        return found

    def test_it_is_told_to_this_machine_and_to_containers_where_each_reaches_it(self) -> None:
        told = self.listeners("KAFKA_ADVERTISED_LISTENERS")
        assert set(told.values()) == {("127.0.0.1", "9092"), ("kafka", "19092")}
        assert SERVICES["kafka"]["ports"] == ["127.0.0.1:9092:9092"]
        assert checks.settings_of(environment("assess")).brokers == "kafka:19092"
        assert Settings.model_fields["brokers"].get_default() == "127.0.0.1:9092"

    def test_its_listeners_agree(self) -> None:
        bound, told = self.listeners("KAFKA_LISTENERS"), self.listeners("KAFKA_ADVERTISED_LISTENERS")
        controller = self.values["KAFKA_CONTROLLER_LISTENER_NAMES"]
        assert bound.keys() - told.keys() == {controller}
        assert all(bound[name][1] == port for name, (_, port) in told.items())
        protocols = dict(one.split(":") for one in self.values["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(","))
        assert protocols.keys() == bound.keys()
        assert self.values["KAFKA_INTER_BROKER_LISTENER_NAME"] in told
        node, _, address = self.values["KAFKA_CONTROLLER_QUORUM_VOTERS"].partition("@")
        assert node == self.values["KAFKA_NODE_ID"]
        assert address == f"{SERVICES['kafka']['hostname']}:{bound[controller][1]}"

    def test_it_makes_no_topic_by_itself_and_holds_what_it_has_on_its_volume(self) -> None:
        assert self.values["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
        assert f"kafka-data:{self.values['KAFKA_LOG_DIRS']}" in SERVICES["kafka"]["volumes"]
        assert all(spec.replication == 1 for spec in specs(checks.settings_of(environment("topics"))))
        assert all(value == "1" for name, value in self.values.items() if name.endswith(("REPLICATION_FACTOR", "_ISR")))

    @pytest.mark.kafka
    def test_the_images_own_program_makes_a_configuration_of_it_that_kafka_takes(self, tmp_path: Path) -> None:
        """What the image does before it starts the broker: variables to properties, and a formatted folder."""
        home = find_kafka()
        assert home is not None, HINT
        for name in ("default", "mounted", "final"):
            (tmp_path / name).mkdir()
        for file in (home / "config").glob("*.yaml"):
            shutil.copy(file, tmp_path / "default")
        (tmp_path / "default" / "server.properties").write_text("")
        variables = self.values | {"KAFKA_LOG_DIRS": str(tmp_path / "data"), "KAFKA_HEAP_OPTS": "-Xmx128m"}
        # Nothing else of the environment: KAFKA_HOME, say, would become a property.
        own = {name: os.environ[name] for name in ("PATH", "JAVA_HOME") if name in os.environ}
        folders = [
            word for name in ("default", "mounted", "final") for word in (f"--{name}-configs-dir", str(tmp_path / name))
        ]
        done = subprocess.run(
            [str(home / "bin" / "kafka-run-class.sh"), "kafka.docker.KafkaDockerWrapper", "setup", *folders],
            env=own | variables | {"LOG_DIR": str(tmp_path)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = (tmp_path / "final" / "server.properties").read_text().split()
        assert {"auto.create.topics.enable=false", "node.id=1", "inter.broker.listener.name=NETWORK"} <= set(lines)
        assert f"cluster.id={self.values['CLUSTER_ID']}" in (tmp_path / "data" / "meta.properties").read_text()


class TestWatching:
    def test_dashboards_are_for_looking_and_there_is_no_account(self) -> None:
        values = environment("grafana")
        assert values["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
        assert values["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
        assert values["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
        assert environment("kafka-ui")["KAFKA_CLUSTERS_0_READONLY"] == "true"

    @pytest.mark.parametrize(
        ("name", "file"),
        [("prometheus", "deploy/prometheus/prometheus.yml"), ("alertmanager", "deploy/alertmanager/alertmanager.yml")],
    )
    def test_the_configuration_is_where_the_command_looks(self, name: str, file: str) -> None:
        (option,) = [one for one in SERVICES[name]["command"] if one.startswith("--config.file=")]
        assert (ROOT / file).exists()
        assert inside(name, option.removeprefix("--config.file=")) == ROOT / file

    def targets(self, config: list[dict[str, Any]]) -> set[str]:
        """Addresses of all groups of a scrape or alertmanager configuration, in place or in files beside it."""
        found = [group for one in config for group in one.get("static_configs", [])]
        for pattern in [name for one in config for files in one.get("file_sd_configs", []) for name in files["files"]]:
            for file in sorted((ROOT / "deploy/prometheus").glob(pattern)):
                found += yaml.safe_load(file.read_text("utf-8"))
        return {target for group in found for target in group["targets"]}

    def test_prometheus_reads_every_process_of_ours_and_tells_the_alertmanager(self) -> None:
        read = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
        targets = self.targets(read["scrape_configs"])
        assert {"assess:6066", "alert:6067", "canary:6069"} <= targets
        assert {target.partition(":")[0] for target in targets} <= {*SERVICES, "localhost", "127.0.0.1"}
        assert self.targets(read["alerting"]["alertmanagers"]) == {"alertmanager:9093"}

    def test_dashboards_are_where_their_provider_looks(self) -> None:
        files = sorted((ROOT / "deploy/grafana/provisioning/dashboards").glob("*.y*ml"))
        assert files
        for file in files:
            for provider in yaml.safe_load(file.read_text("utf-8"))["providers"]:
                assert inside("grafana", provider["options"]["path"]) == ROOT / "deploy/grafana/dashboards"

    def test_dashboards_ask_prometheus(self) -> None:
        files = sorted((ROOT / "deploy/grafana/provisioning/datasources").glob("*.y*ml"))
        found = [source["url"] for file in files for source in yaml.safe_load(file.read_text("utf-8"))["datasources"]]
        assert "http://prometheus:9090" in found
        assert {url.split("/")[2].partition(":")[0] for url in found} <= set(SERVICES)


def inside(name: str, path: str) -> Path | None:
    """Which file of ours a container sees under this path."""
    for mount in SERVICES[name]["volumes"]:
        source, target, *_ = mount.split(":")
        if source.startswith(".") and (path == target or path.startswith(f"{target}/")):
            return ROOT.joinpath(source, path.removeprefix(target).lstrip("/"))
    return None


class TestOtherPeoplesRules:
    def schema(self) -> Any:
        """The schema of the Compose specification, as check-jsonschema brings it."""
        # Read and not imported: the command of some of its versions wants a newer click than Faust allows.
        try:
            found = distribution("check-jsonschema")
        except PackageNotFoundError:
            pytest.skip("no check-jsonschema")
        (file,) = [one for one in found.files or [] if one.name == "compose-spec.json"]
        schema = json.loads(Path(str(found.locate_file(file))).read_text("utf-8"))
        # Its versions come in more than one dialect.
        return validator_for(schema, default=Draft7Validator)(schema)

    def test_it_is_valid_by_the_compose_specification(self) -> None:
        assert [error.message for error in self.schema().iter_errors(COMPOSE)] == []

    def test_a_misspelt_key_is_not(self) -> None:
        assert list(self.schema().iter_errors(broken(lambda it: it["board"].update(depends_onn={}))))

    @pytest.mark.skipif(tools.find("docker-compose") is None, reason=tools.hint("docker-compose"))
    @pytest.mark.parametrize("profiles", [(), ("demo",), ("tools",), ("demo", "tools")])
    def test_compose_itself_reads_it(self, profiles: tuple[str, ...]) -> None:
        program = tools.find("docker-compose")
        assert program is not None
        chosen = [word for profile in profiles for word in ("--profile", profile)]
        command = [program, "-f", str(FILE), *chosen, "config", "--format", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        made = json.loads(done.stdout)["services"]
        assert set(made) == {
            name for name, service in SERVICES.items() if set(service.get("profiles", profiles)) <= set(profiles)
        }
        # What Compose makes of the anchors is what we have looked at.
        for name, service in made.items():
            assert service["read_only"] is True
            assert service["environment"] == environment(name) if name in OURS else True


class TestWhatIsWrongIsFound:
    @pytest.mark.parametrize(
        ("check", "change"),
        [
            (checks.loopback, lambda it: it["board"].update(ports=["6068:6068"])),
            (checks.loopback, lambda it: it["board"].update(ports=["0.0.0.0:6068:6068"])),
            (checks.loopback, lambda it: it["board"].update(ports=[{"target": 6068, "published": 6068}])),
            (checks.loopback, lambda it: it["board"].update(network_mode="host")),
            (health, lambda it: it["assess"].pop("healthcheck")),
            (health, lambda it: it["assess"].update(healthcheck={"disable": True})),
            (health, lambda it: it["topics"].pop("healthcheck")),
            (health, lambda it: it["kafka"]["healthcheck"].pop("timeout")),
            (checks.hardened, lambda it: it["alert"].pop("read_only")),
            (checks.hardened, lambda it: it["alert"].update(cap_drop=["NET_RAW"])),
            (checks.hardened, lambda it: it["alert"].update(cap_add=["SYS_ADMIN"])),
            (checks.hardened, lambda it: it["grafana"].pop("security_opt")),
            (checks.bounded, lambda it: it["assess"].pop("mem_limit")),
            (checks.bounded, lambda it: it["assess"].pop("pids_limit")),
            (checks.bounded, lambda it: it["assess"].pop("logging")),
            (checks.bounded, lambda it: it["assess"].update(tmpfs=["/tmp"])),
            (checks.users, lambda it: it["kafka"].update(user="root")),
            (checks.users, lambda it: it["kafka"].update(user="0:0")),
            (mounted, lambda it: it["grafana"]["volumes"].append("./deploy/no:/no:ro")),
            (mounted, lambda it: it["grafana"]["volumes"].append("./deploy:/deploy")),
            (mounted, lambda it: it["grafana"]["volumes"].append("/var/run/docker.sock:/s:ro")),
            (mounted, lambda it: it["grafana"]["volumes"].append("data:/data")),
            (ordered, lambda it: it["board"].update(depends_on=["kafka"])),
            (ordered, lambda it: it["board"]["depends_on"]["topics"].update(condition="service_started")),
            (ordered, lambda it: it["board"].update(depends_on={"kafka-ui": {"condition": "service_healthy"}})),
        ],
    )
    def test_in_a_service(self, check: Callable[[dict[str, Any]], list[str]], change: Break) -> None:
        assert check(COMPOSE) == []
        assert len(check(broken(change))) == 1

    @pytest.mark.parametrize(
        "image", ["tocsin", "tocsin:latest", "python:3.11", "host:5000/tocsin", "x/y:v3", "x:edge", "x@sha256:0123"]
    )
    def test_in_a_tag(self, image: str) -> None:
        assert len(checks.images([("it", image)])) == 1

    @pytest.mark.parametrize(
        "image", ["a:1.2.3", "host:5000/a/b:v1.2.3", "a:3.11.17-slim-bookworm", "a:1.2.3@sha256:01"]
    )
    def test_a_good_tag_is_none(self, image: str) -> None:
        assert checks.images([("it", image)]) == []

    @pytest.mark.parametrize(
        "change",
        [
            {"TOCSIN_BROKER": "kafka:19092"},
            {"tocsin_brokers": "kafka:19092"},
            {"TOCSIN_PARTITIONS": "many"},
            {"TOCSIN_SASL_MECHANISM": "SCRAM-SHA-512"},
            {"TOCSIN_PRODUCTION": "true"},
            {"TOCSIN_BOARD_PORT": "tcp://10.0.0.1:6068"},
        ],
    )
    def test_in_settings(self, change: dict[str, str]) -> None:
        assert checks.settings_problems("it", environment("assess") | change)

    def test_in_the_time_to_drain(self) -> None:
        assert checks.grace("it", environment("assess"), 100, assess=True)
        slower = environment("assess") | {"TOCSIN_QUEUE_ARTICLES": "17"}
        assert checks.grace("it", slower, 150, assess=True)

    def test_the_environment_of_the_tests_is_not_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOCSIN_BROKERS", "elsewhere:1")
        monkeypatch.setenv("TOCSIN_PARTITIONS", "none")
        assert checks.settings_of({}).brokers == "127.0.0.1:9092"


def test_durations_are_read() -> None:
    assert [checks.seconds(text) for text in ("90s", "2m30s", "3m")] == [90, 150, 180]
