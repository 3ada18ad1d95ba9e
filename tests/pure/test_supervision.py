"""The configuration that supervisor is given, read back as supervisor itself reads it."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from supervisor.options import ServerOptions

from deploy.embedded.data import Data
from deploy.embedded.programs import Program
from deploy.embedded.supervision import Supervisor, Unfit


def _read_back(folder: Path, *programs: Program) -> dict[str, Any]:
    data = Data(folder)
    data.make()
    conf = folder / "supervisord.conf"
    conf.write_text(Supervisor(data, 1, programs).configuration())
    options = ServerOptions()
    options.realize(["--configuration", str(conf)])
    return {each.name: each for group in options.process_group_configs for each in group.process_configs}


ODD = [
    "plain",
    "a b",
    "a b%c'd",
    "100%",
    "%(here)s",
    'say "hi" twice',
    "semi;colon",
    "ha#sh",
    "équipe",
    "a,b=c",
    "$HOME~",
]


@pytest.mark.parametrize("name", ODD)
def test_a_program_in_an_odd_folder(tmp_path: Path, name: str) -> None:
    """Its command, its variables and its log are what was meant."""
    folder = tmp_path / name
    program = Program("web", "webs", ("run", f"{folder}/x y", "%d"), (1, ""), {"WHERE": str(folder), "SHARE": "5%"})
    found = _read_back(folder, program)["web"]

    assert shlex.split(found.command) == list(program.command)
    assert {name: found.environment[name] for name in program.environment} == program.environment
    assert found.stdout_logfile == str(folder / "logs" / "web.log")


@pytest.mark.parametrize("name", ["a ;b", "a #b", "a\nb", "a\tb", 'say "hi"', "it's'", """both'and\""""])
def test_a_folder_that_supervisor_cannot_work_with(tmp_path: Path, name: str) -> None:
    """It is told, and nothing starts with half of a path."""
    program = Program("web", "webs", ("run",), (1, ""), {"WHERE": str(tmp_path / name)})

    with pytest.raises(Unfit, match="choose another folder"):
        Supervisor(Data(tmp_path / name), 1, [program]).configuration()
