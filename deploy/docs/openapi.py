"""The HTTP API of the whole gateway in one OpenAPI 3.1 document, from what the services declare."""

import json
from typing import Any

from services.escrow.api import operations as escrow
from services.listing.api import operations as listing
from services.matching.api import operations as matching
from services.notify.api import operations as notify
from shared.http.declare import openapi
from shared.http.declare.merging import merge
from shared.http.declare.operations import Operations
from shared.settings import Terms

SERVICES: dict[str, Operations[Any]] = {"listing": listing, "matching": matching, "escrow": escrow, "notify": notify}


def merged() -> dict[str, Any]:
    """What the gateway serves at /v1/openapi.json."""
    return merge({name: openapi.document(operations, Terms()) for name, operations in SERVICES.items()})


def page() -> str:
    """The merged document as JSON text."""
    return json.dumps(merged(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def site() -> str:
    """The same in few bytes, as it is served."""
    return json.dumps(merged(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
