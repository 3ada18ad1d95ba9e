"""Money: its sums (I1), paid once (I2), a hire stands before each payout (I4), the chain of the journal (I11)."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from deploy.verify.snapshot import Snapshot
from deploy.verify.tally import Tally
from services.escrow.books import balanced
from services.escrow.journal import balances, faults
from services.escrow.provider.port import Account, Transfer
from services.escrow.reconciliation import differences
from shared.aggregate import Document
from shared.events import source_of


def sums(seen: Snapshot, tally: Tally) -> None:
    """Each escrow's sums add up, none is negative, they are the balances of its journal, and they are the provider's.

    Each journal sums to 0 in its currency. An account of the provider has an escrow here. What differs while an
    instruction is open, or while the provider still has something to tell, is in flight.
    """
    for offer_id, doc in seen.escrows.items():
        subject = f"escrow {offer_id}"
        with tally.reading(subject):
            tally.check(balanced(doc), subject, "its sums do not add up to what its journal says")
            total = sum(balances(doc.get("journal", [])).values())
            tally.check(total == 0, subject, f"its journal sums to {total} {doc['currency']}")
            account = seen.account_of.get(offer_id)
            found = [
                each for each in differences(doc, account.balance if account else None) if each["what"] != "journal"
            ]
            if found and (seen.young(doc) or _on_its_way(doc, account)):
                tally.leave()
            else:
                tally.check(not found, subject, f"the provider does not agree: {_said(found)}")
    for account in seen.accounts:
        _account(seen, tally, account)


def _account(seen: Snapshot, tally: Tally, account: Account) -> None:
    money, subject = account.balance, f"provider's account {account.offer_id}"
    parts = (money.held, money.paid_out, money.fees, money.refunded, money.charged_back)
    tally.check(money.funded == sum(parts) and min(parts) >= 0, subject, "does not add up")
    if account.offer_id not in seen.escrows and not _is_recent(seen, account.offer_id):
        tally.check(False, subject, "has no escrow here")


def _on_its_way(doc: Document, account: Account | None) -> bool:
    return bool(doc.get("instruction") or doc.get("parked") or (account and account.in_flight))


def _is_recent(seen: Snapshot, offer_id: str) -> bool:
    """Whether the provider has decided something for this offer a moment ago, or is still to decide it."""
    transfers = seen.transfers_of.get(offer_id, ())
    return any(each.outcome is None or seen.recent(each.outcome.at) for each in transfers)


def _said(found: list[dict[str, Any]]) -> str:
    return ", ".join(f"{each['what']} {each.get('here', '')} here, {each.get('there', '')} there" for each in found)


def once(seen: Snapshot, tally: Tally) -> None:
    """At most one payout a tranche, in the journal and at the provider; each instruction's id moves money once.

    Each movement in a journal is one transfer of that id and amount, and each transfer is in a journal.
    """
    ids = Counter(transfer.instruction.id for transfer in seen.transfers)
    for transfer in seen.transfers:
        first = seen.holders.get(f"instruction {transfer.instruction.id}", transfer.instruction.offer_id)
        ids[transfer.instruction.id] += first != transfer.instruction.offer_id
    for instruction_id, count in ids.items():
        tally.check(count == 1, f"instruction {instruction_id}", f"the provider has it {count} times")
    for offer_id in sorted({*seen.escrows, *seen.transfers_of}):
        subject = f"escrow {offer_id}"
        with tally.reading(subject):
            doc, transfers = seen.escrows.get(offer_id, {}), seen.transfers_of.get(offer_id, ())
            entries = {each["reference"]: each for each in doc.get("journal", []) if _is_transfer(each)}
            moved = {each.instruction.id: each for each in transfers if _succeeded(each)}
            tranches = Counter(t for each in doc.get("journal", []) if (t := _tranche(each["reference"])) is not None)
            tranches |= Counter(t for each in moved if (t := _tranche(each)) is not None)
            for tranche, count in tranches.items():
                tally.check(count == 1, subject, f"tranche {tranche} is paid {count} times")
            _transfers(seen, tally, offer_id, entries, moved)


def _transfers(
    seen: Snapshot,
    tally: Tally,
    offer_id: str,
    entries: Mapping[str, Document],
    moved: Mapping[str, Transfer],
) -> None:
    doc = seen.escrows.get(offer_id, {})
    for reference in sorted({*entries, *moved}):
        entry, transfer = entries.get(reference), moved.get(reference)
        if entry is None and (seen.young(doc) or _on_its_way(doc, None) or _is_recent(seen, offer_id)):
            tally.leave()
        elif entry is None:
            tally.check(False, f"instruction {reference}", "the provider carried it out, and no journal says so")
        elif transfer is None:
            tally.check(False, f"instruction {reference}", "the journal says it was carried out, the provider does not")
        else:
            amount = sum(line["amount"] for line in entry["lines"] if line["amount"] > 0)
            message = f"moved {amount} here and {transfer.instruction.amount} there"
            tally.check(amount == transfer.instruction.amount, f"instruction {reference}", message)


def _is_transfer(entry: Document) -> bool:
    return not entry["reference"].endswith((":opened", ":reversed"))  # those are the bank's own doing


def _succeeded(transfer: Transfer) -> bool:
    return transfer.outcome is not None and transfer.outcome.status == "succeeded"


def _tranche(instruction_id: str) -> str | None:
    parts = instruction_id.split(":")
    return parts[2] if len(parts) == 4 and parts[1] == "release" else None


def caused(seen: Snapshot, tally: Tally) -> None:
    """Each payout's entry carries the ce_id of a `hire.confirmed` of that very offer, which its escrow has taken."""
    for offer_id, doc in seen.escrows.items():
        subject = f"escrow {offer_id}"
        with tally.reading(subject):
            for entry in doc.get("journal", []):
                if any(line["account"] == "insider_paid" and line["amount"] > 0 for line in entry["lines"]):
                    cause = entry.get("hire_event_id")
                    tally.check(_is_hire(seen, offer_id, cause), subject, f"{entry['reference']} has no hire: {cause}")
                    taken = cause == doc.get("hire_event_id") and cause in doc.get("applied", ())
                    tally.check(taken, subject, f"{entry['reference']} names a hire that the escrow has not taken")
            for each in seen.transfers_of.get(offer_id, ()):
                if _succeeded(each) and each.instruction.to_payee:
                    message = f"{each.instruction.id} was paid, and no hire is known"
                    tally.check("hire_event_id" in doc, subject, message)


def _is_hire(seen: Snapshot, offer_id: str, event_id: str | None) -> bool:
    emitted = seen.emitted.get(event_id or "")
    return emitted is not None and emitted.event["type"] == "hire.confirmed" and emitted.doc["_id"] == offer_id


def chain(seen: Snapshot, tally: Tally) -> None:
    """The journal's chain, recomputed from its first entry, is unbroken; the hashes in the escrow.* and dispute.*
    events, in the document and on the topics, are the chain's; and the last entry's hash stands in one of them.
    """
    hashes: dict[str, list[str]] = {}
    for offer_id, doc in seen.escrows.items():
        subject = f"escrow {offer_id}"
        with tally.reading(subject):
            journal = doc.get("journal", [])
            found = faults(journal)
            tally.check(not found, subject, "; ".join(found))
            hashes[offer_id] = [entry["hash"] for entry in journal]
            for event in doc.get("events", ()):
                tally.check(
                    _proves(event["data"], hashes[offer_id]), subject, f"{event['type']} {event['id']} has another hash"
                )
            if journal:
                last = {event["data"]["journal_hash"] for event in doc.get("events", ())}
                tally.check(journal[-1]["hash"] in last, subject, "no event carries the hash of its last entry")
    for record in seen.records:
        event = record.event
        if event is None or event.source != source_of("escrow") or event.subject not in hashes:
            continue
        if seen.recent(event.time) or seen.young(seen.escrows[event.subject]):
            tally.leave()
            continue
        message = f"{event.type} {event.id} on its topic has another hash"
        tally.check(_proves(event.data, hashes[event.subject]), f"escrow {event.subject}", message)


def _proves(data: Mapping[str, Any], hashes: list[str]) -> bool:
    number = data["journal_seq"]
    if not 0 <= number <= len(hashes):
        return False
    return bool(data["journal_hash"] == (hashes[number - 1] if number else None))
