"""The values of labels that `shared.telemetry.metrics` declares are those that the code counts."""

import smtplib
from email.message import EmailMessage
from typing import get_args

import pytest
from prometheus_client import REGISTRY

from services.escrow.lifecycle import ESCROW
from services.matching.offer.lifecycle import OFFER
from services.notify.letter import Letter
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman
from services.notify.mails import Mails
from shared.aggregate import Lifecycle
from shared.aggregate.verdict import Outcome
from shared.telemetry import metrics
from tests.pure.test_composition import in_memory
from tests.support.clock import ManualClock


def _mailed() -> dict[str, Lifecycle]:
    """What notify's worker looks after and mails, by its kind."""
    work = in_memory("notify")
    mails: Mails = work.carry_out.__self__
    assert mails.kinds.keys() == {each.name for each in work.lifecycles}
    return {each.name: each for each in work.lifecycles}


def test_verdicts() -> None:
    assert sorted(metrics.VERDICTS) == sorted((*get_args(Outcome), "poison"))


def test_outcomes_of_instructions() -> None:
    outcomes = {name.split(".")[-1] for each in (ESCROW, OFFER, *_mailed().values()) for name in each.outcomes}

    assert {*metrics.INSTRUCTION_OUTCOMES} == outcomes | {"unknown"}


def test_kinds_of_instructions() -> None:
    """An outcome is named after its instruction, but for the check's."""
    kinds = {
        service: {name.split(".")[0] for name in lifecycle.outcomes if "." in name}
        for service, lifecycle in (("escrow", ESCROW), ("notify", NOTIFICATION))
    }

    assert {name: {*of} for name, of in metrics.INSTRUCTION_KINDS.items()} == kinds | {"matching": {"check"}}
    assert OFFER.outcomes == ("checked",)


def test_kinds_of_mails() -> None:
    assert sorted(metrics.MAIL_KINDS) == sorted(_mailed())


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("sent", None),
        ("failed", smtplib.SMTPResponseException(550, b"no such mailbox")),
        ("later", smtplib.SMTPResponseException(451, b"busy")),
        ("later", ConnectionRefusedError()),
        ("deferred", smtplib.SMTPRecipientsRefused({"a@b.example": (452, b"4.2.2 mailbox full")})),
        ("deferred", smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"busy")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"4.7.1 too many from you")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (421, b"closing")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"4.1.8 Sender address rejected")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"4.1.2 Domain not found")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (451, b"Temporary local problem")})),
        ("later", smtplib.SMTPRecipientsRefused({"a@b.example": (452, b"Insufficient system storage")})),
        ("deferred", smtplib.SMTPRecipientsRefused({"a@b.example": (450, b"4.1.1 not known yet")})),
    ],
)
def test_outcomes_of_mails(outcome: str, error: Exception | None) -> None:
    def send(mail: EmailMessage, address: str) -> None:
        if error:
            raise error

    def counted() -> dict[str, float]:
        found = {name: {"kind": "labels", "outcome": name} for name in metrics.MAIL_OUTCOMES}
        return {name: REGISTRY.get_sample_value("golem_mails_total", of) or 0.0 for name, of in found.items()}

    clock, before = ManualClock(), counted()
    document = {"_id": "d", "kind": "labels", "instruction": {"id": "d:mail"}}
    Postman(clock, "Good Golem <g@golem.local>", send).post(
        document, Letter("s", "t", "en"), "a@b.example", clock.now()
    )

    assert counted() == before | {outcome: before[outcome] + 1}
