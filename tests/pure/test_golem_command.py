"""The command itself: its version, and what a shell completes."""

import os
import signal
import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from deploy.cli import COMMANDS, main
from deploy.cli.up import Stopped, not_stopped_between, stopped_by_signals


def test_version() -> None:
    shown = CliRunner().invoke(main, ["--version"])

    assert (shown.exit_code, shown.output) == (0, f"golem {version('good-golem')}\n")


def _golem(**environment: str) -> str:
    """What the installed command prints when a shell asks it to complete."""
    code = "from deploy.cli import main; main(prog_name='golem')"
    asked = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, timeout=60
    )
    return asked.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_for_a_shell(shell: str) -> None:
    """What README.md tells a shell to read."""
    assert "golem" in _golem(_GOLEM_COMPLETE=f"{shell}_source")


def test_completion_of_commands_and_options() -> None:
    commands = _golem(_GOLEM_COMPLETE="fish_complete", COMP_WORDS="golem ", COMP_CWORD="")
    options = _golem(_GOLEM_COMPLETE="bash_complete", COMP_WORDS="golem up --d", COMP_CWORD="2")

    assert all(name in commands for name in COMMANDS)
    assert options.split() == ["plain,--days-in", "plain,--data"]


@pytest.mark.parametrize("wrong", ["10", "0s", "2d", "ten", "-5s", "1.5s"])
def test_days_in_is_a_second_to_a_day(wrong: str) -> None:
    refused = CliRunner().invoke(main, ["up", "--days-in", wrong])

    assert refused.exit_code == 2
    assert "--days-in" in refused.output


@pytest.mark.parametrize(
    "command", [["up"], ["demo"], ["demo", "--gateway", "http://gateway:8080"], ["token", "--sub", "me"]]
)
def test_what_is_for_outside_says_so_in_a_container(command: list[str]) -> None:
    inside = CliRunner().invoke(main, command, env={"GOLEM_INSIDE": "1"})
    helped = CliRunner().invoke(main, [command[0], "--help"], env={"GOLEM_INSIDE": "1"})

    assert inside.exit_code == 1 and "is for outside of the containers" in inside.output
    assert helped.exit_code == 0


def test_rules_show_says_all_that_holds_in_a_place() -> None:
    """Decisions, questions, consent, acknowledgements, phrases and the cap, each by its id."""
    shown = CliRunner().invoke(main, ["rules", "show", "CA-ON"])

    ids = ("price-policy-ca-on-coaching", "foreign-national-ca-on", "employer-consent-ca", "no-confidential-matter")
    assert shown.exit_code == 0 and "JPY 170000" in shown.output
    assert [each for each in (*ids, "no-canadian-experience") if each not in shown.output] == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_belongs_together_is_done_before_it_is_stopped(number: signal.Signals) -> None:
    done = list[str]()
    with pytest.raises(Stopped), stopped_by_signals():
        with not_stopped_between():
            os.kill(os.getpid(), number)
            done.append("the rest of it")
        done.append("what follows")

    assert done == ["the rest of it"]
