"""The mistakes: by their kind, what is wrong, where, and which test has to see it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """`right` stands once in the file, and becomes `wrong`, and so do the two of `also`; `test` is what pytest
    is asked for.
    """

    kind: str
    what: str
    file: str
    right: str
    wrong: str
    test: str
    also: tuple[str, str] | None = None


_WORKER = "tests/pure/core/test_worker.py"
_MONEY = "tests/pure/test_money_rules.py -k every_row"
_SEES = "tests/pure/test_who_sees_what.py -k listing"
_GOLDEN = "tests/pure/test_golden.py"
_POLLER = "tests/pure/core/test_poller_tasks.py"
_COPIES, _CLOSING = "services/matching/offer/listings.py", "tests/service/test_matching_closing.py"
_ROWS, _ACTS = "services/escrow/lifecycle.py", "services/escrow/acts.py"
_RELAY, _RELAYS = "shared/messaging/relay.py", "tests/pure/core/test_relay.py"
_LOOPS, _LETTERS = "shared/process/loops.py", "services/notify/templates.fr.json"

_READ = "found = self._prepared(once(due))\n"
_STALE = """found = list(due)
        self.in_hand.fold_answers()
"""

MISTAKES = (
    Mistake("wiring", "deadlines do not ask the frontier", _LOOPS,
            "may_fire=self.frontier.passed,", "may_fire=lambda: True,", _WORKER),
    Mistake("wiring", "the frontier takes a new broker beside documents for a quiet one", _LOOPS,
            "store.has_documents())", "False)", "tests/pure/test_lost_broker.py"),
    Mistake("wiring", "a worker does not know that another found the topics empty", _LOOPS,
            "            replay=Replay(store.collection, store.has_documents()),\n", "", _WORKER),
    Mistake("wiring", "what may be in the archive is taken for new", "shared/aggregate/store.py",
            "likely_new and self.archive is None and", "likely_new and", "tests/service/test_store.py"),
    Mistake("wiring", "the frontier does not hear how old events are", _LOOPS,
            "bus.letters, took)", "bus.letters)", _WORKER),
    Mistake("wiring", "the frontier is never observed", "shared/process/worker.py",
            '        bodies["frontier"] = partial(self._observe, self.pulses["frontier"].beat)\n', "", _WORKER),
    Mistake("wiring", "the timers of copies are left out", _LOOPS, "            timers=work.timers,\n", "", _WORKER),
    Mistake("wiring", "instructions are never carried out", _LOOPS,
            "            carry_out=work.carry_out,\n", "", _WORKER),
    Mistake("wiring", "a write does not wake the relay", "shared/process/worker.py",
            "        self.work.store.on_write(self._wake)\n", "", _WORKER),
    Mistake("wiring", "escrow's poller has no reconciliation", "services/escrow/main.py",
            '"reconciliation"', '"other"', "tests/pure/test_composition.py"),
    Mistake("the table is its own oracle", "cancelling refunds in probation", _ROWS,
            '("held",), "offer.cancelled", to="refunding"', '("held", "probation"), "offer.cancelled", to="refunding"',
            _MONEY, ('"offer.cancelled": ("probation",),', '"offer.cancelled": (),')),
    Mistake("the table is its own oracle", "lapsing refunds in probation", _ROWS,
            '("held",), "offer.lapsed", to="refunding"', '("held", "probation"), "offer.lapsed", to="refunding"',
            _MONEY, ('"offer.lapsed": ("probation",),', '"offer.lapsed": (),')),
    Mistake("the table is its own oracle", "an arbiter releases what nobody was hired for", _ROWS,
            'to="releasing", emits=("dispute.resolved",), by=("arbiter",), guards=(HIRE_KNOWN,),',
            'to="releasing", emits=("dispute.resolved",), by=("arbiter",), guards=(),',
            _MONEY),
    Mistake("the table is its own oracle", "a split is booked to the wrong owners", _ACTS,
            '"set_off": set_off, "refunded": done["refund"]}',
            '"set_off": set_off, "refunded": done["amount"] - done["refund"] - kept}',
            _MONEY, ('sums["released"] = done["amount"] - done["refund"] - kept', 'sums["released"] = done["refund"]')),
    Mistake("the table is its own oracle", "another claim's reversal gives the open one back",
            "services/escrow/chargebacks.py",
            'return bool(change["chargeback"]["id"] == trigger.data["chargeback_id"])', "return True",
            _MONEY),
    Mistake("the table is its own oracle", "a moderator confirms a hire", "services/matching/offer/lifecycle.py",
            'CONFIRMS = ("seeker", "employer", "ats", "arbiter")',
            'CONFIRMS = ("seeker", "employer", "ats", "arbiter", "moderator")',
            _MONEY),
    Mistake("the day itself", "a tranche due on the last day is struck", "services/escrow/plan.py",
            'day.date().isoformat() <= on', 'day.date().isoformat() < on',
            "tests/pure/test_money_rules.py -k every_walk"),
    Mistake("what a stranger sees", "the employer of a filled listing is shown to all", "services/listing/views.py",
            "known = bool(roles & KNOWS_EMPLOYER)", 'known = bool(roles & KNOWS_EMPLOYER) or doc["state"] == "filled"',
            _SEES),
    Mistake("what a stranger sees", "a withdrawn listing is found by all", "services/listing/views.py",
            '("published", "paused", "filled", "expired")', '("published", "paused", "filled", "expired", "withdrawn")',
            _SEES),
    Mistake("what a stranger sees", "a moderator's note is shown to all", "services/listing/views.py",
            'if roles & (STAFF | {"insider"}):', "if True:", _SEES),
    Mistake("what a stranger sees", "parties see which arbiter decided", "services/escrow/views.py",
            'if "decisions" in doc and not of.intersection(STAFF):', "if False:",
            "tests/pure/test_who_sees_what.py -k escrow"),
    Mistake("what a stranger sees", "the insider sees the application's number", "services/matching/offer/views.py",
            'of.intersection(("seeker", *STAFF))', "of", "tests/pure/test_who_sees_what.py -k offer"),
    Mistake("golden texts", "the French split has its shares swapped", _LETTERS,
            "{released} pour la personne qui aide, {refunded} rendus à la personne aidée",
            "{refunded} pour la personne qui aide, {released} rendus à la personne aidée", _GOLDEN),
    Mistake("golden texts", "the French fee is the amount", _LETTERS, "Nos frais étaient de {fee}",
            "Nos frais étaient de {amount}", _GOLDEN),
    Mistake("golden texts", "what is held reads as what was funded", "services/notify/templates.en.json",
            "We hold {held} for you", "We hold {funded} for you", _GOLDEN),
    Mistake("hollow tests", "a stale read hands an instruction out again", "shared/poller/poller.py",
            _READ, _STALE, _POLLER),
    Mistake("hollow tests", "what is in hand is forgotten", "shared/poller/in_hand.py",
            "        self._begun.add(task_id)\n", "", _POLLER),
    Mistake("hollow tests", "a copy is closed by a look from before what changed it", _COPIES,
            "if change.base_version != seen:", "if False:", _CLOSING),
    Mistake("hollow tests", "copies with offers that live are closed with the others", _COPIES,
            """ and doc["listing_id"] not in told]""", "]", _CLOSING),
    Mistake("hollow tests", "a copy that raises leaves what it had changed", "shared/poller/together.py",
            "            change.restore(saved)\n            self.fault = error\n        return IGNORED",
            "            self.fault = error\n        return IGNORED", "tests/pure/core/test_poller.py"),
    Mistake("hollow tests", "an offer made beside the employer's no is never told", _COPIES,
            'again_at = told["at"] + _ONCE_MORE', 'again_at = told["at"]', _CLOSING),
    Mistake("hollow tests", "a second no has the time of the first",
            "services/matching/offer/beginning.py", '.get("times") == times_of_no(listing))', ")", _CLOSING),
    Mistake("hollow tests", "an offer made beside the employer's no is agreed meanwhile",
            "services/matching/offer/lifecycle.py", "places.CONSENT_STANDS, ", "", _CLOSING),
    Mistake("hollow tests", "an offer made since the employer's no is called off by it", _COPIES,
            'offer.get("consent_times", unsaid) >= ended["times"]', "False", _CLOSING),
    Mistake("hollow tests", "how far its passes were stays in a copy that is closed with others", _COPIES,
            "        change.set(**dict.fromkeys(_REACHED.values()))\n", "", _CLOSING),
    Mistake("hollow tests", "a loop does not say how long its step took", "shared/process/worker.py",
            "pulse.rest(worked, time.monotonic() - began)", "pulse.rest(worked)", _WORKER),
    Mistake("what was done", "forgotten is what was sent, where its mark fails", _RELAY,
            'self._remember(box, box.doc["published"], marked=False)', "pass", _RELAYS),
    Mistake("what was done", "forgotten is that a replay was asked for since", _RELAY,
            '(known.published, known.replays) != (published, doc.get("replays", 0))', "known.published != published",
            _RELAYS),
    Mistake("what was done", "sent twice is what moves forward in the index while it is read",
            "shared/aggregate/store.py", 'list({doc["_id"]: doc for doc in found}.values())', "list(found)", _RELAYS),
    Mistake("what was done", "forgotten is a replay, by the mark", _RELAY,
            ', "replays": doc.get("replays")}', "}", _RELAYS),
    Mistake("what was done", "forgotten is an outcome that the database did not take", "shared/poller/in_hand.py",
            "            self._kept.extend(kept)\n", "", _POLLER),
    Mistake("what was done", "forgotten is a letter whose document could not be written", "shared/poller/poller.py",
            "self._buried |= dict.fromkeys(deaths, now + _BURIED_S)", "pass",
            "tests/pure/core/test_poller.py"),
    Mistake("what was done", "forgotten is what came of instructions, at the end", "shared/process/worker.py",
            "            noted = self._note(hung)\n", "            noted = True\n", _WORKER),
    Mistake("what was done", "forgotten is the lease, while instructions are under way at the end",
            "shared/process/worker.py", "                time.sleep(_KEEP_EVERY)\n            self._keep_lease()\n",
            "                time.sleep(_KEEP_EVERY)\n", _WORKER),
    Mistake("what was done", "forgotten is the order in which documents are written", "shared/aggregate/store.py",
            "key=lambda change: change.id)", "key=lambda change: 0)", "tests/pure/core/test_batch.py"),
    Mistake("the simulated day", "an erasure waits for a second pass that never comes", "shared/aggregate/erasure.py",
            "AGAIN_AFTER = timedelta(seconds=1)", "AGAIN_AFTER = timedelta(days=99)", "tests/simulator -k bad_days"),
)  # fmt: skip
