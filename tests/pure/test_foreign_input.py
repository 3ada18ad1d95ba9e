"""What the command line and the bus are given by others: folders, names, times that no arithmetic can be done with."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from deploy.cli.token import token
from deploy.cli.up import up
from shared.events.cloudevents import Poison, Reason, decode
from shared.fields import Body, Date, EventData, Instant, Time


@pytest.mark.parametrize("folder", ["/proc/x", "/dev/null/x", "FILE/below", "TAKEN", f"/tmp/{'a' * 300}"])
def test_a_folder_that_cannot_be_used_is_named_in_one_line(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "taken" / "lock").mkdir(parents=True)
    given = folder.replace("FILE", str(tmp_path / "file")).replace("TAKEN", str(tmp_path / "taken"))
    ended = CliRunner().invoke(up, ["--data", given])

    said = [line for line in ended.output.splitlines() if line.startswith("Error: ")]
    assert ended.exit_code == 1 and len(said) == 1
    assert given in said[0] and "no data can be kept here: " in said[0] and "Errno" not in said[0]


@pytest.mark.parametrize("sub", ["a" * 256, "a" * 5_000, " ", "a\nb", ""])
def test_a_token_is_for_a_name_that_the_services_take(sub: str, tmp_path: Path) -> None:
    ended = CliRunner().invoke(token, ["--sub", sub, "--data", str(tmp_path)])
    assert ended.exit_code == 2 and "at most 255 characters" in ended.output


class Dated(Body):
    on = Date()
    at = Instant()


class Emitted(EventData):
    on = Date(optional=True)
    at = Time(optional=True)


FAR = ["0001-01-01", "1969-12-31", "2200-01-01", "9999-12-31"]


@pytest.mark.parametrize("schema", [Dated, Emitted])
@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize("field", ["on", "at"])
def test_a_time_out_of_reach_is_refused(schema: type[Body], day: str, field: str) -> None:
    errors = schema().validate({field: day if field == "on" else f"{day}T00:00:00.000Z"})
    assert set(errors) == {field} and "2199" in str(errors[field])


@pytest.mark.parametrize("day", FAR)
def test_an_event_of_such_a_time_is_a_dead_letter_that_says_so(day: str) -> None:
    names = "specversion id source type subject partitionkey sequence dataschema"
    values = ["1.0", "i", "urn:good-golem:listing", "listing.created", "s", "s", "0000000001", "x"]
    headers = [(f"ce_{name}", value.encode()) for name, value in zip(names.split(), values, strict=True)]
    headers += [("ce_time", f"{day}T23:59:59Z".encode()), ("content-type", b"application/json")]
    with pytest.raises(Poison, match="ce_time is not an RFC 3339 time from 1970 to 2199") as raised:
        decode(b"s", b"{}", headers)
    assert raised.value.reason_code is Reason.BAD_HEADER
