"""Every operation as a stranger's tool finds it: Schemathesis reads the description from the gateway and asks all.

A few examples an operation; SCHEMATHESIS_EXAMPLES=200 asks more, SCHEMATHESIS_SEED=7 repeats a run.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from deploy.embedded.stack import Stack
from tests.support.described import DOCUMENT
from tests.support.hires import Hires

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "4"))
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
OPERATIONS = sorted(
    (method.upper(), path)
    for path, methods in json.loads(DOCUMENT.read_text("utf-8"))["paths"].items()
    for method in methods
)
ROLES = ((), ("moderator",), ("arbiter", "operator"))


class Asked:
    """The running system, what its description says, and people and ids that it knows."""

    def __init__(self, stack: Stack, hires: Hires) -> None:
        description = hires.http.get("/v1/openapi.json").raise_for_status().json()
        self.schema = schemathesis.openapi.from_dict(description)
        self.gateway = stack.gateway
        hire = hires.one()
        offer = hires.active()
        self.ids: dict[str, list[str]] = {
            "id": [hire.offer_id, offer.offer_id, hire.listing_id, offer.listing_id],
            "offer_id": [hire.offer_id, offer.offer_id],
        }
        people = (hire.insider, hire.seeker, offer.insider, offer.seeker)
        staff = (stack.token(f"staff-{number}", roles) for number, roles in enumerate(ROLES))
        self.strangers = ["", stack.token("stranger")]
        self.tokens = ["", *(person.token for person in people), *staff]

    def ask(self, method: str, path: str, count: int = EXAMPLES) -> None:
        """Ask so often, each time as somebody else; raises where an answer is not as described."""
        turn = 0
        operation = self.schema[path][method]
        people = self.strangers if (method, path) == ("DELETE", "/v1/me") else self.tokens

        @seed(SEED)
        @settings(
            max_examples=count, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy())
        def each(case: Any) -> None:
            nonlocal turn
            turn += 1
            for name, known in self.ids.items():
                if name in case.path_parameters and turn % 2:
                    case.path_parameters[name] = known[turn // 2 % len(known)]
            token = people[turn % len(people)]
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            response = case.call(base_url=self.gateway, headers=headers)
            for _ in range(4):  # others changed it at that moment: as a client, come again when it says
                if response.status_code != 503 or "retry-after" not in response.headers:
                    break
                case.validate_response(response, checks=CHECKS[1:])
                time.sleep(int(response.headers["retry-after"][0]))
                response = case.call(base_url=self.gateway, headers=headers)
            case.validate_response(response, checks=CHECKS)

        each()
        assert turn


@pytest.fixture(scope="module")
def asked(stack: Stack) -> Iterator[Asked]:
    with Hires(stack) as hires:
        yield Asked(stack, hires)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation(asked: Asked, method: str, path: str) -> None:
    """No answer is a server's error, of an undocumented status or media type, or outside its schema."""
    asked.ask(method, path, 2 if path == "/v1/stream" else EXAMPLES)  # each lasts
