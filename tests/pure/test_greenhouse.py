"""Greenhouse's webhook: its signature, and the little that is read of what it says."""

import hashlib
import hmac
from typing import Any

import pytest

from services.matching.employer.greenhouse import HireReport, Unreadable, is_signed, read

SECRET = "0123456789abcdef"
BODY = b'{"action":"hire_candidate"}'


def signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return "sha256 " + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_the_form_that_the_documentation_shows() -> None:
    """The digest is what `openssl dgst -sha256 -hmac` makes of the same bytes."""
    assert signature() == "sha256 f6766f8b2a4f2e8427ea8b58eb27d355fd6bb81815b3571272bf817d15bb7432"
    assert is_signed(SECRET, signature(), BODY)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        signature(secret="another-secret-16"),
        signature(body=BODY + b" "),
        signature().replace("sha256 ", "sha256="),
        signature().replace("sha256 ", ""),
        signature().replace("sha256", "sha1"),
        signature()[:-1],
        signature() + "0",
        signature().upper(),
        "sha256 " + "0" * 64,
        "sha256 " + "é" * 64,
        "x" * 10**6,
    ],
)
def test_what_is_not_signed(header: str | None) -> None:
    assert not is_signed(SECRET, header, BODY)


def hired(action: str = "hire_candidate", **application: Any) -> dict[str, Any]:
    said = {"id": 46194062, "candidate": {"first_name": "Johnny"}, "offer": {"starts_at": "2015-01-23"}}
    return {"action": action, "payload": {"application": said | application}}


@pytest.mark.parametrize("action", ["hire_candidate", "candidate_hired"])
def test_a_hire(action: str) -> None:
    assert read(hired(action)) == HireReport("46194062", True, "2015-01-23")


@pytest.mark.parametrize("action", ["unhire_candidate", "candidate_unhired"])
def test_a_hire_that_is_taken_back(action: str) -> None:
    assert read(hired(action)) == HireReport("46194062", False, "2015-01-23")


@pytest.mark.parametrize("action", ["ping", "candidate_stage_change", "", None, 5, ["hire_candidate"], {"a": 1}])
def test_what_is_about_something_else(action: Any) -> None:
    assert read({"action": action, "payload": "whatever"}) is None


@pytest.mark.parametrize(
    ("offer", "start_on"),
    [
        (None, None),
        ({}, None),
        ({"starts_at": None}, None),
        ({"starts_at": ""}, None),
        ({"starts_at": "soon"}, None),
        ({"starts_at": 20150123}, None),
        ({"starts_at": "2015-13-01"}, None),
        ({"starts_at": "2015-01-23T00:00:00Z"}, "2015-01-23"),
        ("an offer", None),
    ],
)
def test_when_it_starts(offer: Any, start_on: str | None) -> None:
    told = read(hired(offer=offer))

    assert told is not None and told.start_on == start_on


@pytest.mark.parametrize(
    "body",
    [
        {"action": "hire_candidate"},
        {"action": "hire_candidate", "payload": []},
        {"action": "hire_candidate", "payload": {"application": None}},
        hired(id=None),
        hired(id=True),
        hired(id=1.5),
        hired(id=""),
        hired(id={"$ne": 1}),
        hired(id="x" * 65),
        hired(id="a b"),
        hired(id=-1),
    ],
)
def test_what_cannot_be_read(body: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read(body)
