"""The money's rules, stated once more: from the design (section 4), not from the lifecycle's table.

Each is about one step of one escrow, and is read without knowing the rows: what was there, what came, what is there
now. So a row that says what no row may say is found out, though it does exactly what it says.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.steps import Rules, Step

Doc = Mapping[str, Any]
SUMS = ("funded", "held", "released", "fees", "refunded", "charged_back", "loss", "set_off")
ENDS = ("settled", "split", "refunded", "lapsed")
ARBITERS = frozenset({"arbiter"})
DECIDES_LOSSES = frozenset({"arbiter", "operator"})
_REFUND_AFTER = timedelta(days=7)
_SILENCE_PAYS_AFTER = timedelta(days=7)
_AFTER_DISPUTE = timedelta(days=7)
_TOLD_AGAIN = timedelta(days=7)
_SHORT = timedelta(hours=1)


# -- what a step is


def moved(step: Step) -> dict[str, int]:
    """By how much each sum changed."""
    changed = {name: step.after.get(name, 0) - step.before.get(name, 0) for name in SUMS}
    return {name: by for name, by in changed.items() if by}


def opened(step: Step) -> Doc | None:
    """The instruction that the step opened."""
    now, before = step.after.get("instruction"), step.before.get("instruction") or {}
    return now if now and now["id"] != before.get("id") else None


def hired(doc: Doc) -> bool:
    """Whether its `hire.confirmed` is known."""
    return bool(doc.get("hire_event_id"))


def decided(step: Step, decision: str) -> bool:
    """Whether an arbiter, who is neither of the two, decides so."""
    resolves = step.trigger.name == "resolve" and step.trigger.roles >= ARBITERS
    outside = step.trigger.by not in (step.before["insider"], step.before["seeker"])
    return bool(resolves and outside and step.before.get("dispute") and step.trigger.data["decision"] == decision)


def near(amount: int, of: int, bps: int) -> bool:
    """Whether an amount is a share in basis points, rounded to a whole minor unit either way."""
    return abs(amount * 10_000 - of * bps) < 10_000


def earned(doc: Doc) -> int:
    """What falls due by the last day of work, or was due when others than the insider said that it ended; and what was
    paid before that was said. Nothing else can be: `strikes_what_is_later` and `pays_what_is_due`.
    """
    return sum(each["amount"] for each in doc["tranches"] if each["status"] == "paid" or is_earned(doc, each))


def is_earned(doc: Doc, tranche: Doc) -> bool:
    """By its day, though it may be paid later."""
    day = min(day_of(doc, tranche), tranche["due_at"])
    told = "ended_told_at" in doc and day <= doc["ended_told_at"]
    return bool(tranche["due_day"] == 0 or "ended_on" not in doc or day.date().isoformat() <= doc["ended_on"] or told)


def day_of(doc: Doc, tranche: Doc) -> datetime:
    """The day that is as many days after the first day of work as was agreed."""
    return datetime.fromisoformat(doc["start_on"]).replace(tzinfo=UTC) + timedelta(days=tranche["due_day"])


def by_the_first_day(doc: Doc, tranche: Doc, not_before: datetime | None = None) -> bool:
    """Whether it falls due as many days after the first day of work as was agreed, or when it may first be paid."""
    day = day_of(doc, tranche)
    if not_before and (tranche["due_day"] == 0 or day <= not_before):
        return bool(tranche["due_at"] == not_before)
    return bool(tranche["due_day"] == 0 or tranche["due_at"] == day)


def fits_the_fee(step: Step, fee: int, amount: int) -> bool:
    """Whether with this fee the platform has its share of all that was earned until then, whatever it set off."""
    before = step.before
    earned_so_far = before.get("released", 0) + before.get("fees", 0) + amount
    return near(before.get("fees", 0) - before.get("set_off", 0) + fee, earned_so_far, before["fee_bps"])


def statuses(doc: Doc, status: str) -> set[int]:
    return {index for index, tranche in enumerate(doc.get("tranches", ())) if tranche["status"] == status}


# -- when money moves


def conserved(step: Step) -> bool:
    sums = {name: step.after.get(name, 0) for name in SUMS}
    whole = 2 * sums["funded"] == sum(sums.values()) - sums["loss"] - sums["set_off"]
    return min(sums.values()) >= 0 and whole and sums["set_off"] <= sums["fees"]


def by_outcome_alone(step: Step) -> bool:
    if not moved(step) and len(step.after.get("journal", ())) == len(step.before.get("journal", ())):
        return True
    kind, _, what = step.trigger.name.partition(".")
    if kind == "chargeback":
        return True
    asked = step.before.get("instruction") or {"id": None, "kind": None}
    return (kind, what, step.trigger.data.get("instruction_id")) == (asked["kind"], "succeeded", asked["id"])


def as_instructed(step: Step) -> bool:
    if not moved(step) or step.trigger.name.startswith("chargeback"):
        return True
    asked, sums = step.before["instruction"], moved(step)
    amount, fee, back = asked["amount"], asked.get("fee", 0), asked.get("refund", 0)
    kept = asked.get("set_off", 0)
    expected = {
        "hold": {"funded": amount, "held": amount},
        "release": {"held": -amount, "released": amount - fee - kept, "fees": fee + kept, "set_off": kept},
        "refund": {"held": -amount, "refunded": amount},
        "split": {
            "held": -amount, "released": amount - fee - back - kept, "fees": fee + kept, "refunded": back,
            "set_off": kept,
        },
        "repay": {"released": amount, "fees": -amount, "set_off": -amount},
    }[asked["kind"]]  # fmt: skip
    return sums == {name: by for name, by in expected.items() if by}


def said_so(step: Step) -> bool:
    sums = moved(step)
    released, refunded = step.events.get("escrow.released"), step.events.get("escrow.refunded")
    whole = (sums.get("released", 0), sums.get("fees", 0), sums.get("refunded", 0))
    if split := step.events.get("escrow.split"):
        in_all = split.get("set_off", 0) == step.after.get("set_off", 0)
        return in_all and whole != (0, 0, 0) and not released and not refunded
    back = step.events.get("escrow.set_off_returned", {"amount": 0})["amount"]
    set_off = (released.get("set_off", 0) if released else 0) - back
    said = ((released["amount"] if released else 0) + back, (released["fee"] if released else 0) + set_off)
    return whole == (*said, refunded["amount"] if refunded else 0) and sums.get("set_off", 0) == set_off


# -- why an instruction may be opened


def holds_the_price(step: Step) -> bool:
    asked = opened(step)
    if not asked or asked["kind"] != "hold":
        return True
    by_the_seeker = step.trigger.name == "fund" and step.trigger.by == step.before["seeker"]
    return bool(by_the_seeker and asked["amount"] == step.before["price"] and not step.before.get("funded"))


def pays_for_a_hire(step: Step) -> bool:
    asked = opened(step)
    if not asked or asked["kind"] not in ("release", "split", "repay"):
        return True
    return hired(step.before) and asked["payee"] == step.before["insider"]


def pays_what_is_due(step: Step) -> bool:
    asked = opened(step)
    if not asked or asked["kind"] != "release":
        return True
    tranche, plan = asked["tranche"], step.before["tranches"]
    one = asked["amount"] == plan[tranche]["amount"] and fits_the_fee(step, asked["fee"], asked["amount"])
    if decided(step, "release"):
        return one and plan[tranche]["status"] in ("waiting", "struck")
    quiet = not step.before.get("dispute") and not step.before.get("chargeback")
    due = plan[tranche]["status"] == "waiting" and plan[tranche]["due_at"] <= step.trigger.at
    due = due and step.before.get("payout_from", step.trigger.at) <= step.trigger.at
    return one and quiet and due and step.trigger.name == "timer:payout"


def refunds_for_a_reason(step: Step) -> bool:
    asked = opened(step)
    if not asked or asked["kind"] != "refund":
        return True
    held = step.after.get("held", 0)
    if step.trigger.name == "refund.refused":
        return bool(asked["amount"] == step.before["instruction"]["amount"])
    if decided(step, "refund"):
        return bool(asked["amount"] == held)
    if not hired(step.before):
        given_back = step.trigger.name == "timer:refund" and _was_given_back(step.before)
        called_off = step.trigger.name in ("offer.cancelled", "offer.lapsed")
        return (given_back or called_off) and asked["amount"] == held
    struck = sum(step.before["tranches"][index]["amount"] for index in statuses(step.before, "struck"))
    return step.trigger.name == "timer:refund" and asked["amount"] == struck


def shares_as_decided(step: Step) -> bool:
    asked = opened(step)
    if not asked or asked["kind"] != "split":
        return True
    if step.trigger.name == "split.refused":  # while the bank has the money
        names = ("amount", "payee", "fee", "refund")
        return bool(step.after.get("chargeback")) and all(asked[n] == step.before["instruction"][n] for n in names)
    if not decided(step, "split"):
        return False
    gross = asked["amount"] - asked["refund"]
    insiders = near(gross, asked["amount"], step.trigger.data["insider_bps"])
    return insiders and asked["amount"] == step.before["held"] and fits_the_fee(step, asked["fee"], gross)


def keeps_from_nobody_what_is_decided(step: Step) -> bool:
    """Of a split that is refused each is given theirs apart: the seeker at once, the insider at the next try."""
    if step.trigger.name != "split.refused" or step.before["state"] != "splitting":
        return True
    asked, plan = step.before["instruction"], step.after["tranches"]
    sums = {status: sum(plan[i]["amount"] for i in statuses(step.after, status)) for status in ("waiting", "struck")}
    apart = sums == {"waiting": asked["amount"] - asked["refund"], "struck": asked["refund"]}
    timers = {name for name, status in (("payout", "waiting"), ("refund", "struck")) if sums[status]}
    return apart and step.after["state"] == "probation" and timers <= {*step.after["timers"]}


def gives_back_what_was_set_off(step: Step) -> bool:
    """Out of what was kept, at most all of it, in no dispute and no claim; and the escrow is then where it was."""
    asked, kept = opened(step), step.before.get("set_off", 0)
    if asked and asked["kind"] == "repay":
        quiet = not step.before.get("dispute") and not step.before.get("chargeback")
        return bool(step.trigger.name == "timer:repay" and quiet and 0 < asked["amount"] <= kept)
    open_ = step.before.get("instruction") or {"kind": None}
    if open_["kind"] != "repay" or step.after.get("instruction"):
        return True
    again = "repay" in step.after.get("timers", {})
    return bool(step.after["state"] == open_["before"] and again == (step.trigger.name == "repay.refused"))


def waits_without_history(step: Step) -> bool:
    """A payout that is postponed is closed, and none follows before the day that was named."""
    if step.trigger.name != "release.postponed":
        return True
    quiet = step.after["state"] == "probation" and not step.after.get("instruction") and not moved(step)
    return bool(quiet and step.after.get("payout_from") == step.trigger.data["until"])


def let_go_or_held_back(step: Step) -> bool:
    """What was held back before it was sent is no answer where the payout was let go."""
    cleared = (step.before.get("instruction") or {}).get("cleared")
    return not (step.trigger.data.get("unsent") and cleared)


def in_probation_nothing_calls_it_off(step: Step) -> bool:
    return not (hired(step.before) and step.trigger.name in ("offer.cancelled", "offer.lapsed"))


# -- the hire, and its end


def knows_one_hire(step: Step) -> bool:
    before, after = step.before.get("hire_event_id"), step.after.get("hire_event_id")
    if step.trigger.name != "hire.confirmed":
        return before == after
    said = before is None and after == step.trigger.id and step.after["start_on"] == step.trigger.data["start_on"]
    silent = step.trigger.data["confirmed_by"] == "silence"
    not_before = step.trigger.at + _SILENCE_PAYS_AFTER if silent else None
    return said and all(by_the_first_day(step.after, tranche, not_before) for tranche in step.after["tranches"])


def starts_later_by_both(step: Step) -> bool:
    """The insider proposes, the seeker agrees; what was due by then stays due."""
    before, after = step.before.get("start_on"), step.after.get("start_on")
    if before == after or step.trigger.name == "hire.confirmed":
        return True
    agreed = step.trigger.name == "answer_postponement" and step.trigger.data["answer"] == "agreed"
    was = zip(step.before["tranches"], step.after["tranches"], strict=True)
    follows = all(
        now == then or by_the_first_day(step.after, now, then["due_at"]) and then["due_at"] > step.trigger.at
        for then, now in was
    )
    return agreed and after == step.before["postponement"]["start_on"] > before and follows


def strikes_what_is_later(step: Step) -> bool:
    struck = statuses(step.after, "struck") - statuses(step.before, "struck")
    if step.trigger.name == "split.refused":
        return keeps_from_nobody_what_is_decided(step)
    if step.trigger.name != "hire.ended":
        return not struck
    later = {i for i, tranche in enumerate(step.after["tranches"]) if not is_earned(step.after, tranche)}
    told_at = None if step.trigger.data["by"] == "insider" else step.trigger.at
    return (
        step.after["ended_on"] == step.trigger.data["on"]
        and step.after.get("ended_told_at") == told_at
        and struck <= later
        and not later & statuses(step.after, "waiting")
    )


def gives_time_to_dispute(step: Step) -> bool:
    if step.trigger.name != "hire.ended" or step.trigger.data["by"] != "seeker" or step.before.get("refund_at"):
        return True
    return bool(step.after["refund_at"] >= step.trigger.at + _REFUND_AFTER)


def gives_back_what_waited(step: Step) -> bool:
    """While nobody could dispute, nobody's time to dispute ran: it is left again, and a week for who has not yet."""
    over = {"dispute.withdrawn", "dispute.expired", "dispute.resolved", "escrow.chargeback_reversed"} & {*step.events}
    before, after, now = step.before, step.after, step.trigger.at
    if not over or after["state"] != "probation":
        return True
    since = max((before.get("chargeback") or before["dispute"])["opened_at"], before["hire_known_at"])
    waits = {"seeker": ("silent_until", "payout")}
    if "refund_blocked" not in before:
        waits["insider"] = ("refund_at", "refund")
    for whose, (name, timer) in waits.items():
        left = before.get(name, since) - since
        if left > timedelta():
            least = left if whose in after.get("disputed_by", ()) else max(left, _AFTER_DISPUTE)
            if after["timers"].get(timer, now + least) < now + least:
                return False
    return True


def counts_no_time_in_which_nobody_could_dispute(step: Step) -> bool:
    """What the provider left unanswered for more than an hour is nobody's time to dispute."""
    before, after, asked = step.before, step.after, step.before.get("instruction")
    if step.trigger.kind != "outcome" or not asked or after["state"] != "probation" or after.get("instruction"):
        return True
    since = asked.get("waits_since", asked["opened_at"])
    held_up = step.trigger.at - since
    waits = ["silent_until"] if asked["kind"] != "split" else []
    if asked["kind"] not in ("refund", "split") and "refund_blocked" not in before:
        waits.append("refund_at")
    waiting = [(before[name], after[name]) for name in waits if name in before and before[name] > since]
    return all(now == then + (held_up if held_up > _SHORT else timedelta()) for then, now in waiting)


def leaves_time_to_decide(step: Step) -> bool:
    """A dispute goes on after a claim of the bank with what was left of it, and some days at least."""
    if "escrow.chargeback_reversed" not in step.events or step.after["state"] != "disputed":
        return True
    left = step.before["dispute"]["expires_at"] - step.before["chargeback"]["opened_at"]
    at = step.trigger.at + max(left, _AFTER_DISPUTE)
    return bool(step.after["timers"]["dispute"] == step.after["dispute"]["expires_at"] >= at)


def holds_up_nothing_earned(step: Step) -> bool:
    """A refund that the provider refuses waits for its next try; what was earned is paid meanwhile, or disputed."""
    if step.trigger.name != "refund.refused" or step.before["state"] != "refunding":
        return True
    if step.before["instruction"]["amount"] == step.before["held"]:
        return bool(step.after["state"] == "refunding")
    return step.after["state"] == "probation" and {"payout", "refund"} <= {*step.after["timers"]}


def tells_a_refusal_once(step: Step) -> bool:
    """People are told of a refusal, and of the same again only a week later."""
    refused = step.events.get("escrow.release_refused") or step.events.get("escrow.refund_refused")
    if not refused:
        return True
    what = step.before["instruction"]["what"]
    known = [step.before.get(name) or {} for name in ("blocked", "refund_blocked", "repay_blocked")]
    same = [each for each in known if (each.get("what"), each.get("reason")) == (what, refused["reason"])]
    told = any(step.trigger.at < each["told_at"] + _TOLD_AGAIN for each in same)
    return bool(refused.get("repeated", False) == told)


def pays_what_was_earned(step: Step) -> bool:
    after = step.after
    if after["state"] not in ENDS or not hired(after):
        return True
    taken = any(each["reference"].endswith(":opened") for each in after["journal"])
    if taken or {each["decision"] for each in after.get("decisions", ())} - {"return"}:
        return True
    return bool(after["released"] + after["fees"] == earned(after))


def holds_nothing_at_the_end(step: Step) -> bool:
    return step.after["state"] not in ENDS or not step.after.get("held")


# -- disputes, and the bank


def asked_by_who_may(step: Step) -> bool:
    by, trigger = step.trigger.by, step.trigger
    opener = (step.before.get("dispute") or {}).get("by", "nobody")
    may = {
        "fund": by == step.before.get("seeker"),
        "dispute": by in (step.before.get("insider"), step.before.get("seeker")),
        "withdraw": by == step.before.get(opener),
        "resolve": trigger.roles >= ARBITERS,
        "postpone": by == step.before.get("insider"),
        "answer_postponement": by == step.before.get("seeker"),
        "decide_loss": trigger.roles & DECIDES_LOSSES and by not in (step.before["insider"], step.before["seeker"]),
    }
    return trigger.kind != "command" or bool(may[trigger.name])


def goes_back_to_where_it_was(step: Step) -> bool:
    ends = ("withdraw", "timer:dispute")
    if not step.before.get("dispute") or not (step.trigger.name in ends or decided(step, "return")):
        return True
    return bool(step.after["state"] == step.before["dispute"]["before"] and not step.after.get("dispute"))


def takes_what_the_bank_says(step: Step) -> bool:
    if step.trigger.name != "chargeback.opened" or not moved(step):
        return True
    held, amount = step.before.get("held", 0), step.trigger.data["amount"]
    expected = {"held": -held, "charged_back": held, "loss": amount - held}
    return moved(step) == {name: by for name, by in expected.items() if by} and step.trigger.data["from_held"] == held


def gives_back_its_own_claim(step: Step) -> bool:
    if step.trigger.name != "chargeback.reversed" or not moved(step):
        return True
    claim, journal = step.trigger.data["chargeback_id"], step.after["journal"]
    taken = [entry for entry in journal if entry["reference"] == f"{claim}:opened"]
    if len(taken) != 1 or step.before["chargeback"]["id"] != claim:
        return False
    return _lines(journal[-1]) == {account: -amount for account, amount in _lines(taken[0]).items()}


def keeps_a_loss_open(step: Step) -> bool:
    """From the chargeback until the bank gives it back, or staff decide; deciding moves no money."""
    names = ("loss_since", "loss_decision")
    before, after = ([doc.get(name) for name in names] for doc in (step.before, step.after))
    match step.trigger.name:
        case "decide_loss":
            said = {name: step.trigger.data[name] for name in ("decision", "reason")} | {"by": step.trigger.by}
            recorded = {name: (after[1] or {}).get(name) for name in said}
            return bool(before[0] and after[0] is None and recorded == said and not moved(step))
        case "chargeback.opened" if moved(step).get("loss", 0) > 0:
            return bool(after[0] and after[0] >= step.trigger.at and after[1] is None)
        case "chargeback.reversed" if moved(step).get("loss", 0) < 0:
            return after == [None, None]
    return before == after


def _was_given_back(doc: Doc) -> bool:
    """Whether the last thing that the bank did was to give the payment back."""
    by_the_bank = [each["reference"] for each in doc["journal"] if each["reference"].endswith((":opened", ":reversed"))]
    return bool(by_the_bank) and by_the_bank[-1].endswith(":reversed")


def _lines(entry: Doc) -> dict[str, int]:
    return {line["account"]: line["amount"] for line in entry["lines"]}


def takes_the_offers_terms(step: Step) -> bool:
    if step.trigger.name != "offer.accepted":
        return True
    offer, after = step.trigger.data, step.after
    same = all(after[name] == offer[name] for name in ("insider", "seeker", "price", "currency", "fee_bps"))
    shares = sorted(offer["tranches"], key=lambda share: int(share["due_day"])) if offer["price"] else []
    plan = after["tranches"]
    fits = [tranche["due_day"] for tranche in plan] == [share["due_day"] for share in shares]
    almost = all(
        near(one["amount"], offer["price"], share["bps"]) for one, share in zip(plan[:-1], shares, strict=False)
    )
    return same and fits and almost and sum(tranche["amount"] for tranche in plan) == offer["price"]


MONEY: Rules = {
    "funded = held + released + fees + refunded + charged_back, none negative": conserved,
    "money moves by the outcome of what was asked, or by the bank": by_outcome_alone,
    "what moves is what was asked for, each share to its owner": as_instructed,
    "the events say what moved": said_so,
    "the seeker pays the price, once": holds_the_price,
    "nothing leaves for the insider without hire.confirmed": pays_for_a_hire,
    "a tranche is paid when it is due, less its fee": pays_what_is_due,
    "money goes back only where it was called off, ended or decided": refunds_for_a_reason,
    "a split gives each what the arbiter says": shares_as_decided,
    "a split that is refused keeps from neither what is theirs": keeps_from_nobody_what_is_decided,
    "no time to dispute runs while the provider does not answer": counts_no_time_in_which_nobody_could_dispute,
    "what was set off goes back from where it was kept, and no more": gives_back_what_was_set_off,
    "in probation neither cancelling nor lapsing refunds": in_probation_nothing_calls_it_off,
    "who has no history is paid from the day that was named": waits_without_history,
    "what was let go is not held back": let_go_or_held_back,
    "one hire.confirmed is the cause, and by silence it is paid 7 days later": knows_one_hire,
    "a later first day is agreed by both, and what was due stays due": starts_later_by_both,
    "the end of a hire strikes what falls due later, and no more": strikes_what_is_later,
    "the insider has time to dispute what the seeker says": gives_time_to_dispute,
    "time to dispute that was held up is given back": gives_back_what_waited,
    "a dispute has its time again after a claim of the bank": leaves_time_to_decide,
    "a refused refund holds up nothing earned": holds_up_nothing_earned,
    "a refusal is told once": tells_a_refusal_once,
    "what was earned is paid": pays_what_was_earned,
    "an end holds nothing": holds_nothing_at_the_end,
    "each command by who may give it": asked_by_who_may,
    "a dispute that is over leaves it where it was": goes_back_to_where_it_was,
    "a chargeback takes what is held, the rest is the platform's loss": takes_what_the_bank_says,
    "a reversal gives back its own claim alone": gives_back_its_own_claim,
    "a loss is open until the bank gives it back or staff decide": keeps_a_loss_open,
    "the terms are the agreed ones": takes_the_offers_terms,
}
