"""The HTTP API of the whole gateway in one OpenAPI 3.1 document, from what the services declare."""

import json
import re
from typing import Any

from deploy.docs import contract, examples, webhooks
from services.escrow.api import operations as escrow
from services.listing.api import operations as listing
from services.matching.api import operations as matching
from services.notify.api import operations as notify
from shared.http.declare import openapi
from shared.http.declare.merging import VERSION, merge
from shared.http.declare.operations import Operations
from shared.settings import Terms

SERVICES: dict[str, Operations[Any]] = {"listing": listing, "matching": matching, "escrow": escrow, "notify": notify}
_REF = re.compile(r'"#/components/(\w+)/([^"]+)"')


def merged() -> dict[str, Any]:
    """What the gateway serves at /v1/openapi.json."""
    document = described()
    examples.add_to(document)
    return document


def described() -> dict[str, Any]:
    """The same without examples."""
    document = merge({name: openapi.document(operations, Terms()) for name, operations in SERVICES.items()})
    document["info"] = {**contract.info("Good Golem", VERSION, contract.HTTP), "summary": contract.SUMMARY}
    document["servers"] = [{"url": "/", "description": "The gateway that serves this document."}]
    if "/v1/webhooks" in document["paths"]:
        document["webhooks"] = webhooks.described()
    used = {
        tag for paths in (document["paths"], document.get("webhooks", {})) for methods in paths.values()
        for operation in methods.values() for tag in operation["tags"]
    }  # fmt: skip
    document["tags"] = [{"name": tag, "description": contract.TAGS[tag]} for tag in contract.TAGS if tag in used]
    _drop_unused(document)
    return document


def _drop_unused(document: dict[str, Any]) -> None:
    """Components that nothing refers to: the refusals of statuses that no operation has."""
    while True:
        used = set(_REF.findall(json.dumps(document)))
        unused = [
            (kind, name)
            for kind, members in document["components"].items()
            for name in members
            if kind != "securitySchemes" and (kind, name) not in used
        ]
        if not unused:
            return
        for kind, name in unused:
            del document["components"][kind][name]


def page() -> str:
    """The merged document as JSON text."""
    return json.dumps(merged(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def site() -> str:
    """The same in few bytes, as it is served."""
    return json.dumps(merged(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
