"""How the containers run: what they could do if somebody broke into one, and where secrets stand."""

import json
import os
import subprocess
from typing import Any

import httpx
import pytest

from deploy import SERVICES
from tests.compose.running.conftest import FILES, ROOT, compose, inside, run

Json = dict[str, Any]
APPS = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker")]
LASTING = [*APPS, "notify-streams", "gateway", "kafka", "mongo", "mailpit"]
JOBS = ["kafka-setup", "database-setup", *(f"{service}-indexes" for service in SERVICES)]


def test_all_of_it_runs(containers: dict[str, Json]) -> None:
    assert set(containers) == {*LASTING, *JOBS}
    assert {containers[name]["State"]["Health"]["Status"] for name in LASTING} == {"healthy"}
    assert {containers[name]["State"]["ExitCode"] for name in JOBS} == {0}


@pytest.mark.parametrize("name", [*LASTING, *JOBS])
def test_a_container_is_confined(containers: dict[str, Json], name: str) -> None:
    """Not root, a root that is read-only, no capability, no way to more rights, with bounds."""
    config, host = containers[name]["Config"], containers[name]["HostConfig"]

    assert config["User"].split(":")[0] not in ("", "0", "root")
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
    assert not host["Privileged"] and not host["Devices"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0 and host["NanoCpus"] > 0 and host["PidsLimit"] > 0
    assert not host["PidMode"] and host["IpcMode"] == "private" and host["NetworkMode"] != "host"
    assert not any(bind.split(":")[0].endswith("docker.sock") for bind in host["Binds"] or [])


@pytest.mark.parametrize("name", LASTING)
def test_what_runs_inside_has_no_rights(containers: dict[str, Json], name: str) -> None:
    """The kernel's own word on the first process, and a write that is refused."""
    status = run("cat", f"/proc/{containers[name]['State']['Pid']}/status", check=False)
    if not status:
        pytest.skip("the engine runs on another machine")
    words = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)

    assert words["NoNewPrivs"] == "1"
    assert {words[name] for name in ("CapEff", "CapPrm", "CapBnd", "CapInh", "CapAmb")} == {"0000000000000000"}
    assert "0" not in words["Uid"].split()


_ASK_TOO_FAST = """
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError
from urllib.request import Request, urlopen
def ask(n):
    said = f"198.51.100.{n % 250}"
    sent = {"X-Forwarded-For": said, "Forwarded": f"for={said}", "X-Real-IP": said}
    try:
        return urlopen(Request("http://gateway:8080/v1/codes?q=nurse", headers=sent), timeout=20).status
    except HTTPError as refused:
        return refused.code
with ThreadPoolExecutor(8) as pool:
    print(sorted(set(pool.map(ask, range(400)))))
"""


def test_who_asks_too_fast_is_known_by_their_address(containers: dict[str, Json]) -> None:
    """The services see through the gateway: a container is refused whatever it says, and whoever else asks is not."""
    asked = inside(containers["escrow-worker"], "python", "-c", _ASK_TOO_FAST)
    other = httpx.get(f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT') or 8080}/v1/codes?q=nurse")

    assert asked.stdout.strip() == "[200, 429]", asked.stderr
    assert other.status_code == 200


@pytest.mark.parametrize("name", APPS)
@pytest.mark.parametrize("path", ["/app/x", "/opt/venv/x", "/etc/x", "/run/secrets/pseudonym_key", "/x"])
def test_the_root_cannot_be_written(containers: dict[str, Json], name: str, path: str) -> None:
    tried = inside(containers[name], "python", "-c", f"open({path!r}, 'a').write('x')")

    assert tried.returncode != 0
    assert "Read-only file system" in tried.stderr or "Permission denied" in tried.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_an_image_holds_one_service(containers: dict[str, Json], service: str) -> None:
    """Its own code and `shared`, and neither pip nor a compiler."""
    look = (
        "import os, shutil; print(sorted(os.listdir('services')), shutil.which('gcc'), os.path.exists('/app/deploy'))"
    )
    listed = inside(containers[f"{service}-web"], "python", "-c", look).stdout
    pip = inside(containers[f"{service}-web"], "python", "-c", "import pip")

    assert listed.startswith(str(sorted(["__init__.py", "__pycache__", service])))
    assert listed.split()[-2:] == ["None", "False"]
    assert pip.returncode != 0


@pytest.mark.parametrize("name", [f"{service}-web" for service in SERVICES])
def test_nothing_in_an_image_installs_packages(containers: dict[str, Json], name: str) -> None:
    """Neither in the environment nor in the Python beneath it, whatever it is called there."""
    look = (
        "import os, re; print([os.path.join(at, each) for at, folders, files in os.walk('/') "
        "if not at.startswith(('/proc', '/sys')) for each in folders + files "
        "if re.fullmatch(r'pip([0-9.]*|-.*)|ensurepip|setuptools(-.*)?', each) or (each in files and each == 'uv')])"
    )
    found = inside(containers[name], "python", "-c", look)

    assert (found.stdout.strip(), found.returncode) == ("[]", 0), found.stderr
    assert inside(containers[name], "python", "-m", "ensurepip").returncode != 0


def test_the_brokers_files_are_of_the_size_of_its_data(containers: dict[str, Json]) -> None:
    """As `docker system df` counts them: index files are made at their full size, for each partition twice."""
    size = inside(containers["kafka"], "du", "-s", "--apparent-size", "--block-size=1M", "/var/lib/kafka/data")

    assert int(size.stdout.split()[0]) < 500, size.stdout


@pytest.mark.parametrize("command", [("up",), ("demo",), ("token", "--sub", "me")])
def test_what_is_for_outside_says_so_in_a_container(command: tuple[str, ...]) -> None:
    """Before it tries anything."""
    files = [option for file in FILES for option in ("--file", file)]
    tried = subprocess.run(
        ["docker", "compose", *files, "run", "--rm", "-T", "golem", *command],
        capture_output=True, text=True, timeout=120, cwd=ROOT, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip

    assert tried.returncode != 0
    assert "is for outside of the containers" in tried.stdout + tried.stderr


def test_data_stands_in_named_volumes_alone(containers: dict[str, Json]) -> None:
    """A volume without a name would be lost with its container, and stay behind after `down --volumes`."""
    mounts = [(name, mount) for name, container in containers.items() for mount in container["Mounts"]]
    volumes = {(name, mount["Name"].split("_")[-1]) for name, mount in mounts if mount["Type"] == "volume"}

    assert volumes == {("kafka", "kafka"), ("mongo", "mongo")}


def test_only_the_gateway_is_published(containers: dict[str, Json]) -> None:
    """On 127.0.0.1; the broker and the database only because of this suite's own override files."""
    bound = {
        (name, binding["HostIp"])
        for name, container in containers.items()
        for bindings in (container["NetworkSettings"]["Ports"] or {}).values()
        for binding in bindings or []
    }
    plain = json.loads(run("docker", "compose", "--file", FILES[0], "--profile", "*", "config", "--format", "json"))[
        "services"
    ]

    assert bound == {(name, "127.0.0.1") for name in ("gateway", "kafka", "mongo")}
    assert [name for name, service in plain.items() if service.get("ports")] == ["gateway"]
    assert [port["host_ip"] for port in plain["gateway"]["ports"]] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("name", "host", "port"),
    [
        ("listing-web", "kafka", 9092),
        ("matching-worker", "gateway", 8080),
        ("listing-worker", "mailpit", 1025),
        ("listing-web", "mailpit", 1025),
    ],
)
def test_networks_connect_only_what_talks(containers: dict[str, Json], name: str, host: str, port: int) -> None:
    tried = inside(
        containers[name], "python", "-c", f"import socket; socket.create_connection(({host!r}, {port}), timeout=3)"
    )

    assert tried.returncode != 0


@pytest.mark.parametrize("name", APPS)
def test_a_service_has_no_way_out(containers: dict[str, Json], name: str) -> None:
    """No route beyond its internal networks: what is stolen cannot be sent away. One sends webhooks."""
    routes = inside(containers[name], "cat", "/proc/net/route").stdout.splitlines()[1:]

    assert routes and any(route.split()[1] == "00000000" for route in routes) == (name == "notify-worker")


def test_no_secret_in_what_docker_tells(containers: dict[str, Json], secret_values: dict[str, str]) -> None:
    """Neither in a container's settings nor in an image's history, nor in anything that was logged."""
    ids = [container["Id"] for container in containers.values()]
    images = sorted({container["Image"] for container in containers.values()})
    told = run("docker", "inspect", *ids) + run("docker", "image", "inspect", *images)
    told += "".join(run("docker", "history", "--no-trunc", image) for image in images)
    told += compose("logs", "--no-color")

    assert len(secret_values) >= 16
    assert [name for name, value in secret_values.items() if value in told] == []


def test_no_secret_in_an_image_layer(containers: dict[str, Json], secret_values: dict[str, str]) -> None:
    """All layers of our own images, byte by byte (layers are not compressed in `docker save`)."""
    ours = sorted({containers[name]["Image"] for name in [*APPS, "gateway", "kafka-setup"]})
    wanted = {name: value.encode() for name, value in secret_values.items()}
    found: set[str] = set()
    seen = 0
    longest = max(map(len, wanted.values()))
    with subprocess.Popen(["docker", "save", *ours], stdout=subprocess.PIPE) as saving:
        assert saving.stdout
        tail = b""
        while chunk := saving.stdout.read(8 << 20):
            seen += len(chunk)
            found |= {name for name, value in wanted.items() if value in tail + chunk}
            tail = chunk[-longest:]

    assert saving.returncode == 0 and seen > 100 << 20
    assert found == set()


def test_setting_up_again_changes_nothing() -> None:
    """The jobs run before each start."""
    said = compose("run", "--rm", "-T", "kafka-setup") + compose("run", "--rm", "-T", "database-setup")
    for service in SERVICES:
        compose("run", "--rm", "-T", f"{service}-indexes")

    assert "made 0 topics, 0 users, 0 ACLs; took 0 ACLs away" in said
    assert "made 0 users" in said


def test_the_demo_pays_out(secrets: Any) -> None:
    """Through the published gateway, as anybody."""
    url = f"http://127.0.0.1:{os.environ.get('GATEWAY_PORT') or 8080}"
    told = json.loads(run("golem", "demo", "--gateway", url, "--data", str(secrets), "--json"))

    assert told["hired"]["escrow"]["status"] == "settled" and told["journal_sum"] == 0
