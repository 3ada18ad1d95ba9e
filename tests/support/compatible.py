"""What of a contract breaks those who live by the one before, found by examples of what either allows.

A client sends what the old document allows, and must be understood; it gets what the new one allows, and reads it by
the old, letting unknown members pass. Events live for ever: the old ones are read by the new schemas as well.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.described import FORMATS
from tests.support.instances import instances

Document = Mapping[str, Any]


def breaks(old: Document, new: Document) -> list[str]:
    """What breaks a client of the OpenAPI document `old` once `new` is served; one line each."""
    found: list[str] = []
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            now = new["paths"].get(path, {}).get(method)
            name = before["operationId"]
            found += [f"{name}: {line}" for line in _of(before, now, old, new)] if now else [f"{name} is gone"]
    return found


def event_breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What breaks a reader of the events `old` ({hire.confirmed.v1: JSON Schema}), or what reads the old ones."""
    found: list[str] = []
    for name, before in old.items():
        if name not in new:
            found.append(f"{name} is gone")
            continue
        found += [f"{name}: a new one, read as before: {line}" for line in refused(new[name], {}, before, {})]
        found += [f"{name}: an old one, read as now: {line}" for line in refused(before, {}, new[name], {})]
    return found


def _of(before: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    if now["operationId"] != before["operationId"]:
        yield "has another name"
    if _needs_token(now) and not _needs_token(before):
        yield "needs a token now"
    yield from _parameters(before, now, old, new)
    yield from _bodies(before, now, old, new)
    yield from _answers(before, now, old, new)


def _needs_token(operation: Document) -> bool:
    return bool(operation.get("security")) and {} not in operation["security"]


def _parameters(before: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    were, are = _known(before, old), _known(now, new)
    for key, one in were.items():
        if key not in are:
            yield f"parameter {key} is refused now"
            continue
        for line in _refused(one["schema"], old, are[key]["schema"], new):
            yield f"parameter {key}: {line}"
    for key, one in are.items():
        if one.get("required") and not were.get(key, {}).get("required"):
            yield f"parameter {key} must be sent now"


def _known(operation: Document, document: Document) -> dict[str, Any]:
    found = [_resolved(each, document) for each in operation["parameters"]]
    return {f"{each['name']} in {each['in']}": each for each in found}


def _bodies(before: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    was, is_now = before.get("requestBody", {"content": {}}), now.get("requestBody", {"content": {}})
    if is_now.get("required") and not was.get("required"):
        yield "a body must be sent now"
    for media, content in was["content"].items():
        if media not in is_now["content"]:
            yield f"a body of {media} is refused now"
            continue
        for line in _refused(content.get("schema", {}), old, is_now["content"][media].get("schema", {}), new):
            yield f"a body that was taken: {line}"


def _answers(before: Document, now: Document, old: Document, new: Document) -> Iterator[str]:
    for status, answer in now["responses"].items():
        if status not in before["responses"]:
            if status.startswith("2"):
                yield f"answers {status} now"
            continue
        was, is_now = _resolved(before["responses"][status], old), _resolved(answer, new)
        yield from (
            f"{status} without {name}" for name in was.get("headers", {}).keys() - is_now.get("headers", {}).keys()
        )
        for media, content in was.get("content", {}).items():
            if media not in is_now.get("content", {}):
                yield f"{status} is not {media} now"
                continue
            for line in _refused(is_now["content"][media]["schema"], new, content["schema"], old):
                yield f"{status}, read as before: {line}"


def _resolved(value: Document, document: Document) -> Document:
    if "$ref" not in value:
        return value
    kind, name = value["$ref"].split("/")[2:]
    found: Document = document["components"][kind][name]
    return found


def _refused(given: Any, its: Document, taken: Any, others: Document) -> list[str]:
    return refused(given, its["components"]["schemas"], taken, others["components"]["schemas"])


def refused(given: Any, its: Mapping[str, Any], taken: Any, others: Mapping[str, Any]) -> list[str]:
    """Why examples of the schema `given` are not taken by the schema `taken`: each place and rule once."""
    key = json.dumps([_whole(given, its), _whole(taken, others)], sort_keys=True)
    return _refusals(key)


@cache
def _refusals(key: str) -> list[str]:
    (given, its), (taken, others) = json.loads(key)
    if (given, its) == (taken, others):
        return []
    validator = Draft202012Validator({**taken, "components": {"schemas": others}}, format_checker=FORMATS)
    errors = (error for value in instances(given, its) for error in validator.iter_errors(value))
    return list(dict.fromkeys(f"{error.json_path}: {error.message[:120]}" for error in errors))


def _whole(schema: Any, schemas: Mapping[str, Any]) -> list[Any]:
    """A schema with those that it refers to."""
    used: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for name in _refs(waiting.pop()):
            if name not in used:
                used[name] = schemas[name]
                waiting.append(schemas[name])
    return [schema, used]


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(ref := value.get("$ref"), str):
            yield ref.rpartition("/")[2]
        for member in value.values():
            yield from _refs(member)
    elif isinstance(value, list):
        for member in value:
            yield from _refs(member)
