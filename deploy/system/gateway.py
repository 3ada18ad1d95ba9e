"""The gateway of a system, and as whom it is spoken to: by GOLEM_TOKEN, or by the development keys as anybody."""

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.embedded.data import default_folder
from deploy.system import NotFound
from deploy.system.connect import keys, running

TOKEN = "GOLEM_TOKEN"


class Refusal(Exception):
    """The gateway refused, or did not answer; the message is for its user."""


@dataclass(frozen=True)
class Gateway:
    """`url` has no slash at its end; `token` gives a bearer token that is valid now."""

    url: str
    token: Callable[[], str]

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    def get(self, path: str, **query: str | None) -> Any:
        """The answer's JSON. Raises Refusal."""
        asked = {name: value for name, value in query.items() if value is not None}
        try:
            answer = httpx.get(f"{self.url}{path}", params=asked, headers=self.headers(), timeout=20)
        except httpx.TransportError as error:
            raise no_answer(self.url, error) from error
        return content(answer)


def gateway(url: str | None, data: Path | None, sub: str, roles: Iterable[str] = ()) -> Gateway:
    """The one at `url`, else of the stack that runs on `data`, spoken to as `sub` with these roles, where GOLEM_TOKEN
    does not say as whom.

    Raises NotFound where there is no stack, or there are no keys; Refusal where GOLEM_TOKEN can be no token.
    """
    folder = data or default_folder()
    stack = running(folder)
    if url is None and stack is None:
        raise NotFound(f"no stack runs on {folder}; start one with `golem up`, or name a system with --gateway")
    found = (url or (stack or {})["gateway"]).rstrip("/")
    if given := os.environ.get(TOKEN):
        if not re.fullmatch("[!-~]+", given):
            raise Refusal(f"{TOKEN} is no token: expected ASCII without blanks or line ends")
        return Gateway(found, lambda: given)
    own, chosen = keys(data, url), tuple(roles)
    return Gateway(found, lambda: own.token(sub, chosen))


def check(answer: httpx.Response) -> None:
    """Raises Refusal where it is one, with what the problem says."""
    if answer.is_success:
        return
    try:
        problem = answer.json()
        faults = [f"{each['pointer']} {each['message']}" for each in problem.get("errors", [])]
        words = f"{problem['title']}: {'; '.join(faults) or problem['detail']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        words = answer.text[:300] or answer.reason_phrase
    raise Refusal(f"{answer.status_code} {words}")


def content(answer: httpx.Response) -> Any:
    """The answer's JSON, None where it has no body. Raises Refusal."""
    check(answer)
    try:
        return answer.json() if answer.content else None
    except ValueError:
        raise no_golem(answer) from None


def no_golem(answer: httpx.Response) -> Refusal:
    return Refusal(f"{answer.url.copy_with(query=None)} answers {answer.status_code}, but not as a Good Golem does")


def no_answer(url: str, error: httpx.TransportError) -> Refusal:
    return Refusal(f"{url} does not answer: {error}")
