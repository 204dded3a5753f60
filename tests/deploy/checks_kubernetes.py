"""What must be so of the Kubernetes manifests, as functions of parsed documents, like `checks`."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from streams.settings import Settings
from tests.deploy.checks import settings_of

__all__ = [
    "COMPONENTS",
    "PORTS",
    "container_of",
    "environments",
    "hardened",
    "monitored",
    "named",
    "network",
    "of_kind",
    "placed",
    "probed",
    "resourced",
    "scaled",
    "spread",
    "tokenless",
]

COMPONENTS: Final = ("alert", "assess", "canary")
PORTS: Final = {name: Settings.model_fields[f"{name}_port"].get_default() for name in COMPONENTS}
"""Where each process listens if no setting says otherwise."""

_GROUP = "tocsin-assess"

Document = Mapping[str, Any]
Documents = Sequence[Document]


def of_kind(documents: Documents, kind: str) -> dict[str, Document]:
    """All documents of a kind, by name."""
    return {one["metadata"]["name"]: one for one in documents if one["kind"] == kind}


def named(documents: Documents, kind: str, name: str) -> Document:
    """One document."""
    return of_kind(documents, kind)[name]


def _pods(documents: Documents) -> dict[str, Document]:
    return {name: one["spec"]["template"]["spec"] for name, one in of_kind(documents, "Deployment").items()}


def container_of(pod: Document) -> Document:
    """The one container of a pod."""
    (found,) = pod["containers"]
    return dict(found)


def environments(documents: Documents) -> dict[str, dict[str, str]]:
    """By deployment, the environment of its process; what comes from a secret is `from-a-secret`."""
    maps = of_kind(documents, "ConfigMap")
    found = {}
    for name, pod in _pods(documents).items():
        container = container_of(pod)
        values: dict[str, str] = {}
        for source in container.get("envFrom", []):
            values |= maps[source["configMapRef"]["name"]]["data"]
        for one in container.get("env", []):
            values[one["name"]] = str(one.get("value", "from-a-secret"))
        found[name] = values
    return found


def hardened(documents: Documents) -> list[str]:
    """Pods that the restricted Pod Security Standard refuses, or whose root can be written to."""
    found = []
    for name, pod in _pods(documents).items():
        whole = pod.get("securityContext", {})
        wrong = {
            "hostNetwork": pod.get("hostNetwork"),
            "hostPID": pod.get("hostPID"),
            "runAsNonRoot": whole.get("runAsNonRoot") is not True,
            "runAsUser": not whole.get("runAsUser"),
            "seccompProfile": whole.get("seccompProfile", {}).get("type") != "RuntimeDefault",
        }
        for container in [*pod["containers"], *pod.get("initContainers", [])]:
            own = container.get("securityContext", {})
            wrong |= {
                "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
                "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is not True,
                "capabilities": own.get("capabilities", {}) != {"drop": ["ALL"]},
                "privileged": own.get("privileged"),
                "root": own.get("runAsUser") == 0 or own.get("runAsNonRoot") is False,
            }
        allowed = {"emptyDir", "secret", "configMap", "projected"}
        volumes = [one["name"] for one in pod.get("volumes", []) if not allowed & one.keys()]
        found += [f"{name}: {key}" for key, is_wrong in wrong.items() if is_wrong]
        found += [f"{name}: volume {one} is of the host" for one in volumes]
    return found


def tokenless(documents: Documents) -> list[str]:
    """Pods with a token of the Kubernetes API, or with variables that Kubernetes adds for Services."""
    accounts = of_kind(documents, "ServiceAccount")
    found = []
    for name, pod in _pods(documents).items():
        account = accounts.get(pod.get("serviceAccountName", "default"))
        if account is None or account.get("automountServiceAccountToken") is not False:
            found.append(f"{name}: its ServiceAccount hands out a token")
        if pod.get("automountServiceAccountToken") is not False:
            found.append(f"{name}: mounts a token")
        if pod.get("enableServiceLinks") is not False:
            found.append(f"{name}: enableServiceLinks adds TOCSIN_..._PORT for a Service of that name")
    return found


def probed(documents: Documents) -> list[str]:
    """Containers whose start, life or readiness nobody asks for, or at the wrong page or port."""
    pages = {"startupProbe": "/livez", "livenessProbe": "/livez", "readinessProbe": "/readyz"}
    found = []
    for name, pod in _pods(documents).items():
        container = container_of(pod)
        ports = {one["name"]: one["containerPort"] for one in container.get("ports", [])}
        if ports != {"http": PORTS[name.removeprefix("tocsin-")]}:
            found.append(f"{name}: listens on {ports}")
        for probe, page in pages.items():
            asked = container.get(probe, {}).get("httpGet", {})
            if asked.get("path") != page or asked.get("port") not in ports:
                found.append(f"{name}: {probe} does not ask {page}")
        start = container.get("startupProbe", {})
        if start.get("periodSeconds", 10) * start.get("failureThreshold", 3) < 120:
            found.append(f"{name}: under two minutes to start")
    return found


def resourced(documents: Documents) -> list[str]:
    """Containers without requests, or that may take all of a node; a limit of CPU throttles heartbeats."""
    found = []
    for name, pod in _pods(documents).items():
        resources = container_of(pod).get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
            found.append(f"{name}: no requests")
        if not {"memory", "ephemeral-storage"} <= resources.get("limits", {}).keys():
            found.append(f"{name}: no limit of memory or disk")
        if "cpu" in resources.get("limits", {}):
            found.append(f"{name}: a limit of CPU")
        found += [
            f"{name}: {one['name']} has no size"
            for one in pod.get("volumes", [])
            if "emptyDir" in one and not one["emptyDir"].get("sizeLimit")
        ]
    return found


def spread(documents: Documents) -> list[str]:
    """Stages whose workers may all go at once: by a rollout, a drained node, or one that dies."""
    budgets = of_kind(documents, "PodDisruptionBudget")
    found = []
    for name in ("tocsin-assess", "tocsin-alert"):
        spec = named(documents, "Deployment", name)["spec"]
        rolling = spec.get("strategy", {}).get("rollingUpdate", {})
        if rolling != {"maxSurge": 0, "maxUnavailable": 1}:
            found.append(f"{name}: a rollout that begins with one more may wait for ever")
        budget = budgets.get(name, {}).get("spec", {})
        if budget.get("maxUnavailable") != 1 or budget.get("selector") != spec["selector"]:
            found.append(f"{name}: no disruption budget of one")
        keys = {
            one["topologyKey"]
            for one in spec["template"]["spec"].get("topologySpreadConstraints", [])
            if one["labelSelector"] == spec["selector"]
        }
        if "kubernetes.io/hostname" not in keys:
            found.append(f"{name}: all workers may be on one node")
    return found


def placed(documents: Documents) -> list[str]:
    """Selectors that do not select, and namespaces that are not ours."""
    found = []
    for name, one in of_kind(documents, "Deployment").items():
        labels = one["spec"]["template"]["metadata"]["labels"]
        if not one["spec"]["selector"]["matchLabels"].items() <= labels.items():
            found.append(f"{name}: its selector does not match its pods")
    spaces = {one["metadata"].get("namespace") for one in documents if one["kind"] != "Namespace"}
    if spaces != {"tocsin"}:
        found.append(f"namespaces: {spaces}")
    for name, one in of_kind(documents, "Namespace").items():
        if one["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            found.append(f"namespace {name}: does not enforce the restricted standard")
    return found


def network(documents: Documents) -> list[str]:
    """Ways in and out that should not be, and brokers and ports that can't be reached."""
    policies = {name: one["spec"] for name, one in of_kind(documents, "NetworkPolicy").items()}
    found = []
    nothing = [one for one in policies.values() if not one["podSelector"] and not {"ingress", "egress"} & one.keys()]
    if not any(set(one["policyTypes"]) == {"Ingress", "Egress"} for one in nothing):
        found.append("nothing denies what no policy allows")
    out, into = set(), set()
    for name, spec in policies.items():
        for rule in spec.get("egress", []):
            out |= {one["port"] for one in rule.get("ports", [])}
            if not rule.get("to") or not rule.get("ports"):
                found.append(f"{name}: egress to anywhere")
        for rule in spec.get("ingress", []):
            into |= {one["port"] for one in rule.get("ports", [])}
            if not rule.get("from") or not rule.get("ports"):
                found.append(f"{name}: ingress from anywhere")
    servers = {server for values in environments(documents).values() for server in settings_of(values).servers}
    wanted = {53, *(int(server.rpartition(":")[2]) for server in servers)}
    if out != wanted:
        found.append(f"egress to ports {sorted(out)} and not {sorted(wanted)}")
    if into != set(PORTS.values()):
        found.append(f"ingress to ports {sorted(into)} and not {sorted(PORTS.values())}")
    return found


def scaled(documents: Documents) -> list[str]:
    """A scaler that looks at the wrong group, topic or brokers, goes to none, or beyond the partitions."""
    spec = named(documents, "ScaledObject", _GROUP)["spec"]
    settings = settings_of(environments(documents)[_GROUP])
    (trigger,) = spec["triggers"]
    asked = trigger["metadata"]
    down = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]["scaleDown"]
    secrets = of_kind(documents, "TriggerAuthentication")
    wrong = {
        "it scales another deployment": spec["scaleTargetRef"]["name"] != _GROUP,
        "its group is not that of Faust's app": asked["consumerGroup"] != _GROUP,
        "its topic is no input": asked["topic"] not in settings.articles_topics,
        "its brokers are others": asked["bootstrapServers"] != settings.brokers,
        "a new installation would have no lag": asked["offsetResetPolicy"] != "earliest",
        "it goes to none": spec["minReplicaCount"] < 1,
        "it goes beyond the partitions": spec["maxReplicaCount"] != settings.partitions,
        "it goes down within ten minutes": down["stabilizationWindowSeconds"] < 600,
        "the deployment has a number of its own": "replicas" in named(documents, "Deployment", _GROUP)["spec"],
        "it speaks another protocol": (asked.get("tls") == "enable") != settings.tls,
        "it has no password": bool(settings.sasl_mechanism)
        and trigger.get("authenticationRef", {}).get("name") not in secrets,
        "it has another mechanism": settings.sasl_mechanism is not None
        and asked.get("sasl") != settings.sasl_mechanism.lower().replace("scram-sha-", "scram_sha"),
    }
    return [sentence for sentence, is_wrong in wrong.items() if is_wrong]


def monitored(documents: Documents) -> list[str]:
    """Processes whose metrics nobody reads."""
    found = []
    for name, monitor in of_kind(documents, "PodMonitor").items():
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        ends = {(one["port"], one["path"]) for one in monitor["spec"]["podMetricsEndpoints"]}
        if ends != {("http", "/metrics")}:
            found.append(f"{name}: reads {ends}")
        jobs = {
            (tuple(rule.get("sourceLabels", ())), rule.get("replacement"))
            for one in monitor["spec"]["podMetricsEndpoints"]
            for rule in one.get("relabelings", [])
            if rule.get("targetLabel") == "job"
        }
        if jobs != {(("__meta_kubernetes_pod_label_app_kubernetes_io_component",), "tocsin-$1")}:
            found.append(f"{name}: rules and dashboards know processes by another job")
        for one in of_kind(documents, "Deployment").values():
            if not wanted <= one["spec"]["template"]["metadata"]["labels"].items():
                found.append(f"{name}: does not select {one['metadata']['name']}")
    return found or ([] if of_kind(documents, "PodMonitor") else ["no PodMonitor"])
