"""What must be true when all is calm again, every deadline has passed and nobody has anything left to do."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deploy.verify import verify
from services.escrow.journal import balances, faults
from services.escrow.provider.port import Transfer, every
from services.matching.offer.lifecycle import ENDED
from services.matching.offer.listings import OF_CONSENT, TYPES
from services.notify.offers import is_unveiled
from services.notify.store import CONTACT, WORK_MAIL
from shared.ids import contact_mark, domain_mark
from tests.simulator.people import People
from tests.simulator.services import KEY
from tests.simulator.world import APART, World
from tests.support.whole import snapshot_of

SUMS = ("funded", "held", "released", "fees", "refunded", "charged_back")
ACCOUNTS = {
    "held": "escrow_held", "released": "insider_paid", "fees": "platform_fees", "refunded": "seeker_refunds",
    "charged_back": "chargebacks",
}  # fmt: skip
FORGETS = ("listing", "escrow", "notify")
FITS = {
    "completed": {"settled", "free", "charged_back", "refunded"},
    "lapsed": {"lapsed", "refunded", "free", "charged_back"},
    "cancelled": {"lapsed", "refunded", "free", "charged_back"},
    "closed": {"refunded", "split", "charged_back", "settled"},
    "ended": {"settled", "refunded", "split", "charged_back", "free"},
}

_FORGOTTEN_WITHIN = timedelta(days=30)
"""A month, as the law has it, in which every service works."""

_PARKED_FOR = timedelta(days=7)
"""As long as an event may wait for one before it."""


def violations(world: World, people: People) -> list[str]:
    """Each is a sentence with the ids; none means that the day went well."""
    docs = {n: [doc for i, doc in sorted(world.documents(n).items()) if i != "lease"] for n in world.databases}
    found = [
        *_at_rest(world, docs),
        *_topics(world, docs),
        *_once(docs),
        *_offers(docs),
        *_copies(docs),
        *_addresses(docs),
        *_money(world, docs),
        *_answers(world, people),
        *_forgotten(people, docs, world.calm_from or world.earliest),
        *_invariants(world, docs),
    ]
    for letter in world.broker.records(*(f"{name}.dead" for name in docs)):
        said = {name: value.decode(errors="replace") for name, value in letter.headers}
        if said["dlq_reason"] == "parked_too_long" and was_sent_again(world, said):
            continue
        why = f"{said['dlq_reason']} of {said.get('ce_type')}: {said['dlq_error'][-300:]}"
        found.append(f"dead letter in {letter.topic}: {why}")
    return found


def was_sent_again(world: World, said: dict[str, str]) -> bool:
    """Whether the relay of who emitted it broke off before it knew that this event was sent, and those before it, and
    went on only when it had been parked for too long.
    """
    sent = world.sent.get(said["ce_id"], [])
    return len(sent) > 1 and sent[-1] - sent[0] >= _PARKED_FOR


def _invariants(world: World, docs: dict[str, list[Any]]) -> Iterator[str]:
    """I1 to I13, as `golem verify` checks them on a running system."""
    seen = snapshot_of(docs, world.provider, world.broker, world.earliest)
    for result in verify(replace(seen, clocks_apart=APART)):
        for each in result.violations:
            yield f"{each.invariant}: {each.subject} {each.message}"


def _at_rest(world: World, docs: dict[str, list[Any]]) -> Iterator[str]:
    """I10: outboxes empty, no lag, nothing parked outside chargebacks, no deadline ahead, no open instruction."""
    for name, each in docs.items():
        for doc in each:
            if "outbox_at" in doc or doc.get("published", 0) != doc.get("seq", 0):
                yield f"outbox of {name} {doc['_id']}: {doc.get('published')} of {doc.get('seq')}"
            if doc.get("parked") and doc["state"] != "charged_back":
                yield f"parked in {name} {doc['_id']} ({doc['state']}): {[p['name'] for p in doc['parked']]}"
            if doc.get("due_at"):
                yield f"{name} {doc['_id']} ({doc['state']}) still waits for {doc['timers']}"
            if doc.get("instruction") and doc["state"] not in ("charged_back",):
                yield f"open instruction in {name} {doc['_id']} ({doc['state']}): {doc['instruction']}"
    for worker in world.workers.values():
        if worker.alive and (lag := world.broker.lag(worker.service, worker.topics)):
            yield f"{worker.service} lags by {lag}"
        if not worker.composed.consumer.ok:
            yield f"{worker.slot} stopped consuming"


def _topics(world: World, docs: dict[str, list[Any]]) -> Iterator[str]:
    """I5 and I7: the topics hold the documents' events, save exact duplicates, numbered without a gap and in order."""
    every = [doc for each in docs.values() for doc in each]
    stored = {event["id"]: (doc["_id"], event) for doc in every for event in doc.get("events", [])}
    sent: dict[str, tuple[Any, ...]] = {}
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for record in world.broker.records():
        if record.topic.endswith((".dead", ".redrive")):
            continue
        headers = {name: value.decode() for name, value in record.headers}
        event_id, number = headers["ce_id"], int(headers["ce_sequence"])
        whole = (record.topic, record.key, record.value, record.headers)
        if sent.setdefault(event_id, whole) != whole:
            yield f"two different events with the id {event_id}"
        subject, event = stored.get(event_id, (None, {}))
        if (subject, event.get("seq"), event.get("type")) != (headers["ce_subject"], number, record.topic):
            yield f"{record.topic} {event_id} is not in the documents"
        if number not in numbers[headers["ce_subject"], record.topic]:
            numbers[headers["ce_subject"], record.topic].append(number)
    for event_id in stored.keys() - sent.keys():
        yield f"{stored[event_id][1]['type']} of {stored[event_id][0]} was never published"
    for (subject, topic), seen in numbers.items():
        if seen != sorted(seen):
            yield f"{topic} of {subject} first appeared in the order {seen}"
    for doc in every:
        if [e["seq"] for e in doc.get("events", [])] != list(range(1, doc.get("seq", 0) + 1)):
            yield f"events of {doc['_id']} are numbered {[e['seq'] for e in doc['events']]} and seq is {doc['seq']}"


def _once(docs: dict[str, list[Any]]) -> Iterator[str]:
    """I6: one effect per document and event."""
    for name, each in docs.items():
        for doc in each:
            if twice := [i for i, n in Counter(doc.get("applied", [])).items() if n > 1]:
                yield f"applied twice in {name} {doc['_id']}: {twice}"


def _offers(docs: dict[str, list[Any]]) -> Iterator[str]:
    """I3: each accepted offer has one outcome, and its escrow fits it."""
    escrows = {doc["_id"]: doc for doc in docs["escrow"]}
    for offer in docs["matching"]:
        if offer["kind"] != "offer":
            continue
        escrow = escrows.get(offer["_id"], {"state": "absent"})
        if offer["state"] not in ENDED:
            yield f"offer {offer['_id']} is still {offer['state']}, its escrow {escrow['state']}"
        elif offer.get("accepted_at") and escrow["state"] not in FITS[offer["state"]]:
            yield f"offer {offer['_id']} is {offer['state']}, its escrow {escrow['state']}"
        elif not offer.get("accepted_at") and escrow["state"] != "absent":
            yield f"offer {offer['_id']} was never accepted, its escrow is {escrow['state']}"


def _of_published(event: Any) -> bool:
    """Whether it is of the employer's consent, and of a listing that was published: of others nothing is copied."""
    return event["type"] in OF_CONSENT and bool(event["data"].get("published_at"))


def _copies(docs: dict[str, list[Any]]) -> Iterator[str]:
    """Copies of another service's data say what it said last."""
    listings = {doc["_id"]: doc for doc in docs["listing"] if doc["kind"] == "listing"}
    escrows = {doc["_id"]: doc for doc in docs["escrow"]}
    for doc in docs["matching"]:
        if doc["kind"] == "listing":
            told = [e for e in listings[doc["listing_id"]]["events"] if e["type"] in TYPES or _of_published(e)]
            if (doc["number"], doc["status"]) != (told[-1]["seq"], told[-1]["data"]["status"]):
                yield f"copy {doc['_id']} is {doc['status']} of {doc['number']}, not {told[-1]['data']['status']}"
        if doc["kind"] == "offer" and (events := escrows.get(doc["_id"], {}).get("events")):
            last = (events[-1]["seq"], events[-1]["data"]["status"])
            if (doc.get("escrow_number"), doc.get("escrow_status")) != last:
                yield f"offer {doc['_id']} says {doc.get('escrow_status')}, its escrow's last event {last}"
            days = [each["data"]["start_on"] for each in events if each["type"] == "escrow.postponed"]
            if days and doc["hire"]["start_on"] != days[-1]:
                yield f"offer {doc['_id']} starts on {doc['hire']['start_on']}, its escrow says {days[-1]}"
    offers = {doc["_id"]: doc["events"] for doc in docs["matching"] if doc["kind"] == "offer"}
    yield from _unveiled(docs, offers)
    for doc in docs["notify"]:
        if doc["kind"] == "offer":
            told = offers[doc["offer_id"]]
            last = (told[-1]["seq"], told[-1]["data"]["status"], any(e["type"] == "offer.begun" for e in told))
            if (doc["number"], doc["status"], doc.get("activated", False)) != last:
                yield f"notify's copy {doc['_id']} is {doc['status']} of {doc['number']}, its last event {last}"


def _unveiled(docs: dict[str, list[Any]], offers: dict[str, list[Any]]) -> Iterator[str]:
    """Contacts and the employer are shown from when the help began or a hire came, and not after an end without one."""
    shown = {offer_id: _is_shown([event["type"] for event in events]) for offer_id, events in offers.items()}
    for doc in docs["notify"]:
        if doc["kind"] == "offer" and is_unveiled(doc) != shown[doc["offer_id"]]:
            yield f"notify's copy {doc['_id']} is {'shown' if is_unveiled(doc) else 'veiled'}"
    whose = {doc["_id"]: (doc["listing_id"], doc["seeker"]) for doc in docs["matching"] if doc["kind"] == "offer"}
    known = {(doc["listing_id"], doc["seeker"]) for doc in docs["listing"] if doc["kind"] == "unveiled"
             and doc["state"] == "known"}  # fmt: skip
    gone = {(doc["listing_id"], doc["seeker"]) for doc in docs["listing"] if doc["kind"] == "unveiled"
            and doc.get("forgotten")}  # fmt: skip
    expected = {whose[offer_id] for offer_id, is_shown in shown.items() if is_shown}
    if known - gone != expected - gone:
        yield f"employers are shown to {sorted(known - expected)} too many, not to {sorted(expected - known - gone)}"


def _is_shown(types: list[str]) -> bool:
    ended = {"offer.cancelled", "offer.lapsed", "offer.closed"} & set(types)
    return "hire.confirmed" in types or ("offer.begun" in types and not ended)


def _addresses(docs: dict[str, list[Any]]) -> Iterator[str]:
    """A verified address is the one that its last event marks."""
    for doc in docs["notify"]:
        if doc["kind"] in (CONTACT, WORK_MAIL) and "verified_at" in doc:
            data = {"person_id": doc["owner"]}
            data |= {"mark": contact_mark(KEY, doc["email"])} if doc["kind"] == CONTACT else {}
            data |= {"domain_mark": domain_mark(KEY, "acme.example")} if doc["kind"] == WORK_MAIL else {}
            if doc.get("events", [{"data": None}])[-1]["data"] != data:
                yield f"{doc['_id']} is verified, and its last event does not say so"


def _money(world: World, docs: dict[str, list[Any]]) -> Iterator[str]:
    """I1, I2, I4, I11."""
    hires = {
        event["id"]: doc["_id"]
        for doc in docs["matching"]
        for event in doc.get("events", [])
        if event["type"] == "hire.confirmed"
    }
    theirs = {account.offer_id: account.balance for account in every(world.provider.accounts)}
    for doc in docs["escrow"]:
        sums = {name: doc.get(name, 0) for name in SUMS}
        if sums["funded"] != sum(sums.values()) - sums["funded"] or min(sums.values()) < 0:
            yield f"escrow {doc['_id']} does not add up: {sums}"
        journal = doc.get("journal", [])
        yield from (f"journal of {doc['_id']}: {fault}" for fault in faults(journal))
        lies = balances(journal)
        lies["platform_fees"] = lies.get("platform_fees", 0) + lies.get("losses_set_off", 0)  # both are kept of payouts
        if any(sums[name] != lies.get(account, 0) for name, account in ACCOUNTS.items()):
            yield f"journal of {doc['_id']} says {lies}, the sums {sums}"
        for entry in journal:
            paid = any(line["account"] == "insider_paid" and line["amount"] > 0 for line in entry["lines"])
            if paid and hires.get(entry.get("hire_event_id")) != doc["_id"]:
                yield f"a payout of {doc['_id']} without its hire.confirmed: {entry}"
        if there := theirs.pop(doc["_id"], None):
            other = (there.funded, there.held, there.paid_out, there.fees, there.refunded, there.charged_back)
            if other != tuple(sums.values()):
                yield f"escrow {doc['_id']} says {sums}, the provider {other}"
        elif sums["funded"]:
            yield f"escrow {doc['_id']} has money the provider never heard of"
        if doc["state"] in ("settled", "split", "refunded", "lapsed") and sums["held"]:
            yield f"escrow {doc['_id']} is {doc['state']} and holds {sums['held']}"
    for offer_id in theirs:
        yield f"the provider has money for {offer_id}, which no escrow knows of"
    yield from repeated(every(world.provider.transfers), docs["escrow"])


def repeated(transfers: Iterable[Transfer], escrows: Iterable[Any]) -> Iterator[str]:
    """What was carried out more often than it may be. A refund comes in parts; what was set off of several payouts goes
    back as often as the bank gives a loss back: all in all no more than was set off, and of a person's no more than the
    bank gave back.
    """
    done, returned = Counter[str](), Counter[str]()
    for each in transfers:
        what, given = each.instruction, each.outcome
        if given is None or given.status != "succeeded":
            continue
        if what.kind == "repay":
            returned[what.offer_id] += given.amount
        elif what.kind != "refund":
            done[what.id.rsplit(":", 1)[0]] += 1
    yield from (f"{what} was carried out {n} times" for what, n in done.items() if n > 1)
    repaid, regained = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for doc in escrows:
        lines = [line for entry in doc.get("journal", []) for line in entry["lines"]]
        kept = _sum(lines, "losses_set_off", 1)
        if (back := returned.pop(doc["_id"], 0)) > kept:
            yield f"escrow {doc['_id']} gave back {back} of {kept} that was set off"
        whose = doc.get("insider", ""), doc.get("currency", "")
        repaid[whose] += back
        regained[whose] += _sum(lines, "chargeback_loss", -1)
    yield from (f"{whose} was given back {n} for {regained[whose]} that came back of their losses"
                for whose, n in repaid.items() if n > regained[whose])  # fmt: skip
    yield from (f"{back} went back of {offer_id}, which no escrow knows of" for offer_id, back in returned.items())


def _sum(lines: Iterable[Any], account: str, sign: int) -> int:
    """What an account's lines of this sign come to."""
    return sum(max(0, sign * line["amount"]) for line in lines if line["account"] == account)


def _answers(world: World, people: People) -> Iterator[str]:
    """I8: what was answered is there."""
    for service, document_id, trigger_id in people.answered:
        doc = world.documents(service).get(document_id)
        if doc is None or trigger_id not in doc["applied"]:
            yield f"what {service} {document_id} was answered is not there"


def _forgotten(people: People, docs: dict[str, list[Any]], calm_from: datetime) -> Iterator[str]:
    """Who was told that they will be forgotten is; every service has seen the last of it through, and no words are
    left in what was theirs then.
    """
    kept = {name: {doc["_id"]: doc for doc in each} for name, each in docs.items()}
    for person in people.people:
        asked = kept["matching"].get(person, {"state": "known"})
        if asked["state"] == "leaving" or (person in people.left and not asked.get("seq")):
            yield f"{person} asked to be forgotten and is {asked['state']}"
        if not asked.get("seq"):
            continue
        for service in FORGETS:
            there = kept[service].get(f"erased:{person}", {})
            if (there.get("state"), there.get("number")) != ("erased", asked["seq"]):
                yield f"{service} has not forgotten {person}: {there}"
            elif there["done_at"] - max(there["asked_at"], calm_from) > _FORGOTTEN_WITHIN:
                yield f"{service} forgot {person} late: {there}"
    for service, doc in ((name, doc) for name, each in docs.items() for doc in each if doc.get("erased_at")):
        if "it was shown" in str(doc) or "so it is" in str(doc) or doc.get("duties"):
            yield f"{service} {doc['_id']} was erased, and has words"
