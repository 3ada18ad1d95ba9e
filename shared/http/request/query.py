"""Query parameters: each known, each once (a list may repeat), in valid UTF-8."""

from typing import Any
from urllib.parse import parse_qsl

from marshmallow import Schema, ValidationError

from shared.fields import Query, Several
from shared.http.problems import Fault, Problem, faults_of, invalid

_NONE_KNOWN = Query()
_MOST_PARAMETERS = 100


def read_query(query_string: bytes, schema: Schema | None) -> dict[str, Any]:
    """The parameters as `schema` loads them; Problem 400 or 422 that names each wrong parameter."""
    schema = schema or _NONE_KNOWN
    repeatable = {field.data_key or name for name, field in schema.load_fields.items() if isinstance(field, Several)}
    given: dict[str, Any] = {}
    for name, value in parameters_of(query_string):
        if name in repeatable:
            given.setdefault(name, []).append(value)
        elif name in given:
            raise invalid([Fault.of_query(name[:100], "twice", "is given twice")])
        else:
            given[name] = value
    try:
        loaded: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise invalid(_named(fault) for fault in faults_of(error.messages)) from None
    return loaded


def parameters_of(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values as they were given."""
    try:
        text = query_string.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise Problem("bad-request", f"The query is not UTF-8, or has over {_MOST_PARAMETERS} parameters.") from None


def _named(fault: Fault) -> Fault:
    """`/limit` is `?limit`, `/help/0` is `?help`."""
    name = fault.pointer.split("/")[1].replace("~1", "/").replace("~0", "~") if fault.pointer else ""
    return Fault.of_query(name, fault.rule, fault.message)
