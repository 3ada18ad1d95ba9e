"""What the commands for whoever connects another system say of a wrong URL, token or id, and of a server of others."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from deploy.cli import main
from deploy.embedded.data import Data
from deploy.embedded.times import Times, write
from deploy.system.connect import clock_of
from tests.pure.test_stream_follower import serving

AFTER = ("--after", "ZTE6MA")
READERS = (("listen",), ("events", *AFTER), ("events", *AFTER, "--no-follow"), ("webhooks", "list"))
NO_URLS = (
    "x",
    "http://",
    "http://[::1",
    "ftp://x/",
    "http://x:99999/",
    "http://x..y/",
    "http://x y/",
    "localhost:3000/in",
)


def refused(*arguments: str, code: int = 1, token: str = "a.b.c") -> str:
    """What is said of it, on one line and without a traceback."""
    result = CliRunner().invoke(main, list(arguments), env={"GOLEM_TOKEN": token})
    assert (result.exit_code, type(result.exception)) == (code, SystemExit), result.output
    return result.output


@pytest.mark.parametrize("url", NO_URLS)
@pytest.mark.parametrize("command", [*READERS, ("demo",)])
def test_what_is_no_url_is_refused_before_anything_is_asked(command: tuple[str, ...], url: str) -> None:
    assert "is no URL such as" in refused(*command, "--gateway", url, code=2)


@pytest.mark.parametrize("url", NO_URLS)
def test_nothing_is_forwarded_to_what_is_no_url(url: str) -> None:
    assert "is no URL such as" in refused("listen", "--forward-to", url, code=2)


@pytest.mark.parametrize("token", ["\xe9", "a b", "a\nb", "a\r"])
@pytest.mark.parametrize("command", READERS)
def test_what_is_no_token_is_refused(command: tuple[str, ...], token: str) -> None:
    assert "GOLEM_TOKEN is no token" in refused(*command, "--gateway", "http://127.0.0.1:1", token=token)


@pytest.mark.parametrize("command", READERS)
def test_a_server_of_others_is_not_listened_to(command: tuple[str, ...]) -> None:
    with serving((200, {"Content-Type": "text/html"}, "<p>Welcome")) as (url, _):
        assert "not as a Good Golem does" in refused(*command, "--gateway", url)


def test_a_server_that_does_not_answer_is_named() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        said = refused("webhooks", "delete", str(uuid4()), "--gateway", url)

    assert f"{url} does not answer" in said


def test_a_demo_says_that_its_gateway_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.demo.people.PATIENCE", 0.3)
    Data(tmp_path).make()
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert f"{url} does not answer" in refused("demo", "--gateway", url, "--data", str(tmp_path))


@pytest.mark.parametrize(
    "answer", [(200, {"Content-Type": "text/html"}, "<p>Welcome"), (404, {}, ""), (200, {}, "[]"), (201, {}, "{}")]
)
def test_a_demo_is_told_at_no_server_of_others(answer: tuple[int, dict[str, str], str], tmp_path: Path) -> None:
    Data(tmp_path).make()
    with serving(answer) as (url, _):
        assert "Traceback" not in refused("demo", "--gateway", url, "--data", str(tmp_path))


@pytest.mark.parametrize("command", ["show", "test", "rotate", "deliveries", "delete"])
@pytest.mark.parametrize("webhook", ["../listings", "..", "%", "", "x?y"])
def test_an_id_is_no_path(command: str, webhook: str) -> None:
    """What is asked for is a webhook, whatever is typed."""
    assert "UUID" in refused("webhooks", command, webhook, "--gateway", "http://127.0.0.1:1", code=2)


def test_how_long_ago_is_counted_by_the_clock_of_the_stack(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    write(
        Data(tmp_path).clock,
        Times().begun(now - timedelta(minutes=10), now - timedelta(minutes=10), timedelta(seconds=10)),
    )

    assert clock_of(tmp_path, None).now() - now > timedelta(days=50)
    assert abs(clock_of(tmp_path, "https://golem.example").now() - now) < timedelta(minutes=5)
