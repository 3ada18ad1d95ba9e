"""What people read of a setting is the value that is set here, in each text that names one."""

from datetime import timedelta

import pytest

from deploy.docs import lifecycles
from services.matching.api import operations
from services.matching.offer.lifecycle import OFFER
from services.notify.templates import BY_LANGUAGE, duration, render
from shared.aggregate import Change, Refusal, Trigger, explain
from shared.http.declare import openapi
from shared.settings import Terms
from shared.settings.in_words import in_words, with_terms
from tests.support.clock import ManualClock

NOW = ManualClock().now()
OTHER = Terms(
    cancel_alone=timedelta(hours=5),
    review_within=timedelta(days=11),
    review_blind=timedelta(days=4),
    retry_refused=timedelta(minutes=30),
)


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(days=90), "90 days"),
        (timedelta(hours=72), "72 hours"),
        (timedelta(hours=48), "48 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=100), "100 hours"),
        (timedelta(minutes=15), "15 minutes"),
        (timedelta(seconds=90), "90 seconds"),
        (timedelta(milliseconds=500), "0.5 seconds"),
        (timedelta(), "0 seconds"),
    ],
)
def test_a_duration_in_words(duration: timedelta, words: str) -> None:
    assert in_words(duration) == words


def test_a_text_that_names_no_term_of_the_agreement_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        with_terms("within {cooling_off}", Terms())


def test_every_row_and_condition_names_terms_that_there_are() -> None:
    texts = [
        (lifecycle, text)
        for lifecycle, _ in lifecycles.LIFECYCLES
        for row in lifecycle.rows
        for text in (row.note, row.when.description if row.when else "")
    ]

    assert all("{" not in with_terms(text, lifecycle.terms) for lifecycle, text in texts)


def test_explain_and_a_refusal_name_the_time_that_is_set_here() -> None:
    offer = OFFER.with_terms(OTHER)
    document = {"_id": "o", "kind": "offer", "version": 1, "state": "accepted", "accepted_at": NOW, "price": 5}
    asked = document | {"accepted_at": NOW - timedelta(hours=6), "cancel_asked": {"by": "seeker"}}
    again = Trigger("cancel", "c", "command", NOW, roles=frozenset({"seeker"}))

    steps = explain(offer, document, frozenset({"seeker"}), NOW)
    with pytest.raises(Refusal) as refused:
        offer.allowed(Change("o", offer, asked, NOW), again)

    assert "within 5 hours of acceptance" in [step.get("when") for step in steps]
    assert refused.value.detail == "You have asked already; the other can agree."


def test_the_summaries_of_operations_name_it_too() -> None:
    cancel = openapi.document(operations, OTHER)["paths"]["/v1/offers/{id}/cancel"]["post"]

    assert "5 hours" in cancel["summary"]


@pytest.mark.parametrize(
    ("language", "days", "minutes"), [("en", "4 days", "30 minutes"), ("fr", "4 jours", "30 minutes")]
)
def test_mails_name_it_in_their_language(language: str, days: str, minutes: str) -> None:
    reviewed = render("offer.reviewed", {"offer_id": "o"}, language, OTHER)[1].replace("\u00a0", " ")
    refused = render("escrow.release_refused", {"offer_id": "o"}, language, OTHER)[1].replace("\u00a0", " ")

    assert days in reviewed
    assert minutes in refused


def test_each_unit_has_words_in_each_language() -> None:
    durations = [timedelta(seconds=n * unit) for unit in (1, 60, 3600, 86400) for n in (1, 5)]

    assert all(" " not in duration(each, language) for language in BY_LANGUAGE for each in durations)
