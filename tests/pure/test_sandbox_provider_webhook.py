"""The webhook's signature and body."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escrow.provider.port import BadNotice, BadSignature, Chargeback, Notice, Outcome
from services.escrow.provider.sandbox.webhook import encode, http_post, parse, sign, verify

FIVE_MINUTES = timedelta(minutes=5)
NOW = datetime(2027, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)
BODY = b'{"id":"evt_1"}'
OUTCOME = Outcome(
    instruction_id="i-1", status="refused", reason="card_declined", provider_reference="tr_1", amount=0, at=NOW
)
REFUSED = Notice(id="evt_1", kind="transfer.refused", offer_id="o", at=NOW, outcome=OUTCOME)
OPENED = Notice(
    id="evt_2",
    kind="chargeback.opened",
    offer_id="o",
    at=NOW,
    chargeback=Chargeback(id="cb_1", amount=5, from_held=2, currency="EUR"),
)


def test_the_documented_form() -> None:
    """Anyone can check it with HMAC-SHA256 over the time stamp, a dot and the raw body."""
    stamp = str(int(NOW.timestamp()))
    expected = hmac.new(b"secret", f"{stamp}.".encode() + BODY, hashlib.sha256).hexdigest()

    assert sign("secret", BODY, NOW) == f"t={stamp},v1={expected}"


@pytest.mark.parametrize("apart", [timedelta(), timedelta(minutes=5), -timedelta(minutes=4, seconds=59)])
def test_a_good_signature_within_the_tolerance(apart: timedelta) -> None:
    """Clocks may differ by five minutes, either way."""
    at = NOW.replace(microsecond=0)

    verify("secret", sign("secret", BODY, at), BODY, at + apart, FIVE_MINUTES)


@pytest.mark.parametrize("apart", [timedelta(minutes=5, seconds=1), -timedelta(minutes=5, seconds=1)])
def test_an_old_or_early_signature(apart: timedelta) -> None:
    """A recorded webhook cannot be played again later."""
    with pytest.raises(BadSignature, match="outside_tolerance"):
        verify("secret", sign("secret", BODY, NOW), BODY, NOW + apart, FIVE_MINUTES)


def test_another_secret_body_or_time() -> None:
    """Whatever is not exactly what was signed does not fit."""
    header = sign("secret", BODY, NOW)
    later = header.replace(f"t={int(NOW.timestamp())}", f"t={int(NOW.timestamp()) + 1}")

    for secret, given_header, body in (
        ("other", header, BODY),
        ("secret", header, BODY + b" "),
        ("secret", later, BODY),
    ):
        with pytest.raises(BadSignature, match="mismatch"):
            verify(secret, given_header, body, NOW, FIVE_MINUTES)


def test_a_secret_being_changed() -> None:
    """With several v1 one has to fit; other schemes do not count."""
    stamp, new = sign("new", BODY, NOW).split(",")
    _, old = sign("old", BODY, NOW).split(",")

    verify("old", f"{stamp}, {new}, {old}, v0=abc", BODY, NOW, FIVE_MINUTES)
    with pytest.raises(BadSignature, match="malformed"):
        verify("old", f"{stamp},{old.replace('v1', 'v0')}", BODY, NOW, FIVE_MINUTES)


@given(st.text(max_size=200))
def test_any_header_is_refused_by_name(header: str) -> None:
    """Garbage is a BadSignature, nothing else."""
    with pytest.raises(BadSignature):
        verify("secret", header, BODY, NOW, FIVE_MINUTES)


@pytest.mark.parametrize(
    "header",
    ["", "t=1", "v1=ab", "t=,v1=ab", "t=-1,v1=ab", "t=1e3,v1=ab", "t=²,v1=ab", "t=1,t=2,v1=ab", f"t={'9' * 13},v1=ab"],
)
def test_a_malformed_header(header: str) -> None:
    """One time stamp in digits and at least one v1, or nothing."""
    with pytest.raises(BadSignature, match="malformed"):
        verify("secret", header, BODY, NOW, FIVE_MINUTES)


@pytest.mark.parametrize(
    "notice",
    [
        REFUSED,
        OPENED,
        replace(REFUSED, kind="transfer.succeeded", outcome=replace(OUTCOME, status="succeeded", reason=None)),
    ],
    ids=lambda notice: notice.kind,
)
def test_a_notice_survives_the_wire(notice: Notice) -> None:
    """What was told is what is read; fields added later are passed over."""
    assert parse(encode(notice)) == notice
    assert parse(json.dumps(json.loads(encode(notice)) | {"added": 1}).encode()) == notice


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": 1}, "id"),
        ({"offer_id": None}, "offer_id"),
        ({"kind": "transfer.lost"}, "kind"),
        ({"kind": "transfer.succeeded"}, "outcome.status"),
        ({"kind": "chargeback.opened"}, "chargeback"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2027-01-01T00:00:00"}, "at"),
        ({"outcome": []}, "outcome"),
        ({"outcome": {"status": "refused"}}, "instruction_id"),
        ({"outcome": json.loads(encode(REFUSED))["outcome"] | {"amount": True}}, "amount"),
        ({"outcome": json.loads(encode(REFUSED))["outcome"] | {"amount": float("nan")}}, "amount"),
    ],
)
def test_a_body_that_is_no_notice(change: dict[str, object], named: str) -> None:
    """It is refused with the field's name."""
    with pytest.raises(BadNotice, match=named):
        parse(json.dumps(json.loads(encode(REFUSED)) | change).encode())


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b"[" * 100_000])
def test_a_body_that_is_no_object(body: bytes) -> None:
    """Nor is anything else than a JSON object."""
    with pytest.raises(BadNotice):
        parse(body)


@pytest.mark.parametrize(
    "url", ["", "/v1/webhooks", "ftp://h/", "file:///etc/passwd", "http:///x", "http://u:p@h/", "http://h:x/"]
)
def test_addresses_that_are_not_posted_to(url: str) -> None:
    """Only http(s) with a host and without a user."""
    with pytest.raises(ValueError):
        http_post(url)
