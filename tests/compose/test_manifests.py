"""The Kubernetes manifests: by the API's own schemas, against what compose runs, and against what a start needs."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy import ROOT, SERVICES
from deploy.kubernetes.manifests import files
from deploy.kubernetes.monitoring import RULES
from deploy.kubernetes.networks import OUTSIDE
from deploy.kubernetes.written import written
from services.escrow.main import SERVICE as ESCROW
from services.listing.main import SERVICE as LISTING
from services.matching.main import SERVICE as MATCHING
from services.notify.main import SERVICE as NOTIFY
from shared.settings import load
from shared.settings.named import NAMES
from tests.support.programs import settings_read

FOLDER = ROOT / "deploy" / "kubernetes"
MANIFESTS = files()
SITE: dict[str, Any] = {
    file.stem: yaml.safe_load(file.read_text())
    for file in (FOLDER / "site").glob("*.yaml")
    if file.stem != "kustomization"
}
BASE = [
    (name, each)
    for name, documents in MANIFESTS.items()
    for each in documents
    if name.startswith("base/") and name != "base/kustomization.yaml"
]
DOCUMENTS = [*BASE, *((f"site/{name}.yaml", each) for name, each in SITE.items())]
WITH_PODS = [(name, each) for name, each in BASE if "template" in each.get("spec", {})]
PODS: dict[str, Any] = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for _, each in WITH_PODS}
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
WEBS_AND_WORKERS = [
    (service, kind) for service in (LISTING, MATCHING, ESCROW, NOTIFY) for kind in ("web", "worker")
]  # fmt: skip


def by_kind(kind: str) -> dict[str, Any]:
    return {each["metadata"]["name"]: each["spec"] for _, each in BASE if each["kind"] == kind}


def test_the_manifests_are_the_generated_ones() -> None:
    """`python -m deploy.kubernetes` writes them; a file without a source is left over, but for the site's."""
    there = {str(file.relative_to(FOLDER)): file.read_text() for file in FOLDER.rglob("*.yaml")}
    made = {name: text for name, text in there.items() if not name.startswith("site/")}

    assert made == {name: written(documents) for name, documents in MANIFESTS.items()}


@pytest.mark.parametrize("version", ["1.31", "1.37"])
@pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_manifest_is_valid(name: str, document: dict[str, Any], version: str) -> None:
    """Against the API's own schemas, without unknown fields."""
    kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize(("name", "document"), WITH_PODS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_pod_is_confined(name: str, document: dict[str, Any]) -> None:
    """As the restricted profile of Pod Security demands, which the namespace enforces, and no token of the cluster."""
    spec = document["spec"]["template"]["spec"]

    assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"]
    assert spec["automountServiceAccountToken"] is False
    for one in (*spec["containers"], *spec.get("initContainers", ())):
        assert one["securityContext"]["readOnlyRootFilesystem"]
        assert not one["securityContext"]["allowPrivilegeEscalation"]
        assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert one["resources"]["limits"]["memory"] and one["resources"]["requests"]


@pytest.mark.parametrize("name", [name for name, part in COMPOSE.items() if "healthcheck" in part and name in PODS])
def test_what_compose_asks_for_its_health_is_probed(name: str) -> None:
    """At the same port, and as long at the start."""
    one = PODS[name]["containers"][0]
    asked = " ".join(COMPOSE[name]["healthcheck"]["test"])

    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert str(one[probe]["httpGet"]["port"]) in asked
    started = one["startupProbe"]["periodSeconds"] * one["startupProbe"]["failureThreshold"]
    assert f"{started}s" == COMPOSE[name]["healthcheck"]["start_period"] or (name, started) == ("gateway", 60)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["web", "worker", "indexes"])
def test_a_pod_is_the_container_that_compose_runs(service: str, kind: str) -> None:
    """The same command, and of the secrets the same ones (tokens come from an identity provider there)."""
    name = f"{service}-{kind}"
    [secret] = [v["secret"] for v in PODS[name]["volumes"] if v["name"] == "secrets"]

    assert PODS[name]["containers"][0]["command"] == COMPOSE[name]["command"]
    assert {item["key"] for item in secret["items"]} == {*COMPOSE[name]["secrets"]} - {"jwks"}


@pytest.mark.parametrize("name", ["kafka-setup", "database-setup", "golem", "subscriber"])
def test_a_job_or_tool_has_the_secrets_that_compose_gives_it(name: str) -> None:
    [secret] = [v["secret"] for v in PODS[name]["volumes"] if v["name"] == "secrets"]
    command = PODS[name]["containers"][0]["command"]

    assert {item["key"] for item in secret["items"]} == {*COMPOSE[name]["secrets"]}
    assert command == (COMPOSE[name]["entrypoint"] if name.endswith("-setup") else ["sleep", "infinity"])


def test_every_part_that_compose_builds_is_there() -> None:
    """Broker, database, mail and Prometheus are the cluster's own."""
    ours = {name for name, part in COMPOSE.items() if part["image"].startswith("${GOLEM_IMAGES")}

    assert set(PODS) == ours
    assert set(by_kind("Job")) == {name for name in ours if name.endswith(("-setup", "-indexes"))}


@pytest.mark.parametrize(("network", "outside"), [("broker", "broker"), ("database", "database"), ("mail", "mail")])
def test_who_may_leave_the_cluster_is_on_that_network_of_compose(network: str, outside: str) -> None:
    assert {*OUTSIDE[outside][1]} == {name for name in PODS if network in COMPOSE[name]["networks"]}


def test_a_token_endpoint_is_reached_where_there_is_one() -> None:
    """By all who speak to the broker, and in a component alone: a cluster without tokens lets nobody out for them."""
    [policy] = MANIFESTS["kafka-tokens/network.yaml"]
    [who] = policy["spec"]["podSelector"]["matchExpressions"]

    assert {*who["values"]} == {*OUTSIDE["broker"][1]}
    assert policy["spec"]["egress"] == [{"ports": [{"port": 443, "protocol": "TCP"}]}]
    [component] = MANIFESTS["kafka-tokens/kustomization.yaml"]
    assert (component["kind"], component["resources"]) == ("Component", ["network.yaml"])
    assert policy["metadata"]["name"] not in by_kind("NetworkPolicy")
    kubernetes_validate.validate(policy, "1.37", strict=True)


def test_links_name_one_address_everywhere() -> None:
    """All that read PUBLIC_URL have it from the settings of the site."""
    for name in ("gateway", *(n for n in PODS if n.endswith(("-web", "-worker", "-streams")))):
        one = PODS[name]["containers"][0]
        by_name = [v["valueFrom"]["configMapKeyRef"] for v in one["env"] if v["name"] == "PUBLIC_URL"]
        assert {"configMapRef": {"name": "golem"}} in one.get("envFrom", ()) or by_name[0]["name"] == "golem", name


def test_who_sends_webhooks_reaches_public_addresses_alone() -> None:
    policy = by_kind("NetworkPolicy")["webhooks"]
    [rule] = policy["egress"]
    [who] = policy["podSelector"]["matchExpressions"]
    blocks = [each["ipBlock"] for each in rule["to"]]

    assert who["values"] == [name for name in PODS if "webhooks" in COMPOSE[name]["networks"]]
    assert {port["port"] for port in rule["ports"]} == {443, 8443}
    for private in ("10.1.2.3", "172.20.0.1", "192.168.0.1", "169.254.169.254", "127.0.0.1", "100.64.0.1"):
        assert not any(_is_in(private, block) for block in blocks)
    assert any(_is_in("93.184.215.14", block) for block in blocks)


def _is_in(address: str, block: Any) -> bool:
    inside, but = ip_network(block["cidr"]), [ip_network(each) for each in block["except"]]
    found = ip_address(address)
    return found in inside and not any(found in each for each in but)


def test_names_are_asked_for_where_a_node_caches_them() -> None:
    """NodeLocal DNSCache listens on a link-local address, which no namespace has."""
    [rule] = by_kind("NetworkPolicy")["names"]["egress"]

    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in rule["to"]
    assert {(port["port"], port["protocol"]) for port in rule["ports"]} == {(53, "UDP"), (53, "TCP")}


def test_another_apply_leaves_the_replicas_alone() -> None:
    """An autoscaler counts them; whoever has none says how many. All that serve have a disruption budget."""
    scaled = {spec["scaleTargetRef"]["name"] for spec in by_kind("HorizontalPodAutoscaler").values()}

    assert {name for name, spec in by_kind("Deployment").items() if "replicas" not in spec} == scaled
    assert set(by_kind("PodDisruptionBudget")) == {*scaled, "gateway", "notify-streams"}
    assert by_kind("Deployment")["subscriber"]["replicas"] == 0, "it is an administrator, and runs while it is wanted"


def test_a_job_holds_no_setting() -> None:
    """What a job that has run was made of cannot be changed: another apply with other settings must not try."""
    for name in by_kind("Job"):
        for variable in PODS[name]["containers"][0].get("env", ()):
            given = variable.get("value")
            assert given is None or given == "admin" or given.startswith("/run/secrets/"), (name, variable)


@pytest.mark.parametrize(("service", "kind"), WEBS_AND_WORKERS, ids=lambda value: getattr(value, "name", value))
def test_a_pod_waits_for_what_it_needs(service: Any, kind: str) -> None:
    """With its own login, for its own topics and schema, and before the process itself."""
    name = f"{service.name}-{kind}"
    waiting = {one["name"]: one for one in PODS[name]["initContainers"]}

    wanted = {"schema": "deploy.mongo.ready"} | ({"topics": "deploy.kafka.ready"} if kind == "worker" else {})
    assert {one: waiting[one]["command"] for one in waiting} == {
        one: ["python", "-m", module, service.name] for one, module in wanted.items()
    }
    own = environment_of(PODS[name]["containers"][0])
    for one in waiting.values():
        assert environment_of(one).items() <= own.items()


@pytest.mark.parametrize(("service", "kind"), WEBS_AND_WORKERS, ids=lambda value: getattr(value, "name", value))
def test_a_pods_settings_are_taken(service: Any, kind: str, tmp_path: Path) -> None:
    """Those of the example site, with secrets as the pod finds them; nothing is missing and nothing misspelled."""
    environ = environment_of(PODS[f"{service.name}-{kind}"]["containers"][0])
    for name, value in environ.items():
        if name.endswith("_FILE"):
            secret = tmp_path / Path(value).name
            uri = f"mongodb://u:p@mongo.example/{service.name}?tls=true"
            secret.write_text(uri if name.endswith("URI_FILE") else "0123456789abcdef" * 4)
            environ[name] = str(secret)

    needs = service.web_needs if kind == "web" else service.worker_needs
    settings = load(service.name, kind, *needs, environ=environ)

    assert settings.public_url == "https://golem.example"


@pytest.mark.parametrize("name", PODS)
def test_every_container_is_given_what_its_program_reads(name: str) -> None:
    """All the settings of a site, or each that it reads by itself; containers that run before it as well."""
    for one in (*PODS[name]["containers"], *PODS[name].get("initContainers", ())):
        every = {"configMapRef": {"name": "golem"}} in one.get("envFrom", ())
        own = {each["name"] for each in one.get("env", ())}

        assert every or settings_read(one["name"], one.get("command", ())) & NAMES <= own, one["name"]


def test_prometheus_finds_every_process_by_the_name_of_its_alerts() -> None:
    [monitor] = MANIFESTS["monitoring/pods.yaml"]
    [ours] = monitor["spec"]["selector"]["matchExpressions"]
    asked = {endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]}
    found = {
        document["spec"]["template"]["metadata"]["labels"][monitor["spec"]["jobLabel"]]
        for _, document in WITH_PODS
        if document["spec"]["template"]["metadata"]["labels"][ours["key"]] in ours["values"]
        and {port["name"] for port in document["spec"]["template"]["spec"]["containers"][0]["ports"]} <= asked
    }

    both = {f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")}
    assert found == {*both, "notify-streams"}


@pytest.mark.parametrize("name", RULES)
def test_the_rules_are_those_of_compose(name: str) -> None:
    [made] = [each for each in MANIFESTS["monitoring/rules.yaml"] if each["metadata"]["name"] == f"golem-{name}"]

    assert made["spec"] == yaml.safe_load((ROOT / "deploy" / "observability" / f"{name}.yml").read_text())


def environment_of(one: dict[str, Any]) -> dict[str, str]:
    """A container's variables, with the example site's settings."""
    shared = SITE["settings"]["data"] if {"configMapRef": {"name": "golem"}} in one.get("envFrom", ()) else {}
    return shared | {each["name"]: each["value"] for each in one.get("env", ())}
