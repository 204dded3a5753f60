"""deploy/kubernetes: the base, and what the production overlay makes of it."""

import copy
import json
import re
import subprocess
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from streams.settings import Settings
from tests.deploy import checks, tools
from tests.deploy import checks_kubernetes as k8s
from tests.deploy.checks import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
BASE, PRODUCTION = FOLDER / "base", FOLDER / "overlays" / "production"
SCHEMAS = ROOT / "deploy" / "schemas"
CUSTOM = ("PodMonitor", "ScaledObject", "TriggerAuthentication")
VERSION = "1.37"
NO_KUSTOMIZE = "no kustomize or kubectl: put one on PATH, or set TOOLS_HOME to the folder that has it"

Documents = list[dict[str, Any]]
Check = Callable[[Documents], list[str]]
Break = Callable[[dict[str, Any]], object]

CHECKS: tuple[Check, ...] = (
    k8s.hardened,
    k8s.tokenless,
    k8s.probed,
    k8s.resourced,
    k8s.spread,
    k8s.placed,
    k8s.network,
    k8s.scaled,
    k8s.monitored,
)


def variables(file: Path) -> dict[str, str]:
    """Settings in a file of lines NAME=value."""
    lines = [line for line in file.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


@cache
def _plain() -> str:
    """The base without kustomize: its files, one namespace, and the settings as a ConfigMap."""
    kustomization = yaml.safe_load((BASE / "kustomization.yaml").read_text("utf-8"))
    found = []
    for name in kustomization["resources"]:
        found += list(yaml.safe_load_all((BASE / name).read_text("utf-8")))
    data = variables(BASE / "settings.env")
    found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "tocsin-settings"}, "data": data})
    for one in found:
        if one["kind"] != "Namespace":
            one["metadata"]["namespace"] = kustomization["namespace"]
    return json.dumps(found)


@cache
def _built(folder: Path) -> str:
    kustomize, kubectl = tools.find("kustomize"), tools.find("kubectl")
    if kustomize is None and kubectl is None:
        pytest.skip(NO_KUSTOMIZE)
    command = [kustomize, "build", str(folder)] if kustomize else [str(kubectl), "kustomize", str(folder)]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "kustomize warns"
    return done.stdout


def documents_of(which: str) -> Documents:
    """`files`: the base as it is written; `base` and `production`: as kustomize makes them."""
    if which == "files":
        return list(json.loads(_plain()))
    return list(yaml.safe_load_all(_built(BASE if which == "base" else PRODUCTION)))


@pytest.fixture(params=["files", "base", "production"])
def documents(request: pytest.FixtureRequest) -> Documents:
    return documents_of(request.param)


def schema_of(kind: str, version: str) -> Path:
    """Where the schema of a custom resource is, by the name that kubeconform expects."""
    group, _, number = version.partition("/")
    return SCHEMAS / f"{kind.lower()}-{group.partition('.')[0]}-{number}.json"


def problems(one: dict[str, Any]) -> list[str]:
    """What a schema says about one document: Kubernetes' own, strict, or ours for a custom resource."""
    if one["kind"] in CUSTOM:
        schema = json.loads(schema_of(one["kind"], one["apiVersion"]).read_text("utf-8"))
        return [error.message for error in Draft202012Validator(schema).iter_errors(one)]
    validator = pytest.importorskip("kubernetes_validate")
    try:
        validator.validate(one, VERSION, strict=True)
    except validator.ValidationError as error:
        return [str(error.message)]
    return []


def test_all_of_it_is_there(documents: Documents) -> None:
    assert set(k8s.of_kind(documents, "Deployment")) == {f"tocsin-{name}" for name in k8s.COMPONENTS}
    for kind in ("Namespace", "ServiceAccount", "ConfigMap", "PodDisruptionBudget", "NetworkPolicy", "ScaledObject"):
        assert k8s.of_kind(documents, kind), kind
    assert not k8s.of_kind(documents, "Secret"), "no secret is in a repository"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_is_as_it_should_be(documents: Documents, check: Check) -> None:
    assert check(documents) == []


def test_every_document_is_valid_by_its_schema(documents: Documents) -> None:
    assert {one["metadata"]["name"]: found for one in documents if (found := problems(one))} == {}


def test_every_environment_makes_settings(documents: Documents) -> None:
    for name, environment in k8s.environments(documents).items():
        assert checks.settings_problems(name, environment) == []


def test_every_image_has_the_same_exact_tag(documents: Documents) -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
    found = {
        name: k8s.container_of(one["spec"]["template"]["spec"])["image"]
        for name, one in k8s.of_kind(documents, "Deployment").items()
    }
    assert checks.images(found.items()) == []
    assert {checks.tag_of(image) for image in found.values()} == {checks.tag_of(compose["services"]["assess"]["image"])}
    assert len(set(found.values())) == 1


def test_every_user_is_that_of_the_image(documents: Documents) -> None:
    said = re.findall(r"^USER (\d+):(\d+)$", (ROOT / "deploy" / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    for one in k8s.of_kind(documents, "Deployment").values():
        context = one["spec"]["template"]["spec"]["securityContext"]
        assert said == [(str(context["runAsUser"]), str(context["runAsGroup"]))]


@pytest.mark.parametrize("stage", ["assess", "alert"])
def test_a_worker_has_time_to_drain(documents: Documents, stage: str) -> None:
    name = f"tocsin-{stage}"
    given = k8s.named(documents, "Deployment", name)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert given >= 90
    assert checks.grace(name, k8s.environments(documents)[name], given, assess=stage == "assess") == []


def test_a_silent_worker_is_found_by_its_own_page_first(documents: Documents) -> None:
    """/livez fails after TOCSIN_STUCK_AFTER; a probe must not be quicker than a slow answer, nor take minutes more."""
    for one in k8s.of_kind(documents, "Deployment").values():
        probe = k8s.container_of(one["spec"]["template"]["spec"])["livenessProbe"]
        assert 30 <= probe["periodSeconds"] * probe["failureThreshold"] <= 120


def test_a_secret_is_a_file_and_each_process_has_its_own(documents: Documents) -> None:
    names = set()
    for name, one in k8s.of_kind(documents, "Deployment").items():
        pod = one["spec"]["template"]["spec"]
        (secret,) = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]
        assert secret["secretName"] == name.replace("tocsin-", "tocsin-kafka-")
        assert secret["defaultMode"] == 0o440
        container = k8s.container_of(pod)
        (mount,) = [volume for volume in container["volumeMounts"] if volume["name"] == "kafka"]
        assert mount["readOnly"] is True
        references = [variable["valueFrom"]["secretKeyRef"] for variable in container["env"] if "valueFrom" in variable]
        assert [(one["name"], one["key"]) for one in references] == [(secret["secretName"], "username")]
        names.add(secret["secretName"])
        settings = checks.settings_of(k8s.environments(documents)[name])
        for path in (settings.sasl_password_file, settings.tls_ca_file):
            assert path is None or str(path.parent) == mount["mountPath"]
    assert len(names) == len(k8s.COMPONENTS)


def test_no_password_is_a_variable(documents: Documents) -> None:
    for environment in k8s.environments(documents).values():
        assert "TOCSIN_SASL_PASSWORD" not in environment


def test_jobs_are_those_that_rules_and_dashboards_know(documents: Documents) -> None:
    file = ROOT / "deploy" / "prometheus" / "targets" / "compose.yml"
    jobs = {group["labels"]["job"] for group in yaml.safe_load(file.read_text("utf-8"))}
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in k8s.of_kind(documents, "Deployment").values()]
    assert {f"tocsin-{labels['app.kubernetes.io/component']}" for labels in pods} <= jobs


class TestProduction:
    def settings(self) -> Settings:
        secret = {"TOCSIN_SASL_USERNAME": "from-a-secret"}
        both = variables(BASE / "settings.env") | variables(PRODUCTION / "settings.env") | secret
        assert checks.settings_problems("production", both) == []
        return checks.settings_of(both)

    def test_it_is_for_real(self) -> None:
        settings = self.settings()
        assert settings.production
        assert settings.tls
        assert settings.tls_ca_file is not None
        assert settings.sasl_mechanism == "SCRAM-SHA-512"
        assert settings.sasl_password_file is not None
        assert settings.replication == 3
        assert not settings.allow_sasl_without_tls

    def test_kustomize_makes_the_same_settings(self) -> None:
        found = {
            name: checks.settings_of(environment)
            for name, environment in k8s.environments(documents_of("production")).items()
        }
        assert {one.model_copy(update={"torch_threads": None}) for one in found.values()} == {self.settings()}

    def test_changed_settings_are_rolled_out(self) -> None:
        (name,) = k8s.of_kind(documents_of("production"), "ConfigMap")
        assert re.fullmatch(r"tocsin-settings-[a-z0-9]{10}", name)

    def test_more_than_one_worker_of_each_stage(self) -> None:
        found = documents_of("production")
        assert k8s.named(found, "Deployment", "tocsin-alert")["spec"]["replicas"] >= 2
        assert k8s.named(found, "ScaledObject", "tocsin-assess")["spec"]["minReplicaCount"] >= 2

    def test_all_of_the_scalers_password_is_there(self) -> None:
        one = k8s.named(documents_of("production"), "TriggerAuthentication", "tocsin-kafka-scaler")
        assert {ref["parameter"] for ref in one["spec"]["secretTargetRef"]} == {"username", "password", "ca"}


@pytest.mark.skipif(tools.find("kubeconform") is None, reason=tools.hint("kubeconform"))
@pytest.mark.parametrize("which", ["base", "production"])
def test_kubeconform_finds_nothing(which: str, tmp_path: Path) -> None:
    pytest.importorskip("kubernetes_validate")
    program = tools.find("kubeconform")
    assert program is not None
    text = _built(BASE if which == "base" else PRODUCTION)
    _copy_schemas({(one["kind"], one["apiVersion"]) for one in documents_of(which)}, tmp_path)
    places = [
        word
        for folder in (tmp_path, SCHEMAS)
        for word in ("-schema-location", f"{folder}/{{{{ .ResourceKind }}}}{{{{ .KindSuffix }}}}.json")
    ]
    done = subprocess.run([program, "-strict", *places, "-"], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _copy_schemas(kinds: set[tuple[str, str]], target: Path) -> None:
    """Kubernetes' schemas for these kinds, with references that lead to a file."""
    package = files("kubernetes_validate").joinpath("kubernetes-json-schema")
    folder = package.joinpath(f"v{VERSION}.0-local-strict")
    wanted = ["_definitions.json"]
    for kind, version in kinds:
        group, _, number = version.rpartition("/")
        if kind not in CUSTOM:
            wanted.append("-".join(filter(None, (kind.lower(), group.partition(".")[0], number))) + ".json")
    for name in wanted:
        text = folder.joinpath(name).read_text("utf-8")
        text = text.replace("/api/_definitions.json", f"{target.as_uri()}/_definitions.json")
        (target / name).write_text(text, "utf-8")


@pytest.mark.parametrize("file", sorted(SCHEMAS.glob("*.json")), ids=lambda file: file.stem)
def test_a_schema_of_ours_is_one_and_knows_no_other_names(file: Path) -> None:
    schema = json.loads(file.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)

    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, list):
            return [found for one in node for found in objects(one)]
        if not isinstance(node, dict):
            return []
        own = [node] if node.get("type") == "object" else []
        return own + [found for one in node.values() for found in objects(one)]

    assert objects(schema)
    assert all("additionalProperties" in one for one in objects(schema))


class TestWhatIsWrongIsFound:
    def broken(self, kind: str, name: str, change: Break) -> Documents:
        """The base with one thing wrong."""
        found = copy.deepcopy(documents_of("files"))
        (one,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name)]
        change(one)
        return found

    @pytest.mark.parametrize(
        ("check", "change"),
        [
            (k8s.hardened, lambda pod: pod.pop("securityContext")),
            (k8s.hardened, lambda pod: pod["securityContext"].pop("seccompProfile")),
            (k8s.hardened, lambda pod: pod["containers"][0].pop("securityContext")),
            (k8s.hardened, lambda pod: pod["containers"][0]["securityContext"].update(readOnlyRootFilesystem=False)),
            (k8s.hardened, lambda pod: pod["containers"][0]["securityContext"]["capabilities"].update(add=["NET_RAW"])),
            (k8s.hardened, lambda pod: pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})),
            (k8s.hardened, lambda pod: pod.update(hostNetwork=True)),
            (k8s.tokenless, lambda pod: pod.pop("automountServiceAccountToken")),
            (k8s.tokenless, lambda pod: pod.pop("enableServiceLinks")),
            (k8s.tokenless, lambda pod: pod.pop("serviceAccountName")),
            (k8s.probed, lambda pod: pod["containers"][0].pop("startupProbe")),
            (k8s.probed, lambda pod: pod["containers"][0].pop("livenessProbe")),
            (k8s.probed, lambda pod: pod["containers"][0]["livenessProbe"]["httpGet"].update(path="/readyz")),
            (k8s.probed, lambda pod: pod["containers"][0]["ports"][0].update(containerPort=6067)),
            (k8s.resourced, lambda pod: pod["containers"][0].pop("resources")),
            (k8s.resourced, lambda pod: pod["containers"][0]["resources"]["limits"].update(cpu="1")),
            (k8s.resourced, lambda pod: pod["volumes"][0].update(emptyDir={})),
            (k8s.spread, lambda pod: pod.pop("topologySpreadConstraints")),
            (k8s.scaled, lambda pod: pod["containers"][0]["env"].append({"name": "TOCSIN_PARTITIONS", "value": "8"})),
        ],
    )
    def test_in_a_pod(self, check: Check, change: Break) -> None:
        found = self.broken("Deployment", "tocsin-assess", lambda one: change(one["spec"]["template"]["spec"]))
        assert check(documents_of("files")) == []
        assert check(found) != []

    @pytest.mark.parametrize(
        ("check", "kind", "name", "change"),
        [
            (k8s.spread, "Deployment", "tocsin-alert", lambda one: one["spec"].pop("strategy")),
            (k8s.spread, "PodDisruptionBudget", "tocsin-alert", lambda one: one["spec"].update(maxUnavailable=0)),
            (k8s.spread, "PodDisruptionBudget", "tocsin-alert", lambda one: one["spec"].update(selector={})),
            (k8s.placed, "Namespace", "tocsin", lambda one: one["metadata"].pop("labels")),
            (k8s.placed, "Deployment", "tocsin-alert", lambda one: one["metadata"].update(namespace="default")),
            (k8s.tokenless, "ServiceAccount", "tocsin", lambda one: one.pop("automountServiceAccountToken")),
            (k8s.network, "NetworkPolicy", "nothing", lambda one: one["spec"].update(policyTypes=["Ingress"])),
            (k8s.network, "NetworkPolicy", "kafka", lambda one: one["spec"]["egress"][0].pop("to")),
            (k8s.network, "NetworkPolicy", "kafka", lambda one: one["spec"]["egress"][0]["ports"][0].update(port=9093)),
            (k8s.network, "NetworkPolicy", "metrics", lambda one: one["spec"]["ingress"][0].pop("from")),
            (k8s.network, "NetworkPolicy", "metrics", lambda one: one["spec"]["ingress"][0]["ports"].pop()),
            (k8s.network, "ConfigMap", "tocsin-settings", lambda one: one["data"].update(TOCSIN_BROKERS="kafka:9999")),
            (k8s.scaled, "ScaledObject", "tocsin-assess", lambda one: one["spec"].update(maxReplicaCount=5)),
            (k8s.scaled, "ScaledObject", "tocsin-assess", lambda one: one["spec"].update(minReplicaCount=0)),
            (
                k8s.scaled,
                "ScaledObject",
                "tocsin-assess",
                lambda one: one["spec"]["triggers"][0]["metadata"].update(offsetResetPolicy="latest"),
            ),
            (k8s.scaled, "ConfigMap", "tocsin-settings", lambda one: one["data"].update(TOCSIN_TLS="true")),
            (k8s.scaled, "Deployment", "tocsin-assess", lambda one: one["spec"].update(replicas=2)),
            (
                k8s.monitored,
                "PodMonitor",
                "tocsin",
                lambda one: one["spec"]["podMetricsEndpoints"][0].update(port="web"),
            ),
            (k8s.monitored, "PodMonitor", "tocsin", lambda one: one["spec"]["selector"]["matchLabels"].update(a="b")),
            (
                k8s.monitored,
                "PodMonitor",
                "tocsin",
                lambda one: one["spec"]["podMetricsEndpoints"][0].pop("relabelings"),
            ),
        ],
    )
    def test_in_anything_else(self, check: Check, kind: str, name: str, change: Break) -> None:
        assert check(self.broken(kind, name, change)) != []

    def test_in_the_name_of_a_setting(self) -> None:
        found = self.broken("ConfigMap", "tocsin-settings", lambda one: one["data"].update(TOCSIN_BROKER="kafka:9092"))
        for name, environment in k8s.environments(found).items():
            assert checks.settings_problems(name, environment) == [f"{name}: unknown settings TOCSIN_BROKER"]

    @pytest.mark.parametrize(
        ("kind", "name", "change"),
        [
            ("Deployment", "tocsin-alert", lambda one: one["spec"].update(replica=2)),
            ("Deployment", "tocsin-alert", lambda one: one["spec"].update(replicas="2")),
            ("NetworkPolicy", "kafka", lambda one: one["spec"].update(egres=[])),
            ("PodDisruptionBudget", "tocsin-alert", lambda one: one["spec"].update(maxUnavailble=1)),
            ("ScaledObject", "tocsin-assess", lambda one: one["spec"].update(minReplicas=1)),
            (
                "ScaledObject",
                "tocsin-assess",
                lambda one: one["spec"]["triggers"][0]["metadata"].update(lagTreshold="10"),
            ),
            (
                "ScaledObject",
                "tocsin-assess",
                lambda one: one["spec"]["triggers"][0]["metadata"].update(lagThreshold=360),
            ),
            ("PodMonitor", "tocsin", lambda one: one["spec"]["podMetricsEndpoints"][0].update(intervall="15s")),
        ],
    )
    def test_in_a_name_or_type_of_a_field(self, kind: str, name: str, change: Break) -> None:
        found = self.broken(kind, name, change)
        (one,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name)]
        assert problems(one) != []
