"""The three lifecycles as tables to explore: who may come, with what, and which situations are alike."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from services.escrow import losses
from services.escrow.journal import faults
from services.escrow.lifecycle import ESCROW, OUTCOMES
from services.escrow.plan import next_waiting, struck
from services.escrow.staff_lists import enlist
from services.listing.lifecycle import OVER, WORKPLACE, listing
from services.listing.rules import Rules
from services.matching.offer import deadlines, reviews
from services.matching.offer.lifecycle import OFFER, OPEN
from services.matching.offer.rules import LISTING_OVER
from shared.aggregate import Change, Trigger
from shared.clock import format_time
from shared.places import Licence, Licences
from tests.support import escrow as of_escrow
from tests.support import matching as of_matching
from tests.support.paths import MOMENT, STRANGER, Caller, Found, Situation, Table, explore

INSIDER, SEEKER = of_matching.INSIDER, of_matching.SEEKER
Bodies = Mapping[str, Mapping[str, Mapping[str, Any]]]
_STAFF = ("arbiter", "moderator", "operator")
_REASON = {"reason": "unclear"}


def _staff() -> dict[str, Caller]:
    return {role: (STRANGER, frozenset({role})) for role in _STAFF} | {"stranger": (STRANGER, frozenset())}


def _parked(situation: Situation) -> tuple[str, ...]:
    return tuple(sorted(kept["name"] for kept in situation.get("parked", ())))


def _event(situation: Situation, name: str, variant: str, data: Mapping[str, Any], sequence: int = 0
           ) -> tuple[str, Trigger]:  # fmt: skip
    trigger_id = f"{name}:{variant}:{situation.version}"
    return variant, Trigger(name, trigger_id, "event", situation.now, data, sequence=sequence or situation.version + 1)


def _room(situation: Situation) -> bool:
    """Whether one more may be parked: of what waits, one at a time is tried."""
    return not situation.get("parked")


# -- listing

_R1, _R2 = (Licence("CA-ON", f"R-{n}", date(2027, 1, 10 * n)) for n in (1, 2))
LISTING = listing(Rules(licences=Licences([_R1, _R2])))
_TORONTO: Mapping[str, Any] = {
    "country": "CA", "subdivision": "CA-ON", "acknowledges": ["no_confidential_matter"],
    "pay": {"min": 9_000_000, "max": 11_000_000, "currency": "CAD", "per": "year"},
    "help": [{"kind": "coaching", "price": {"amount": 20_000, "currency": "CAD"}}],
}  # fmt: skip


def _listing_text(**changed: Any) -> dict[str, Any]:
    text = {
        "title": "Backend engineer", "employer": {"name": "Acme BV"}, "country": "NL", "region": "Utrecht",
        "industry": {"scheme": "NACE-2", "code": "J62"}, "occupation": {"scheme": "ISCO-08", "code": "2512"},
        "duties": ["Run the payment services"], "leaving_on": "2027-01-31", "seats": 1,
        "pay": {"min": 5_500_000, "max": 7_000_000, "currency": "EUR", "per": "year"},
        "help": [{"kind": "coaching", "price": {"amount": 50_000, "currency": "EUR"}}],
    }  # fmt: skip
    return {**text, **changed}


_WORD: Mapping[str, Any] = {
    "country": "DE", "seats": 2, "domain_mark": "m_of_acme",
    "consent": {"who": "the boss", "how": "letter", "on": "2026-12-01"},
    "help": [{"kind": "good_word", "price": {"amount": 10_000, "currency": "EUR"}}],
}  # fmt: skip
_ASK: Mapping[str, Any] = {"registered": True, "named": True, "sealed": "A" * 60, "language": "en"}


def _listing_alike(s: Situation) -> Hashable:
    if s.state in OVER:
        at_employer, (_, word, asked, _) = (s.get("domain_mark"), s.get("insider_verified")), _consent_alike(s)
        return s.state, s.get("hired", 0) > 0, s.get("rested") is None, at_employer, word, asked
    left = s.get("seats", 0) - s.get("hired", 0)
    return s.state, left if left > 0 else 0, (s.get("review") or {}).get("outcome"), "+31" in str(s.get("duties")), (
        s.get("domain_mark"), s.get("insider_verified"), (s.get("rested") or {}).get("was"), *_consent_alike(s),
        (s.get("licence") or {}).get("number"), s.state == "draft" and s.get("seq", 0) > 0,
    )  # fmt: skip


def _consent_alike(s: Situation) -> tuple[Hashable, ...]:
    statuses = frozenset(each["status"] for each in s.get("consent_links", ()))
    waits = s.state in ("draft", "in_review") and "published_at" in (s.document or {})
    return s.get("country"), (s.get("employer_word") or {}).get("status"), statuses, waits


def _answers(s: Situation) -> Mapping[str, Mapping[str, Any]]:
    """To one link of each status, and to one that the listing does not know."""
    links = {each["status"]: each["id"] for each in s.get("consent_links", ())} | {"unknown": "none"}
    return {status: {"link_id": link_id, "registered": True} for status, link_id in links.items()}


def _listing_callers(s: Situation) -> dict[str, Caller]:
    if not s.document:
        return {"maker": (INSIDER, frozenset({"maker"})), **_staff()}
    callers: dict[str, Caller] = {"insider": (INSIDER, frozenset({"insider"})), "other": (SEEKER, frozenset({"other"}))}
    callers |= {"employer": (STRANGER, frozenset({"employer"})), "reports": ("reports", frozenset({"reports"}))}
    return {**callers, **_staff()}


def _listing_bodies(s: Situation, at: datetime) -> Bodies:
    return {
        "create": {
            "plain": _listing_text(),
            "a domain": _listing_text(domain_mark="m_of_acme", workplace_mark="m_here"),
            "two seats": _listing_text(seats=2),
            "a word": _listing_text(**_WORD),
            "a phone number": _listing_text(duties=["Call +31 6 1234 5678"]),
            "under a licence": _listing_text(**_TORONTO),
            "too dear": _listing_text(help=[{"kind": "coaching", "price": {"amount": 200_000, "currency": "EUR"}}]),
        },
        "revise": {
            "title": {"title": "Engineer"},
            "employer": {"employer": {"name": "Other BV"}},
            "currency": {"help": [{"kind": "coaching", "price": {"amount": 1, "currency": "USD"}}]},
        },
        "ask_consent": {"": _ASK, "another mailbox": {**_ASK, "named": False}},
        **dict.fromkeys(("give_consent", "refuse_consent", "withdraw_consent"), _answers(s)),
        "return": {"": _REASON},
        "remove": {"": _REASON},
        **{name: {"": {}} for name in ("submit", "publish", "pause", "resume", "withdraw", "rest", "keep")},
    }


def _listing_told(s: Situation) -> Iterator[tuple[str, Trigger]]:
    for name in LISTING.events:
        ids = {"listing_id": of_matching.LISTING_ID, "offer_id": of_matching.OFFER_ID}
        yield _event(s, name, "", {**ids, "domain_mark": "m_of_acme"})
    for name in WORKPLACE:
        yield _event(s, name, "elsewhere", {"domain_mark": "m_of_another"})


def _listing_holds(s: Situation) -> None:
    if s.state in LISTING.final:
        assert not s.timers, s.timers
    if s.state in ("published", "paused"):
        assert "expiry" in s.timers
    assert (s.state == "draft") == ("draft" in s.timers)


LISTINGS = Table(
    LISTING, of_matching.LISTING_ID, _listing_alike, _listing_callers, _listing_bodies, _listing_told, _listing_holds,
)  # fmt: skip


# -- offer


def _offer_alike(s: Situation) -> Hashable:
    document = s.document or {}
    alike: tuple[Hashable, ...] = s.state, document.get("price", 0) > 0
    if s.state in OPEN:
        return *alike, document.get("proposed_by"), bool(document.get("instruction"))
    if s.state not in ("accepted", "active", "hire_claimed"):
        return *alike, (document.get("ended") or {}).get("by"), bool(_parked(s)), *_ended_alike(document)
    quiet = not any(document.get(name) for name in ("undisturbed_until", "cancel_asked", "closing"))
    calm = quiet and document.get("escrow_status") in (None, "free")
    return (
        *alike, "begun_at" in document,
        (document.get("cancel_asked") or {}).get("by"), document.get("closing") in ("filled", "removed"),
        document.get("closing") == "consent_ended",
        tuple(document["given"][0]) if calm and document.get("given") else None,
        tuple(sorted({*s.timers, *document.get("waiting", ())} - {"instruction", "parked", "left"})),
        document.get("escrow_status") == "disputed", s.now < document.get("undisturbed_until", s.now),
        calm and bool(document.get("instruction")), _parked(s),
    )  # fmt: skip


def _ended_alike(document: Mapping[str, Any]) -> Iterator[Hashable]:
    """What closed it, whose reviews are there, and which have a text."""
    if document.get("state") == "closed":
        yield document["closed"]["reason"], "hire" in document
    yield from sorted((writer, "text" in review) for writer, review in document.get("reviews", {}).items())


def _offer_callers(s: Situation) -> dict[str, Caller]:
    if not s.document:
        return {"maker": (SEEKER, frozenset({"maker"})), "own": (INSIDER, frozenset({"maker"})), **_staff()}
    maker = s.document["proposed_by"]
    parties = {
        role: (person, frozenset({role, "maker" if role == maker else "other"}))
        for role, person in (("insider", INSIDER), ("seeker", SEEKER))
    }
    outside: dict[str, Caller] = {role: (STRANGER, frozenset({role})) for role in ("employer", "ats")}
    return {**parties, **outside, **_staff()}


def _offer_bodies(s: Situation, at: datetime) -> Bodies:
    today = at.date().isoformat()
    lives, help_ = {"listing_status": "published"}, {"kind": "coaching", "on": today}
    recorded = next(({"kind": each["kind"], "on": each["on"]} for each in s.get("given", ())), help_)
    return {
        "propose": {
            "paid": {"listing": of_matching.listing(), "help": ["coaching"]},
            "free": {"listing": of_matching.listing(), "help": ["good_word"]},
            "paused": {"listing": of_matching.listing(status="paused"), "help": ["coaching"]},
            "one person": {"listing": of_matching.listing(), "help": ["coaching"], "one_person": True},
        },
        "counter": {
            "less": {**lives, "price": {"amount": 40_000 if s.get("price") else 0, "currency": "EUR"}},
            "over": {"listing_status": "filled", "price": {"amount": 1, "currency": "EUR"}},
        },
        "accept": {
            "reserved": {**lives, "reserved": s.get("price")},
            "unreserved": lives,
            "one person": {**lives, "one_person": True},
            "over": {"listing_status": "removed", "reserved": s.get("price")},
        },
        **{name: {"": {}} for name in ("decline", "withdraw", "reject_hire", "begin")},
        "cancel": {"": {}, "reason": {"reason": "So it is."}},
        "record_help": {"agreed": help_, "not agreed": {**help_, "kind": "reference"}},
        "answer_help": {"confirmed": {**recorded, "answer": "confirmed"}},
        "claim_hire": {
            "word": {"start_on": today, "evidence": []},
            "letter": {"start_on": today, "evidence": of_matching.LETTER},
            "proved": {"start_on": today, "evidence": of_matching.LETTER, "insider_verified": True},
        },
        "confirm_hire": {"": {"start_on": today}, "reason": {"start_on": today, "reason": "A contract."}},
        "end": {"": {"on": today}, "long ago": {"on": "2026-01-01"}},
        "name_application": {"one": {"reference": "46194062"}, "none": {"reference": None}},
        "review": {"": {"stars": 5, "text": "Kind."}, "an address": {"stars": 1, "text": "Mail bo@example.org"}},
        "remove_review_text": {"": {"of": "seeker", "reason": "Rude."}, "why": {"of": "insider", "reason": ""}},
    }


def _offer_told(s: Situation) -> Iterator[tuple[str, Trigger]]:
    for name in OFFER.events:
        if name == "listing.ended":
            for status in LISTING_OVER:
                yield _event(s, name, status, {"status": status})
        elif name == "consent.ended":
            for kinds in (["coaching"], ["reference"]):
                yield _event(s, name, kinds[0], {"times": 1, "help": kinds})
        elif name == "person.erased":
            for by in ("insider", "seeker"):
                yield _event(s, name, by, {"by": by})
        elif _room(s) or OFFER.answer(s.state, name) is None or OFFER.answers[name][s.state].kind != "park":
            yield _event(s, name, "", {"offer_id": of_matching.OFFER_ID, "status": name.split(".")[1]})
    if s.state == "accepted":
        yield _event(s, "escrow.held", "begun", {"offer_id": of_matching.OFFER_ID, "status": "held", "begin": True})
    open_ = (s.get("instruction") or {"id": "none"})["id"]
    for instruction_id in {open_, "an older one"}:
        for status in ("published", *LISTING_OVER):
            for reserved in (True, False):
                data = {"instruction_id": instruction_id, "status": status, "reserved": reserved}
                trigger_id = f"{instruction_id}:checked:{status}:{reserved}"
                yield f"{status} {reserved}", Trigger("checked", trigger_id, "outcome", s.now, data)
        unknown = {"instruction_id": instruction_id}
        yield "", Trigger("unknown", f"{instruction_id}:unknown:{s.version}", "outcome", s.now, unknown)


def _offer_later(s: Situation) -> Iterator[datetime]:
    if accepted_at := s.get("accepted_at"):
        yield accepted_at + OFFER.terms.cancel_alone
        yield accepted_at + OFFER.terms.cancel_alone - MOMENT
    if ends := {reviews.open_until(s.document or {}, writer, OFFER.terms) for writer in reviews.WRITERS} - {None}:
        yield from (moment for end in ends if end for moment in (end, end - MOMENT))


def _offer_besides(s: Situation) -> Iterator[Situation]:
    """A dispute over the money was opened, or is over."""
    assert s.document
    told = {None: (), "held": ("disputed",), "disputed": ("held",)}.get(s.get("escrow_status"), ())
    for status in told or (("held",) if s.state in ("active", "hire_claimed") and s.get("price") else ()):
        change = Change(of_matching.OFFER_ID, OFFER, s.document, s.now)
        name = "dispute.opened" if status == "disputed" else "dispute.withdrawn"
        data = {"offer_id": of_matching.OFFER_ID, "status": status}
        deadlines.copy_escrow(change, Trigger(name, "", "event", s.now, data, sequence=s.version + 1_000))
        yield Situation(change.document(), s.now, (*s.path, name))


def _offer_holds(s: Situation) -> None:
    armed = {*s.timers, *s.get("waiting", ())}
    if s.state in OFFER.final:
        assert armed <= {"parked", "left"}, armed
        left = [name for name in ("instruction", "live_on", "closing", "cancel_asked", "waiting") if s.get(name)]
        assert not left, left
    elif s.state in ("proposed", "countered"):
        assert "expire" in armed
    elif s.state in ("active", "hire_claimed"):
        assert armed & {"lapse", "silence"}


OFFERS = Table(
    OFFER, of_matching.OFFER_ID, _offer_alike, _offer_callers, _offer_bodies, _offer_told, _offer_holds, _offer_later,
    _offer_besides,
)  # fmt: skip


# -- escrow

_TRANCHES = [{"due_day": 0, "bps": 5_000}, {"due_day": 30, "bps": 5_000}]
_PRICE = 50_000
_PAID = ("probation", "settled", "split", "refunded")


def _escrow_alike(s: Situation) -> Hashable:
    document = s.document or {}
    plan = document.get("tranches", [])
    if document.get("decided") and document["decisions"][-1]["decision"] == "split":  # a split given apart
        return (
            s.state, (document.get("chargeback") or {}).get("before"), (document.get("instruction") or {}).get("kind"),
            (document.get("blocked") or {}).get("what", "").split(":")[0], next_waiting(plan) is not None,
            struck(plan) > 0, document.get("refunded", 0) > 0, "refund_blocked" in document, _parked(s),
            (document.get("instruction") or {}).get("before"),
        )  # fmt: skip
    if _parked(s):  # what waits meets each state that it may wait for, and not all that the state has
        instruction = document.get("instruction") or {}
        return (
            s.state, (document.get("dispute") or {}).get("before"), (document.get("chargeback") or {}).get("before"),
            instruction.get("kind"), instruction.get("before"), instruction.get("cleared"), "loss_since" in document,
            (document.get("blocked") or {}).get("what", "").split(":")[0], next_waiting(plan) is None, _parked(s),
            bool(document.get("decided")), document.get("refunded", 0) > 0,
        )  # fmt: skip
    return (
        s.state, (document.get("dispute") or {}).get("before"), (document.get("chargeback") or {}).get("before"),
        (document.get("blocked") or {}).get("what", "").split(":")[0], bool(document.get("decided")),
        "due_at" in (plan or [{}])[0] and next_waiting(plan), struck(plan) > 0, document.get("refunded", 0) > 0,
        (document.get("instruction") or {}).get("kind"), "fund" in s.timers, "loss_since" in document,
        s.state == "probation" and "answer" not in document.get("postponement", {"answer": None}),
        (document.get("instruction") or {}).get("cleared"),
        s.state == "probation" and s.now < (plan or [{}])[0].get("due_at", s.now),
        s.state == "probation" and "payout_from" in document, "refund_blocked" in document,
        s.state in _PAID and (document.get("set_off", 0) > 0, "repay" in s.timers),
        (document.get("instruction") or {}).get("before"), s.state == "held" and "refund" in s.timers,
    )  # fmt: skip


def _escrow_callers(s: Situation) -> dict[str, Caller]:
    opener = (s.get("dispute") or {}).get("by")
    return {
        role: (person, frozenset({role, "opener"} if role == opener else {role}))
        for role, person in (("insider", INSIDER), ("seeker", SEEKER))
    } | _staff()


def _escrow_bodies(s: Situation, at: datetime) -> Bodies:
    decisions = {name: {"decision": name, "reason": "So it is."} for name in ("return", "refund", "split", "release")}
    decisions["split"]["insider_bps"] = 3_333  # type: ignore[assignment]
    later = (date.fromisoformat(s.get("start_on", "2027-01-01")) + timedelta(days=20)).isoformat()
    proposed = s.get("postponement", {}).get("start_on", later)
    return {
        "fund": {"": {"source": "tok_visa"}},
        "dispute": {"": {"reason": "other"}},
        "withdraw": {"": {}},
        "resolve": decisions,
        "decide_loss": {name: {"decision": name, "reason": "So it is."} for name in losses.DECISIONS},
        "postpone": {"later": {"start_on": later}, "too late": {"start_on": "2099-01-01"}},
        "answer_postponement": {answer: {"start_on": proposed, "answer": answer} for answer in ("agreed", "declined")}
        | {"another day": {"start_on": "2027-01-01", "answer": "agreed"}},
    }


def _escrow_told(s: Situation) -> Iterator[tuple[str, Trigger]]:
    for variant, trigger in (*_escrow_events(s), *_outcomes(s), *_chargebacks(s)):
        answer = ESCROW.answer(s.state, trigger.name)
        if _room(s) or answer is None or answer.kind != "park" or "chargeback" in trigger.name:
            yield variant, trigger


def _escrow_events(s: Situation) -> Iterator[tuple[str, Trigger]]:
    terms: dict[str, Any] = {"tranches": _TRANCHES, "price": _PRICE}
    yield _event(s, "offer.accepted", "paid", of_escrow.offer("accepted", **terms))
    yield _event(s, "offer.accepted", "free", of_escrow.offer("accepted", **terms | {"price": 0}))
    for name in ("cancelled", "lapsed"):
        yield _event(s, f"offer.{name}", "", of_escrow.offer(name, **terms), sequence=9)
    today = s.now.date().isoformat()
    long_ago = (s.now - timedelta(days=60)).date().isoformat()
    for by, start_on in (("seeker", today), ("silence", long_ago)):
        hire = {"start_on": start_on, "confirmed_by": by, "evidence_grade": 0, "confirmed_at": format_time(s.now)}
        yield _event(s, "hire.confirmed", by, of_escrow.offer("hired", **terms) | hire, sequence=5)
    later = (s.now + timedelta(days=100)).date().isoformat()
    for by, on in (("insider", today), ("seeker", today), ("seeker", s.get("start_on", today)), ("employer", later)):
        ended = of_escrow.offer("ended", **terms) | {"by": by, "on": on}
        yield _event(s, "hire.ended", f"{by} {on}", ended, sequence=6)


def _outcomes(s: Situation) -> Iterator[tuple[str, Trigger]]:
    open_ = s.get("instruction") or {"id": "none", "kind": "none", "amount": 0}
    for name in OUTCOMES:
        kind, _, status = name.partition(".")
        asked = [("another's", "another:1", 1)]
        if kind == open_["kind"]:
            asked.append(("its own", open_["id"], open_["amount"] if status == "succeeded" else 0))
        for variant, instruction_id, amount in asked:
            data = {"instruction_id": instruction_id, "amount": amount, "reason": "because"}
            data |= {"until": s.now + timedelta(days=7)} if status == "postponed" else {}
            for unsent in (False, True) if status in ("refused", "postponed") else (False,):
                said = data | ({"unsent": True} if unsent else {})
                yield variant, Trigger(name, f"{instruction_id}:{status}", "outcome", s.now, said)
    for instruction_id in (open_["id"], "another:1"):
        unknown = {"instruction_id": instruction_id}
        yield "", Trigger("unknown", f"{instruction_id}:unknown:{s.version}", "outcome", s.now, unknown)


def _chargebacks(s: Situation) -> Iterator[tuple[str, Trigger]]:
    """The bank takes all that is out of the seeker's pocket; late notices do not fit what is held by now."""
    held, waiting = s.get("held", 0), _parked(s)
    known = sum(str(each).endswith(":chargeback.opened") for each in s.get("applied", ()))
    ids = {f"cb_{known + 1}", (s.get("chargeback") or {}).get("id", f"cb_{known + 1}")}
    ids |= {kept["data"]["chargeback_id"] for kept in s.get("parked", ()) if "chargeback" in kept["name"]}
    for claim in sorted(ids):
        for variant, from_held in (("fits", held), ("too late", held + 5_000)):
            data = {"chargeback_id": claim, "amount": _PRICE + 5_000, "from_held": from_held}
            for name in ("chargeback.opened", "chargeback.reversed"):
                if len(waiting) < 2 and all("chargeback" in each for each in waiting):
                    yield variant, Trigger(name, f"{claim}:{name}", "outcome", s.now, data)


def _escrow_besides(s: Situation) -> Iterator[Situation]:
    """What is to be paid out was let go, and something of it is set off (`services.escrow.clearance`); or that is to go
    back (`services.escrow.repaying`). Or an older version asked for a split again that was refused.
    """
    assert s.document
    asked = s.get("instruction") or {"kind": "none"}
    if s.state == "splitting" and not s.get("blocked") and not s.get("refunded"):
        blocked = {"what": "split", "reason": "refused", "since": s.now, "told_at": s.now, "again_at": s.now}
        change = Change(of_escrow.OFFER, ESCROW, s.document, s.now)
        change.set(blocked=blocked)
        enlist(change)
        yield Situation(change.document(), s.now, (*s.path, "refused before"))
    if asked["kind"] in ("release", "split") and not asked.get("cleared"):
        cleared = {**asked, "cleared": True, "set_off": 777}
        yield Situation({**s.document, "instruction": cleared}, s.now, (*s.path, "cleared"))
    if asked["kind"] == "repay" and not asked.get("cleared"):
        cleared = {**asked, "cleared": True, "amount": min(asked["amount"], 700)}
        yield Situation({**s.document, "instruction": cleared}, s.now, (*s.path, "cleared"))
    if s.state in _PAID and s.get("set_off") and "repay" not in s.timers:
        change = Change(of_escrow.OFFER, ESCROW, s.document, s.now)
        change.schedule("repay", s.now)
        yield Situation(change.document(), s.now, (*s.path, "to be repaid"))


def _escrow_holds(s: Situation) -> None:
    document = s.document or {}
    sums = [document.get(name, 0) for name in ("held", "released", "fees", "refunded", "charged_back")]
    assert document.get("funded", 0) == sum(sums) and min(sums) >= 0, sums
    assert faults(document.get("journal", [])) == []
    busy = s.state in ESCROW.busy
    assert busy <= ("instruction" in document and "instruction" in s.timers)
    if s.state in ESCROW.final:
        assert not {*s.timers} - {"parked", "left", "repay"} and "instruction" not in document, s.timers
    awaited = {"awaiting": {"fund"}, "disputed": {"dispute"}, "probation": {"payout", "refund"}}.get(s.state)
    assert awaited is None or awaited & {*s.timers}, s.timers


ESCROWS = Table(
    ESCROW, of_escrow.OFFER, _escrow_alike, _escrow_callers, _escrow_bodies, _escrow_told, _escrow_holds,
    besides=_escrow_besides,
)  # fmt: skip

TABLES = {table.lifecycle.name: table for table in (LISTINGS, OFFERS, ESCROWS)}


@cache
def explored(name: str) -> Found:
    """The unlike situations of a table, found once in a process."""
    return explore(TABLES[name])
