"""Several OpenAPI documents as one; names that two of them give to different schemas are kept apart."""

import copy
from collections.abc import Callable, Mapping
from typing import Any

VERSION = "1.1.0"
"""Of the contract: docs/contract-changelog.md says what each one brought."""


def merge(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One document out of {service: its document}. A schema that two services name alike is named after its service."""
    merged: dict[str, Any] = {"openapi": "3.1.0", "info": {"title": "Good Golem", "version": VERSION}, "paths": {}}
    components: dict[str, dict[str, Any]] = {}
    for service, one in documents.items():
        apart = renamed(one, components.get("schemas", {}), _named_after(service))
        for kind, members in apart["components"].items():
            components.setdefault(kind, {}).update(members)
        for path, methods in apart["paths"].items():
            merged["paths"].setdefault(path, {}).update(methods)
    return {**merged, "components": components}


def renamed(one: Mapping[str, Any], known: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """`one` with other names for those of its schemas that `known` has as something else."""
    one = copy.deepcopy(dict(one))
    schemas = one["components"]["schemas"]
    names: dict[str, str] = {}
    while found := [name for name in schemas if name not in names and _differs(name, schemas, known, names)]:
        names |= {name: rename(name) for name in found}
    one["components"]["schemas"] = {names.get(name, name): schema for name, schema in schemas.items()}
    refs = {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()}
    written: dict[str, Any] = _with_refs(one, refs)
    return written


def _differs(name: str, schemas: Mapping[str, Any], known: Mapping[str, Any], names: Mapping[str, str]) -> bool:
    """Whether both have the name, and not for the same: one that refers to a renamed schema is not the same either."""
    refs = {f"#/components/schemas/{old}": f"#/components/schemas/{new}" for old, new in names.items()}
    return name in known and known[name] != _with_refs(schemas[name], refs)


def _named_after(service: str) -> Callable[[str], str]:
    return lambda name: f"{service.title()}{name}"


def _with_refs(value: Any, refs: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: refs.get(member, member) if key == "$ref" else _with_refs(member, refs)
            for key, member in value.items()
        }
    return [_with_refs(member, refs) for member in value] if isinstance(value, list) else value
