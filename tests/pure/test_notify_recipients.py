"""Every event type: the person the row names is told, in words that its data can fill, and nobody outside the offer."""

import re
from typing import Any

import pytest

from services.escrow.acts import DISPUTE_REASONS
from services.escrow.provider.sandbox.sources import SOURCES
from services.listing.schemas import REASONS as LISTING_REASONS
from services.notify.preferences import STOPPABLE
from services.notify.recipients import IN_OTHER_WORDS, RECIPIENTS, notified, people, read_by
from services.notify.templates import BY_LANGUAGE, CODE_TEXTS, LANGUAGES, PHRASES, TEMPLATES, amount, render
from shared.events import EVENT_NAMES, emit_data
from shared.events.catalogue import latest
from shared.events.schemas_listing import HELP_KINDS

INSIDER, SEEKER = "p_" + "a" * 32, "p_" + "b" * 32
STATUS = {"listing": "published", "offer": "active", "escrow": "held"}
LISTING: dict[str, Any] = {
    "listing_id": "l-1",
    "insider": INSIDER,
    "status": "published",
    "country": "NL",
    "region": None,
    "industry": {"scheme": "NACE-2", "code": "J62"},
    "occupation": {"scheme": "ISCO-08", "code": "2512"},
    "skills": [],
    "pay": {"min": 1, "max": 2, "per": "year"},
    "help": [{"kind": "coaching", "price": 50_000}],
    "currency": "EUR",
    "seats": 1,
    "tranches": [{"due_day": 0, "bps": 10_000}],
    "leaving_on": "2027-01-31",
    "published_at": "2027-01-01T00:00:00.000Z",
}
OFFER: dict[str, Any] = {
    "offer_id": "o-1",
    "listing_id": "l-1",
    "insider": INSIDER,
    "seeker": SEEKER,
    "status": "active",
    "help": ["coaching", "good_word"],
    "price": 50_000,
    "currency": "EUR",
    "tranches": [{"due_day": 0, "bps": 10_000}],
    "fee_bps": 500,
    "accepted_at": "2027-01-01T00:00:00.000Z",
}
SUMS = dict.fromkeys(("funded", "held", "released", "fees", "refunded", "charged_back"), 50_000)
ESCROW: dict[str, Any] = {
    "offer_id": "o-1",
    "insider": INSIDER,
    "seeker": SEEKER,
    "status": "held",
    "currency": "EUR",
    "journal_hash": None,
    "journal_seq": 0,
    **SUMS,
}
MORE: dict[str, dict[str, Any]] = {
    "listing.returned": {"reason": "unclear"},
    "listing.consent_asked": {
        "link_id": "k-1",
        "until": "2027-12-31T00:00:00.000Z",
        "language": "en",
        "sealed": "A" * 60,
    },
    "offer.countered": {"by": "seeker"},
    "offer.begun": {"by": "system"},
    "offer.declined": {"by": "insider"},
    "offer.withdrawn": {"by": "seeker"},
    "offer.cancelled": {"by": "staff"},
    "offer.cancel_asked": {"by": "insider"},
    "offer.reviewed": {"by": "seeker"},
    "help.given": {"kind": "good_word", "on": "2027-01-02"},
    "hire.claimed": {"start_on": "2027-02-01", "evidence_grade": 0},
    "hire.confirmed": {
        "start_on": "2027-02-01",
        "evidence_grade": 0,
        "confirmed_by": "seeker",
        "confirmed_at": "2027-01-02T00:00:00.000Z",
    },
    "hire.ended": {"by": "employer", "on": "2027-03-01"},
    "escrow.opened": {"fund_by": "2027-01-04T00:00:00.000Z", "price": 50_000},
    "escrow.declined": {"reason": "card_declined"},
    "escrow.set_off_returned": {"amount": 47_500},
    "escrow.released": {"tranche": 0, "amount": 47_500, "fee": 2_500, "hire_event_id": "e-1"},
    "escrow.release_refused": {"reason": "account_closed"},
    "escrow.refunded": {"amount": 50_000},
    "escrow.refund_refused": {"reason": "card_expired"},
    "escrow.charged_back": {"before": "held"},
    "escrow.postpone_proposed": {"start_on": "2027-03-01"},
    "escrow.postponed": {"start_on": "2027-03-01"},
    "escrow.postpone_declined": {"start_on": "2027-03-01"},
    "dispute.opened": {"by": "seeker", "reason": "no_help"},
    "dispute.resolved": {"decision": "refund"},
}
OF_PEOPLE: dict[str, dict[str, Any]] = {
    "person.erased": {"person_id": SEEKER},
    "contact.verified": {"person_id": SEEKER, "mark": "m_1"},
    "contact.replaced": {"person_id": SEEKER},
    "payout.changed": {"person_id": SEEKER},
    "webhook.disabled": {
        "person_id": SEEKER,
        "webhook_id": "w-1",
        "host": "hook_1.example",
        "reason": "failing",
        "failed": ["escrow.probation_started e-1", "hire.confirmed e-2"],
    },
    "work.verified": {"person_id": SEEKER, "domain_mark": "m_1"},
    "report.decided": {"person_id": SEEKER, "listing_id": "l-1", "decision": "keep"},
    "insider_report.decided": {"person_id": SEEKER, "insider": INSIDER, "decision": "act"},
    "matches.wanted": {"person_id": SEEKER, "cadence": "daily"},
    "matches.found": {
        "person_id": SEEKER,
        "cadence": "daily",
        "items": [
            {
                "listing_id": "l-1",
                "occupation": {"scheme": "ISCO-08", "code": "2512"},
                "score": 71,
                "reasons": ["occupation", "skills", "free"],
            },
            {
                "listing_id": "l-2",
                "occupation": {"scheme": "ISCO-08", "code": "2221"},
                "score": 20,
                "reasons": ["industry"],
            },
        ],
        "more": 0,
    },
    "employer.registered": {"domain_mark": "m_1"},
    "employer.removed": {"domain_mark": "m_1"},
}
MORE |= OF_PEOPLE


def event(name: str, **more: Any) -> dict[str, Any]:
    """Data as the event's schema has it, with nothing optional in it but `more`."""
    base = {} if name in OF_PEOPLE else {"listing": LISTING, "matching": OFFER, "escrow": ESCROW}[latest(name).owner]
    if name == "hire.confirmed":
        base = {field: OFFER[field] for field in ("offer_id", "listing_id", "insider", "seeker", "status")}
    return emit_data(name, {**base, **MORE.get(name, {}), **more})


INSIDERS, SEEKERS, BOTH, NONE = (INSIDER,), (SEEKER,), (INSIDER, SEEKER), ()
WHO: dict[str, tuple[str, ...]] = {
    "listing.submitted": NONE,
    "listing.created": INSIDERS,
    "listing.returned": INSIDERS,
    "listing.revised": NONE,
    "listing.paused": NONE,
    "listing.resumed": NONE,
    "listing.rested": INSIDERS,
    "listing.kept": INSIDERS,
    "listing.filled": INSIDERS,
    "listing.expired": INSIDERS,
    "listing.withdrawn": NONE,
    "listing.removed": INSIDERS,
    "listing.consent_asked": NONE,
    "listing.consent_given": INSIDERS,
    "listing.consent_refused": INSIDERS,
    "listing.consent_withdrawn": INSIDERS,
    "offer.made": INSIDERS,
    "offer.countered": INSIDERS,
    "offer.accepted": BOTH,
    "offer.declined": SEEKERS,
    "offer.withdrawn": INSIDERS,
    "offer.expired": BOTH,
    "offer.cancelled": BOTH,
    "offer.cancel_asked": SEEKERS,
    "offer.consent_ended": BOTH,
    "offer.activated": BOTH,
    "offer.begun": BOTH,
    "offer.lapsed": BOTH,
    "offer.completed": BOTH,
    "offer.closed": BOTH,
    "offer.reviewed": INSIDERS,
    "help.given": SEEKERS,
    "hire.claimed": SEEKERS,
    "hire.rejected": INSIDERS,
    "hire.confirmed": INSIDERS,
    "hire.ended": BOTH,
    "escrow.opened": SEEKERS,
    "escrow.held": SEEKERS,
    "escrow.declined": SEEKERS,
    "escrow.lapsed": NONE,
    "escrow.probation_started": NONE,
    "escrow.postpone_proposed": SEEKERS,
    "escrow.postponed": INSIDERS,
    "escrow.postpone_declined": INSIDERS,
    "escrow.released": BOTH,
    "escrow.settled": NONE,
    "escrow.release_refused": INSIDERS,
    "escrow.refunded": SEEKERS,
    "escrow.refund_refused": SEEKERS,
    "escrow.split": BOTH,
    "escrow.set_off_returned": INSIDERS,
    "escrow.charged_back": BOTH,
    "escrow.chargeback_reversed": BOTH,
    "dispute.opened": INSIDERS,
    "dispute.withdrawn": BOTH,
    "dispute.resolved": BOTH,
    "dispute.expired": BOTH,
    "person.erased": NONE,
    "contact.verified": NONE,
    "contact.replaced": SEEKERS,
    "payout.changed": SEEKERS,
    "webhook.disabled": SEEKERS,
    "work.verified": NONE,
    "report.decided": SEEKERS,
    "insider_report.decided": SEEKERS,
    "matches.wanted": NONE,
    "matches.found": SEEKERS,
    "employer.registered": NONE,
    "employer.removed": NONE,
}


def test_the_table_has_a_row_for_every_event_type() -> None:
    assert set(RECIPIENTS) == set(EVENT_NAMES) == set(WHO)


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_who_is_told(name: str) -> None:
    assert people(name, event(name)) == WHO[name]


@pytest.mark.parametrize(
    ("name", "field", "actor", "who"),
    [
        ("offer.accepted", "by", "insider", SEEKERS),
        ("offer.accepted", "by", "seeker", INSIDERS),
        ("offer.countered", "by", "insider", SEEKERS),
        ("offer.cancelled", "by", "insider", SEEKERS),
        ("offer.cancelled", "by", "seeker", INSIDERS),
        ("offer.cancelled", "by", "system", BOTH),
        ("offer.cancel_asked", "by", "seeker", INSIDERS),
        ("hire.confirmed", "confirmed_by", "employer", BOTH),
        ("hire.confirmed", "confirmed_by", "silence", BOTH),
        ("offer.reviewed", "by", "insider", SEEKERS),
        ("hire.ended", "by", "seeker", INSIDERS),
        ("hire.ended", "by", "insider", SEEKERS),
        ("dispute.opened", "by", "insider", SEEKERS),
        ("dispute.withdrawn", "by", "insider", SEEKERS),
        ("help.given", "answer", "confirmed", INSIDERS),
        ("help.given", "answer", "denied", INSIDERS),
    ],
)
def test_the_one_who_did_it_is_not_told(name: str, field: str, actor: str, who: tuple[str, ...]) -> None:
    assert people(name, event(name, **{field: actor})) == who


ACTORS = ("insider", "seeker", "employer", "ats", "arbiter", "silence", "staff", "system")


@pytest.mark.parametrize("name", EVENT_NAMES)
def test_nobody_outside_the_offer_is_told_whoever_did_it(name: str) -> None:
    """Each row, with each who may have done it, names one or two of the insider and the seeker, each once."""
    data = event(name)
    for actor in ACTORS:
        for answer in (None, "confirmed", "denied"):
            who = people(name, {**data, "by": actor, "confirmed_by": actor, "answer": answer})
            assert len(who) == len(set(who))
            assert set(who) <= {INSIDER, SEEKER} & {data.get(name) for name in ("insider", "seeker", "person_id")}


def test_a_row_that_leaves_the_actor_out_names_a_field_that_its_event_has() -> None:
    """Where `other` reads a field that the event does not carry, both would be told, also the one who did it."""
    for name, row in RECIPIENTS.items():
        if row is not None and row.who == "other":
            assert row.actor in latest(name).schema().fields, name


@pytest.mark.parametrize("name", [name for name in EVENT_NAMES if RECIPIENTS[name]])
def test_the_words_can_be_filled_and_say_no_person(name: str) -> None:
    row = notified(name, event(name))
    assert row

    subject, text = render(row.text, event(name))

    assert subject and ("o-1" in text or "l-1" in text or name in OF_PEOPLE)
    assert not re.search(r"[{}]|None|p_[0-9a-f]{32}|_by|good_word", subject + text)


def said(name: str, language: str = "en", **more: Any) -> str:
    row = notified(name, event(name, **more))
    assert row
    return render(row.text, event(name, **more), language)[1].replace("\u00a0", " ").replace("\u202f", " ")


def test_amounts_days_and_codes_are_written_for_people() -> None:
    assert "EUR 500.00 before January 4, 2027 00:00 (UTC)." in said("escrow.opened")
    assert "500,00 EUR avant le 4 janvier 2027 à 00 h 00 (UTC)." in said("escrow.opened", "fr")
    assert "1 234,50 EUR" in said("escrow.refunded", "fr", amount=123_450)
    assert said("offer.made").startswith(
        "A seeker asks for your help: coaching for the interview and a good word, for EUR 500.00. "
    )
    assert "une préparation à l’entretien et une recommandation, pour 500,00 EUR." in said("offer.made", "fr")
    assert "a good word, on January 2, 2027. The seeker says that they did not get it." in said(
        "help.given", answer="denied"
    )
    assert "le 1er mars 2027" in said("hire.ended", "fr")
    assert said("hire.ended").endswith("\n\nOffer o-1") and said("listing.filled", "fr").endswith("\n\nAnnonce l-1")


def test_a_reason_is_said_where_there_is_one() -> None:
    assert "was cancelled (the listing is full)." in said("offer.cancelled", by="staff", reason="listing_filled")
    assert "was cancelled. " in said("offer.cancelled", by="staff", reason=None)
    assert "a été annulée (d’un commun accord)." in said("offer.cancelled", "fr", by="insider", reason="agreed")


def test_help_for_nothing_is_not_told_of_money() -> None:
    free = {"price": 0}
    assert "coaching for the interview and a good word, for free." in said("offer.made", **free)
    assert "gratuitement" in said("offer.accepted", "fr", **free)
    for name in ("offer.accepted", "offer.cancelled", "offer.cancel_asked", "offer.lapsed", "offer.completed"):
        for language in LANGUAGES:
            assert not re.search("paid|money|argent|versé|pay[ée]", said(name, language, **free)), (name, language)


def test_a_rejection_says_what_is_still_possible() -> None:
    """Another claim, where there may be one; a dispute, where money is held."""
    assert "you can report the hire again, or open a dispute if" in said("hire.rejected")
    assert "report the hire again." in said("hire.rejected", again=True, price=0)
    last = said("hire.rejected", again=False)
    assert "cannot report the hire again" in last and "open a dispute if" in last
    assert "ne pouvez plus déclarer" in said("hire.rejected", "fr", again=False)
    for again in (True, False):
        for language in LANGUAGES:
            assert not re.search("dispute|litige", said("hire.rejected", language, again=again, price=0))


@pytest.mark.parametrize("by", ["insider", "seeker", "employer"])
def test_an_end_says_what_becomes_of_the_money(by: str) -> None:
    """It goes back where it is held; all is paid out; the bank has it; or there is none."""
    told = {status: said("hire.ended", by=by, status=status) for status in ("ended", "completed", "closed")}

    assert "what is left goes back to the seeker" in told["ended"] and "bank" not in told["ended"]
    assert "All payments are made already" in told["completed"] and "goes back" not in told["completed"]
    assert "bank took the payment back" in told["closed"]
    assert "paid" not in said("hire.ended", by=by, status="completed", price=0)
    for status in told:
        assert people("hire.ended", event("hire.ended", by=by, status=status)) == people(
            "hire.ended", event("hire.ended", by=by)
        )


def test_a_chargeback_names_no_amount_that_was_paid_out_already() -> None:
    """`charged_back` counts what was still held alone."""
    for language in LANGUAGES:
        assert not re.search(r"\d", said("escrow.charged_back", language, charged_back=0).partition("\n")[0])


REASONS = (
    *LISTING_REASONS, *DISPUTE_REASONS, *HELP_KINDS, "alone", "agreed", "staff", "left", "no_reservation",
    "consent_ended",
    "refused",
    *(f"listing_{status}" for status in ("filled", "removed", "expired", "withdrawn", "draft")),
    *("refunded", "split", "charged_back"), *("return", "refund", "release"),
    *{source.hold_refused for source in SOURCES.values() if source.hold_refused},
)  # fmt: skip


@pytest.mark.parametrize("code", REASONS)
def test_every_code_that_people_read_has_its_words(code: str) -> None:
    assert code in PHRASES


def test_every_template_is_used() -> None:
    used = {row.text for row in RECIPIENTS.values() if row}
    used |= {row.text for row in IN_OTHER_WORDS} | {*CODE_TEXTS.values()}
    used |= {"unsubscribe.ask", "unsubscribe.done", "unsubscribe.matches.ask", "unsubscribe.matches.done"}

    assert used == {key.removesuffix(".free") for key in TEMPLATES}


def test_every_text_is_there_in_every_language_with_the_same_fields() -> None:
    for language in LANGUAGES:
        assert list(BY_LANGUAGE[language]) == list(TEMPLATES)
        for key, template in BY_LANGUAGE[language].items():
            for part in ("subject", "text"):
                fields = [sorted(re.findall(r"{(\w+)}", each[part])) for each in (template, TEMPLATES[key])]
                assert fields[0] == fields[1], (language, key, part)
                assert template[part].strip() == template[part] != ""
    assert all(tuple(said) == LANGUAGES for said in PHRASES.values())


def test_what_moves_money_is_mailed_to_everybody() -> None:
    """Also what will move it if they stay silent."""
    groups = {name: row.group for name, row in RECIPIENTS.items() if row}

    assert {name for name, group in groups.items() if group == "money"} >= {
        *(name for name in groups if name.startswith(("escrow.", "dispute."))),
        "listing.consent_refused", "listing.consent_withdrawn", "offer.consent_ended",
        "hire.claimed", "hire.confirmed", "hire.ended", "offer.cancelled", "offer.cancel_asked", "offer.lapsed",
        "offer.closed",
    }  # fmt: skip
    assert set(groups.values()) == {*STOPPABLE, "money"}


@pytest.mark.parametrize("name", [name for name in EVENT_NAMES if RECIPIENTS[name]])
def test_the_words_can_be_filled_in_french(name: str) -> None:
    row = notified(name, event(name))
    assert row

    subject, text = render(row.text, event(name), "fr")

    assert (subject, text) != render(row.text, event(name))
    assert not re.search(r"[{}]|None|p_[0-9a-f]{32}|good_word", subject + text)


def test_what_was_set_off_is_the_insiders_alone_to_know() -> None:
    """The insider reads the event as it is, and in a mail what was kept is no fee; to the seeker it was paid."""
    split = {**ESCROW, "released": 20_000, "fees": 3_000, "set_off": 2_000}

    assert read_by(INSIDER, split) == split
    assert read_by(SEEKER, split) == {**ESCROW, "released": 22_000, "fees": 1_000}
    assert read_by(SEEKER, ESCROW) == ESCROW
    for language in LANGUAGES:
        data = event("escrow.released", set_off=17_500)
        mine, theirs = (render("escrow.released", read_by(each, data), language)[1] for each in (INSIDER, SEEKER))
        kept = amount(17_500, "EUR", language)
        assert kept in mine and kept not in theirs and amount(65_000, "EUR", language) in theirs
        data = event("escrow.split", released=19_000, fees=3_113, set_off=2_113, set_off_total=2_113)
        mine, theirs = (render("escrow.split", read_by(each, data), language)[1] for each in (INSIDER, SEEKER))
        assert amount(1_000, "EUR", language) in mine and amount(19_000, "EUR", language) in mine
        assert amount(21_113, "EUR", language) in theirs and amount(2_113, "EUR", language) not in theirs


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ({"amount": 10, "set_off": 90, "set_off_total": 190, "released": 110, "fees": 200},
         {"amount": 100, "released": 300, "fees": 10}),
        ({"set_off_total": 190, "released": 110, "fees": 200}, {"released": 300, "fees": 10}),
        ({"released": 110, "fees": 200, "seekers_journal_hash": "h", "seekers_journal_seq": 3},
         {"released": 110, "fees": 200, "journal_hash": "h", "journal_seq": 3}),
        ({"released": 110, "fees": 200, "amount": 5}, {"released": 110, "fees": 200, "amount": 5}),
    ],
)  # fmt: skip
def test_the_seeker_reads_the_same_sums_in_every_event(said: dict[str, Any], read: dict[str, Any]) -> None:
    """A payout of which something was set off, an event after it, one after that went back, one without any."""
    assert read_by(SEEKER, {**ESCROW, **said}) == {**ESCROW, **read}
    assert read_by(INSIDER, {**ESCROW, **said}) == {**ESCROW, **said}


def test_what_is_about_one_party_alone_is_told_to_that_party_alone() -> None:
    """`alone` decides who reads an event in the log, the stream and by webhook."""
    alone = {name: row.who for name, row in RECIPIENTS.items() if row and row.alone}

    assert alone == {
        "escrow.release_refused": "insider",
        "escrow.refund_refused": "seeker",
        "escrow.set_off_returned": "insider",
    }
