"""Settings: where they come from, which one wins, what is refused, and that secrets stay secret."""

import ast
import os
from pathlib import Path
from typing import Any

import pytest

import streams
from streams.checks import ENVELOPE_BYTES, conflicts, worst_drain
from streams.errors import SettingsError
from streams.settings import Settings, child_environment, config_file, from_environment, kafka_home

ROOT = Path(streams.__file__).parents[1]
SASL = {"sasl_mechanism": "PLAIN", "sasl_username": "bot", "sasl_password": "hunter2-secret"}


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.upper().startswith("TOCSIN_"):
            monkeypatch.delenv(name)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "tocsin.toml"
    monkeypatch.setenv("TOCSIN_CONFIG", str(path))
    return path


def test_defaults_agree_with_each_other() -> None:
    settings = from_environment()
    assert conflicts(settings) == []
    assert settings.articles_topics == ("articles",)
    assert settings.servers == ["127.0.0.1:9092"]
    assert settings.web_bind == "127.0.0.1"
    assert settings.password() is None


def test_every_setting_says_what_it_is() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name


def test_settings_are_frozen() -> None:
    with pytest.raises(ValueError, match="frozen"):
        from_environment().brokers = "other:9092"


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("TOCSIN_BROKERS", "a:1, b:2", "servers", ["a:1", "b:2"]),
        ("TOCSIN_ARTICLES_TOPICS", "news", "articles_topics", ("news",)),
        ("TOCSIN_ARTICLES_TOPICS", "news, wire,,", "articles_topics", ("news", "wire")),
        ("TOCSIN_TLS", "true", "tls", True),
        ("TOCSIN_TORCH_THREADS", "2", "torch_threads", 2),
        ("TOCSIN_BATCH_WAIT", "0", "batch_wait", 0.0),
        ("TOCSIN_POLICY_FILE", "/etc/policy.toml", "policy_file", Path("/etc/policy.toml")),
        ("TOCSIN_AUDIT_TOPIC", "audit", "audit_topic", "audit"),
    ],
)
def test_environment_is_parsed(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: object
) -> None:
    monkeypatch.setenv(variable, text)
    assert getattr(from_environment(), name) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TOCSIN_PARTITIONS", "many"),
        ("TOCSIN_PARTITIONS", "0"),
        ("TOCSIN_ASSESS_PORT", "65536"),
        ("TOCSIN_PUBLISH_TIMEOUT", "31"),
        ("TOCSIN_DEAD_LETTER_RATIO", "1.5"),
        ("TOCSIN_LOG_LEVEL", "LOUD"),
        ("TOCSIN_ENVIRONMENT", "No Spaces"),
        ("TOCSIN_ARTICLES_TOPICS", " , "),
        ("TOCSIN_SASL_MECHANISM", "GSSAPI"),
    ],
)
def test_a_wrong_value_is_refused_under_its_variable(monkeypatch: pytest.MonkeyPatch, variable: str, text: str) -> None:
    monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsError, match=variable):
        from_environment()


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PARTITIONS", "0")
    monkeypatch.setenv("TOCSIN_LOG_LEVEL", "LOUD")
    with pytest.raises(SettingsError, match=r"TOCSIN_PARTITIONS.*TOCSIN_LOG_LEVEL"):
        from_environment()


def test_unknown_variables_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_BROKER", "a:1")
    monkeypatch.setenv("TOCSIN_ZEBRA", "1")
    with pytest.raises(SettingsError, match=r"TOCSIN_BROKER, TOCSIN_ZEBRA"):
        from_environment()


def test_variables_of_others_are_none_of_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSINX", "1")
    monkeypatch.setenv("BROKERS", "a:1")
    assert from_environment().brokers == "127.0.0.1:9092"


def test_a_mistake_in_lower_case_is_refused_where_lower_case_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("tocsin_partitions", "7")
    assert from_environment().partitions == 7  # so lower case counts, and a slip in it must not be silent
    monkeypatch.setenv("tocsin_partition", "8")
    with pytest.raises(SettingsError, match=r"(?i)tocsin_partition"):
        from_environment()


def test_a_toml_file_sets_what_it_names(config: Path) -> None:
    config.write_text('articles_topics = ["news", "wire"]\npartitions = 9\ntls = true\n')
    settings = from_environment()
    assert (settings.articles_topics, settings.partitions, settings.tls) == (("news", "wire"), 9, True)
    assert settings.brokers == "127.0.0.1:9092"
    assert config_file() == config


def test_override_beats_environment_beats_file_beats_default(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.model_fields["partitions"].default == 4
    config.write_text("partitions = 5\n")
    assert from_environment().partitions == 5
    monkeypatch.setenv("TOCSIN_PARTITIONS", "6")
    assert from_environment().partitions == 6
    assert from_environment(partitions=7).partitions == 7


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"zebra = 1\n", "TOCSIN_ZEBRA"),
        (b"partitions = 0\n", "TOCSIN_PARTITIONS"),
        (b"partitions = \n", "is not TOML"),
        (b'brokers = "\xff"\n', "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused(config: Path, text: bytes, says: str) -> None:
    config.write_bytes(text)
    with pytest.raises(SettingsError, match=says):
        from_environment()


def test_a_missing_file_is_named(config: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read") as caught:
        from_environment()
    assert str(config) in str(caught.value)


RULES: list[tuple[dict[str, Any], str]] = [
    ({"queue_articles": 400}, "draining can take"),
    ({"rebalance_timeout": 100}, "TOCSIN_REBALANCE_TIMEOUT"),
    ({"heartbeat_interval": 6}, "at most a third of TOCSIN_SESSION_TIMEOUT"),
    ({"fetch_bytes": 1_000_000}, "TOCSIN_FETCH_BYTES must be at least"),
    ({"request_bytes": 1_048_588 + ENVELOPE_BYTES - 1}, "TOCSIN_REQUEST_BYTES must be at least"),
    (SASL, "SASL without TLS"),
    ({"sasl_mechanism": "PLAIN", "tls": True}, "needs TOCSIN_SASL_USERNAME"),
    ({"sasl_mechanism": "PLAIN", "tls": True, "sasl_username": "bot"}, "TOCSIN_SASL_PASSWORD_FILE"),
    ({"tls_cert_file": Path("cert.pem")}, "go together"),
    ({"tls_key_file": Path("key.pem")}, "go together"),
    ({"articles_topics": ("alerts",)}, "topic alerts is named twice"),
    ({"articles_topics": ("news", "news")}, "topic news is named twice"),
    ({"audit_topic": "feedback"}, "topic feedback is named twice"),
    ({"articles_topics": ("news", "news.dlq")}, "news.dlq is a dead-letter topic"),
    ({"production": True, "replication": 3, "embedded_broker": True}, "TOCSIN_EMBEDDED_BROKER"),
    ({"production": True, "replication": 3, "web_bind": "10.0.0.7"}, "TOCSIN_WEB_BIND"),
    ({"production": True, "replication": 1}, "TOCSIN_REPLICATION must be at least 2"),
]


@pytest.mark.parametrize(("changes", "says"), RULES)
@pytest.mark.requirement(12)
def test_every_rule_speaks_and_speaks_alone(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(**changes)
    assert says in str(caught.value)
    assert "; " not in str(caught.value), "another rule spoke too"


@pytest.mark.parametrize(
    "changes",
    [
        {"heartbeat_interval": 5, "session_timeout": 15},
        {"fetch_bytes": 1_048_588},
        {"request_bytes": 1_048_588 + ENVELOPE_BYTES},
        {**SASL, "tls": True},
        {**SASL, "allow_sasl_without_tls": True},
        {"sasl_mechanism": "PLAIN", "sasl_username": "bot", "sasl_password_file": Path("secret"), "tls": True},
        {"tls_cert_file": Path("cert.pem"), "tls_key_file": Path("key.pem")},
        {"production": True, "replication": 2},
        {"production": True, "replication": 2, "web_bind": "0.0.0.0"},
        {"embedded_broker": True, "replication": 1, "web_bind": "10.0.0.7"},
    ],
)
def test_what_the_rules_allow(changes: dict[str, Any]) -> None:
    assert conflicts(from_environment(**changes)) == []


def test_all_broken_rules_are_told_together() -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(heartbeat_interval=6, tls_key_file=Path("key.pem"), fetch_bytes=1)
    assert str(caught.value).count("; ") == 2


def test_the_drain_is_what_can_be_in_hand() -> None:
    settings = from_environment(
        queue_articles=10, batch_articles=5, article_sentences=40, slowest_sentences=20, publish_timeout=7
    )
    assert worst_drain(settings) == pytest.approx((10 + 2 * 5) * 40 / 20 + 7)


@pytest.mark.requirement(18)
def test_a_password_is_masked_everywhere() -> None:
    settings = from_environment(**SASL, tls=True)
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert "hunter2" not in shown
    assert settings.password() == "hunter2-secret"


def test_a_password_is_in_no_error() -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment(**SASL, partitions=0)
    assert "hunter2" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        from_environment(**SASL)
    assert "hunter2" not in str(caught.value)


def test_a_password_comes_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("  from-the-file\n")
    settings = from_environment(sasl_mechanism="PLAIN", sasl_username="bot", tls=True, sasl_password_file=path)
    assert settings.password() == "from-the-file"
    assert "from-the-file" not in repr(settings)
    both = from_environment(**SASL, tls=True, sasl_password_file=path)
    assert both.password() == "hunter2-secret"


def test_a_missing_password_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"TOCSIN_SASL_PASSWORD_FILE can't be read"):
        from_environment(sasl_password_file=tmp_path / "none").password()


def test_a_password_file_that_is_no_text_is_a_settings_error(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError):
        from_environment(sasl_password_file=path).password()


def test_a_child_gets_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_SASL_PASSWORD", "hunter2-secret")
    monkeypatch.setenv("OTHER", "1")
    child = child_environment()
    assert child["OTHER"] == "1"
    assert not [name for name in child if name.startswith("TOCSIN_")]


def test_kafka_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_HOME", raising=False)
    assert kafka_home() is None
    monkeypatch.setenv("KAFKA_HOME", "/opt/kafka")
    assert kafka_home() == Path("/opt/kafka")


def readers_of_the_environment(source: str) -> list[int]:
    """Lines of `source` that reach for the environment, under whatever name."""
    taboo = {"environ", "environb", "getenv", "getenvb", "putenv"}
    found = []
    for node in ast.walk(ast.parse(source)):
        if (isinstance(node, ast.Attribute) and node.attr in taboo) or (
            isinstance(node, ast.ImportFrom) and node.module == "os" and taboo & {name.name for name in node.names}
        ):
            found.append(node.lineno)
    return found


def test_the_scan_sees_what_it_looks_for() -> None:
    assert readers_of_the_environment("import os\nos.getenv('A')\nos.environ['A']\n") == [2, 3]
    assert readers_of_the_environment("from os import environ as e\n") == [1]
    assert readers_of_the_environment("import os\nos.cpu_count()\n") == []


def test_nothing_else_reads_the_environment() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for room in ("streams", "models")
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in readers_of_the_environment(path.read_text("utf-8"))
        if path != ROOT / "streams" / "settings.py"
    }
    assert found == set()
