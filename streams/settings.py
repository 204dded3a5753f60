"""Every setting: its name, unit, default, and the checks across settings.

A setting comes from the environment (`TOCSIN_` + its name in capitals), else from a TOML file (`TOCSIN_CONFIG`),
else from the default below. Nothing else in the program reads the environment. Unknown names are refused, so that
a typing mistake is not a silent default. Secrets may come from files and are never printed.
"""

import os
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from streams.checks import conflicts
from streams.errors import SettingsError

__all__ = ["PREFIX", "Settings", "child_environment", "config_file", "from_environment", "kafka_home"]

PREFIX = "TOCSIN_"
_OWN = {f"{PREFIX}CONFIG"}

Bytes = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Port = Annotated[int, Field(ge=0, le=65535)]


class _Environment(EnvSettingsSource):
    """The environment, with lists written as `a,b`."""

    def prepare_field_value(self, field_name: str, field: Any, value: Any, value_is_complex: bool) -> Any:
        if field_name == "articles_topics" and isinstance(value, str):
            return [name.strip() for name in value.split(",") if name.strip()]
        return super().prepare_field_value(field_name, field, value, value_is_complex)


class Settings(BaseSettings):
    """One frozen record, checked as a whole when it is made. Raises SettingsError through `from_environment`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    environment: str = Field(
        "local",
        description="Name of this installation; part of an alert's sender.",
        pattern=r"^[a-z0-9-]{1,32}$",
    )
    production: bool = Field(False, description="Refuse what is only good for development.")
    brokers: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, `host:port`, comma-separated.")
    embedded_broker: bool = Field(False, description="Brokers are the embedded one: work around its defects.")
    articles_topics: Annotated[tuple[str, ...], NoDecode] = Field(
        ("articles",), description="Input topics, comma-separated.", min_length=1
    )
    assessments_topic: str = Field("assessments", description="Between the two stages, keyed by country.")
    alerts_topic: str = Field("alerts", description="Output, read by bots.")
    feedback_topic: str = Field("feedback", description="What people say of alerts.")
    audit_topic: str | None = Field(
        None, description="If set: one record per article with its outcome, before the ack."
    )
    partitions: int = Field(4, description="Partitions of topics that `tocsin topics create` makes.", ge=1, le=1000)
    replication: int = Field(1, description="Copies of each partition that `tocsin topics create` asks for.", ge=1)
    retention_hours: float = Field(168, description="Retention of the topics made (hours).", gt=0)

    tls: bool = Field(False, description="Speak TLS to the brokers.")
    tls_ca_file: Path | None = Field(None, description="CA certificates (PEM); default: the system's.")
    tls_cert_file: Path | None = Field(None, description="Client certificate (PEM).")
    tls_key_file: Path | None = Field(None, description="Client key (PEM).")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        None, description="SASL mechanism."
    )
    sasl_username: str | None = Field(None, description="SASL user.")
    sasl_password: SecretStr | None = Field(None, description="SASL password; better: the next one.")
    sasl_password_file: Path | None = Field(None, description="File that holds the SASL password.")
    allow_sasl_without_tls: bool = Field(False, description="Allow credentials in clear.")

    session_timeout: Seconds = Field(15, description="Kafka session timeout (seconds).")
    heartbeat_interval: Seconds = Field(3, description="Kafka heartbeat interval (seconds).")
    rebalance_timeout: Seconds = Field(300, description="Longest that a rebalance waits for us (seconds).")
    commit_interval: Seconds = Field(0.5, description="Between commits (seconds): about what a kill repeats.")
    publish_timeout: Seconds = Field(20, description="Producer request timeout (seconds), at most 30.", le=30)
    input_message_bytes: Bytes = Field(1_048_588, description="`max.message.bytes` of the input topics.")
    fetch_bytes: Bytes = Field(2_097_152, description="Fetch size per partition (bytes).")
    request_bytes: Bytes = Field(2_162_688, description="Largest request that the producer sends (bytes).")
    article_bytes: Bytes = Field(1_048_576, description="Largest article that is read; above: dead letter `oversized`.")
    buffer_records: int = Field(64, description="Records that Faust may hold per topic before fetching pauses.", ge=4)

    queue_articles: int = Field(16, description="Articles waiting to be prepared.", ge=1)
    batch_articles: int = Field(16, description="Most articles in one batch.", ge=1)
    batch_tokens: int = Field(2048, description="Padded tokens that close a batch.", ge=64)
    batch_wait: Annotated[float, Field(ge=0)] = Field(0.02, description="Longest wait for a batch to fill (seconds).")
    article_sentences: int = Field(200, description="Most sentences scored of one article; the rest is counted.", ge=1)
    slowest_sentences: float = Field(
        80, description="Sentences a second that the slowest machine manages; for the drain check.", gt=0
    )
    torch_threads: int | None = Field(
        None, description="Threads of the classifier; default: cores - 1, at least 1.", ge=1
    )
    weights: Path | None = Field(None, description="Folder with other weights than the shipped ones.")
    shadow_weights: Path | None = Field(
        None, description="Folder with weights to try: scored and compared, never published."
    )

    policy_file: Path | None = Field(None, description="TOML that replaces the shipped alert policy.")
    sources_file: Path | None = Field(None, description="TOML that replaces the shipped table of publishers.")
    stale_hours: float = Field(72, description="Older articles (by a date) give no alert (hours).", gt=0)
    tick_interval: Seconds = Field(60, description="Between ticks on the assessments topic (seconds).")
    dead_letter_run: int = Field(200, description="Consecutive dead letters of a partition that stop the worker.", ge=2)
    dead_letter_ratio: float = Field(
        0.5, description="Share of dead letters, of the last 1,000, that stops it.", gt=0, le=1
    )

    web_bind: str = Field("127.0.0.1", description="Address of /metrics, /livez, /readyz, and of the board.")
    assess_port: Port = Field(6066, description="Port of the assess stage; 0: any free one.")
    alert_port: Port = Field(6067, description="Port of the alert stage; 0: any free one.")
    board_port: Port = Field(6068, description="Port of `tocsin board`; 0: any free one.")
    board_hours: float = Field(168, description="How far back the board reads when it starts (hours).", gt=0)
    canary_port: Port = Field(6069, description="Port of `tocsin canary`; 0: any free one.")
    canary_interval: Seconds = Field(60, description="Between the canary's test articles (seconds).")
    stuck_after: Seconds = Field(120, description="No progress for so long with work at hand: /livez fails (seconds).")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log line written."
    )
    data_dir: Path = Field(Path("/tmp/tocsin"), description="Faust's scratch folder; holds nothing of value.")  # noqa: S108

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (
            init_settings,
            _Environment(settings_cls),
            TomlConfigSettingsSource(settings_cls, toml_file=config_file()),
        )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        found = conflicts(self)
        if found:
            raise ValueError("; ".join(found))
        return self

    @property
    def servers(self) -> list[str]:
        """Bootstrap servers as `host:port`."""
        return [server.strip() for server in self.brokers.split(",") if server.strip()]

    @property
    def changelog_topic(self) -> str:
        """Changelog of the incident table, by Faust's naming: app id, table, `changelog`."""
        return "tocsin-alert-incidents-changelog"

    def password(self) -> str | None:
        """The SASL password, from its setting or its file. Raises SettingsError if the file can't be read."""
        if self.sasl_password is not None:
            return self.sasl_password.get_secret_value()
        if self.sasl_password_file is None:
            return None
        try:
            return self.sasl_password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise SettingsError(f"TOCSIN_SASL_PASSWORD_FILE can't be read ({why}): {self.sasl_password_file}") from None


def config_file() -> Path | None:
    """The settings file that the environment names, if any."""
    name = os.environ.get(f"{PREFIX}CONFIG")
    return Path(name) if name else None


def kafka_home() -> Path | None:
    """Folder of an Apache Kafka for tests and faults: `KAFKA_HOME`, if set."""
    name = os.environ.get("KAFKA_HOME")
    return Path(name) if name else None


def child_environment() -> dict[str, str]:
    """The environment that a process of ours needs (PATH, locale, library paths), without any setting of ours."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}


def _check_file(path: Path) -> None:
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the settings file {path} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"the settings file {path} is not TOML: {error}") from error


def from_environment(**overrides: Any) -> Settings:
    """Settings from the environment over the settings file over the defaults; `overrides` beat all three.

    Raises SettingsError with every problem found, one sentence each.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | _OWN
    strangers = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if strangers:
        raise SettingsError(f"unknown setting in the environment: {', '.join(strangers)}; see `tocsin config show`")
    path = config_file()
    if path:
        _check_file(path)
    try:
        return Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"])
        message = problem["msg"].removeprefix("Value error, ")
        problems.append(f"{PREFIX}{name.upper()}: {message}" if name else message)
    return "; ".join(problems)
