"""docs/settings.md: no name that the code reads is missing, and none on it is read by nobody."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded.data import Data
from deploy.embedded.programs import REMOVED, SET, Layout, base_environment, port_names, programs
from shared.settings import asked_for
from shared.settings.misspelled import misspelled
from shared.settings.named import NAMES, SECRETS, SECTIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/settings.md").read_text("utf-8")
FOREIGN = """
PATH HOME LANG LC_ALL HOSTNAME PWD TERM USER SHELL TZ TMPDIR EDITOR VIRTUAL_ENV PYTHONPATH GPG_KEY CI
KAFKA_OPTS KAFKA_HEAP_OPTS KAFKA_LOG4J_OPTS KAFKA_HOME KAFKA_VERSION KAFKA_PORT KAFKA_SERVICE_HOST
NOTIFY_PORT_8001_TCP MONGODB_VERSION MONGODB_SERVICE_PORT MONGODB_PORT SMTP_SERVICE_HOST
SMTP_PORT_25_TCP_ADDR PYTHON_VERSION NODE_ENV RUST_LOG RUST_LOG_LEVEL NPM_CONFIG_LOGLEVEL
OTEL_SERVICE_NAME OTEL_EXPORTER_OTLP_HEADERS OTEL_TRACES_EXPORTER HTTP_PROXY https_proxy NO_PROXY
SSL_CERT_FILE REQUESTS_CA_BUNDLE GITHUB_TOKEN AWS_REGION MAIL LISTING_WEB WEB_CONCURRENCY
PROMETHEUS_MULTIPROC_DIR GOLEM_DATA GATEWAY_PORT PROVIDER_ARN TOKEN BINDIR WORKDIR X_LOG_LEVEL
"""
WSGI = {
    "HTTP_TRACEPARENT", "HTTP_X_FORWARDED_FOR", "HTTP_X_REQUEST_ID", "PATH_INFO", "REMOTE_ADDR", "REQUEST_METHOD",
}  # fmt: skip
"""Of a request's environ, not of the process's."""
ELSEWHERE = (
    "KAFKA_SASL_USERNAME", "MONGODB_URI", "STACK_CLOCK", "JWKS_URL", "SMTP_USERNAME", "SMTP_PASSWORD_FILE", "SMTP_TLS",
    "PSEUDONYM_KEY", "PROVIDER_WEBHOOK_SECRET", "PROVIDER_MONGODB_URI_FILE",
)  # fmt: skip
"""What would lead the processes of `golem up` to other servers or another time, or be given twice."""
READERS = {"get", "pop", "one", "optional", "secret", "given"}
NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*")
ASKED = {
    name: asked
    for service in ("listing", "escrow", "notify")
    for name, asked in asked_for(service, "web", "worker", "mail", "provider").items()
}


def _names_read(tree: ast.AST) -> Iterator[str]:
    """Names in capitals that are looked up: environ["X"], environ.get("X"), read.one("X"), secret(environ, "X")."""
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Subscript) and "environ" in ast.unparse(node.value):
            asked = [node.slice]
        elif isinstance(node, ast.Call):
            of = ast.unparse(node.func)
            if of.rpartition(".")[2] in READERS and ("environ" in of or "read." in of or of == "secret"):
                asked = [*node.args[:2]]
            asked += [keyword.value for keyword in node.keywords if keyword.arg == "envvar"]
        for each in asked:
            if isinstance(each, ast.Constant) and isinstance(each.value, str) and NAME.fullmatch(each.value):
                yield each.value


def _in_code() -> set[str]:
    files = [path for top in ("services", "shared", "deploy") for path in (ROOT / top).rglob("*.py")]
    found = {name for path in files for name in _names_read(ast.parse(path.read_text("utf-8")))}
    caddy = (path.read_text("utf-8") for path in (ROOT / "deploy/gateway").glob("Caddyfile*"))
    return found | {name for text in caddy for name in re.findall(r"\{\$([A-Z_]+)", text)}


def test_no_name_that_the_code_reads_is_missing() -> None:
    read = _in_code()

    assert {"KAFKA_SASL_PASSWORD", "GOLEM_DATA", "GATEWAY_PORT", "PROMETHEUS_MULTIPROC_DIR"} <= read
    missing = {name for name in read - WSGI if f"`{name}`" not in PAGE}
    assert missing <= {f"{name}_FILE" for name in SECRETS}


def test_the_table_names_what_is_asked_for_and_nothing_else() -> None:
    assert set(ASKED) == NAMES
    assert sum(map(len, SECTIONS.values())) == len(NAMES)


def test_the_secrets_are_those_that_may_be_files() -> None:
    assert {name for name, asked in ASKED.items() if asked.secret} == SECRETS


@pytest.mark.parametrize("name", ["PSEUDONYM_KEY", "TOKEN_ISSUER"])
def test_what_must_never_change_is_said_to_be_so(name: str) -> None:
    (row,) = re.findall(rf"^\| `{name}` .*$", PAGE, re.M)

    assert "**never change it**" in row


def test_a_row_has_its_unit_its_default_and_its_readers() -> None:
    for row in (
        "| `SILENCE` | seconds | 1209600 (14 days) | all | ",
        "| `SMTP_PORT` | number | must be given | notify worker | ",
        "| `BIND` | host:port | `0.0.0.0:8000` | webs | ",
        "| `PROVIDER_WEBHOOK_SECRET` | 16 bytes or more | must be given | escrow web, escrow worker | ",
    ):
        assert row in PAGE


def test_what_golem_up_sets_and_removes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page names just what the processes are given; what would lead them elsewhere does not get through."""
    ports = {name: number for number, name in enumerate(port_names(), start=1)}
    layout = Layout(Data(tmp_path), ports, "127.0.0.1:1", "mongodb://127.0.0.1:2", own_servers=True)
    services = [program for program in programs(layout) if program.group in ("workers", "webs")]
    for name in (*REMOVED, *ELSEWHERE):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("SILENCE", "60")
    environment = base_environment(own_servers=True)

    assert {name for program in services for name in program.environment} == set(SET)
    assert environment["SILENCE"] == "60"
    assert "elsewhere" not in environment.values()


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("FEE_BP", "FEE_BPS"), ("KAFKA_SASL_USER", "KAFKA_SASL_USERNAME"), ("MAXHOLD", "MAX_HOLD"),
     ("KAFKA_BOOTSTRAP", "KAFKA_BOOTSTRAP_SERVERS"), ("SMTP_PASS", "SMTP_PASSWORD"), ("SMTP_USER", "SMTP_USERNAME"),
     ("LISTING_EXPIRE", "LISTING_EXPIRY"), ("EXPOSURE_CAPS", "EXPOSURE_CAP"), ("fee_bps", "FEE_BPS"),
     ("PSEUDONYM_KEYFILE", "PSEUDONYM_KEY_FILE"), ("FEE_BPS_FILE", "FEE_BPS"), ("JWK_URL", "JWKS_URL"),
     ("CANCEL-ALONE", "CANCEL_ALONE"), ("RATE_PER_SECONDS", "RATE_PER_SECOND"), ("STACK_CLOCKS", "STACK_CLOCK")],
)  # fmt: skip
def test_a_slip_of_the_pen(slip: str, meant: str) -> None:
    assert misspelled({slip: "1"}) == {slip: meant}


def test_what_others_read_is_not_our_business() -> None:
    """Names of shells, of Kubernetes, of libraries and other programs, near to ours or not."""
    assert misspelled(FOREIGN.split()) == {}
    assert misspelled(NAMES | {f"{name}_FILE" for name in SECRETS}) == {}
