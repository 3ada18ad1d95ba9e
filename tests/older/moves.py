"""The next step of everything that an earlier version kept, as the people whose turn it is take it."""

import re
from typing import Any

from tests.older.kept import Document, Older

REASON = "It was shown to us."


def move_listings(older: Older) -> None:
    """Drafts are submitted, what a moderator holds is published, what pauses is resumed, one is revised."""
    for doc in older.documents("listing", "listing", "draft"):
        older.ask("listing", older.name(doc["insider"]), "PATCH", f"/v1/listings/{doc['_id']}", {"duties": ["Run it"]})
        _listing(older, doc, "submit")
    older.settle()
    for doc in older.documents("listing", "listing", "in_review"):
        older.ask("listing", "mo", "POST", f"/v1/listings/{doc['_id']}/publish", None, "moderator")
    for doc in older.documents("listing", "listing", "paused"):
        _listing(older, doc, "resume")
    revised, *others = older.documents("listing", "listing", "published")
    older.ask("listing", older.name(revised["insider"]), "PATCH", f"/v1/listings/{revised['_id']}", {"seats": 60})
    older.settle()

    assert older.documents("listing", "listing", "draft", "in_review", "paused") == []
    assert others


def _listing(older: Older, doc: Document, command: str) -> None:
    older.ask("listing", older.name(doc["insider"]), "POST", f"/v1/listings/{doc['_id']}/{command}")


def move_offers(older: Older) -> None:
    """Each agreement goes on from where it stands: agreed, paid for, claimed, confirmed, decided, ended, reviewed."""
    for doc in older.documents("matching", "offer", "proposed", "countered"):
        other = "insider" if doc["proposed_by"] == "seeker" else "seeker"
        _offer(older, doc, other, "accept")
    older.settle()
    for doc in older.documents("escrow", "escrow", "awaiting"):
        older.ask("escrow", older.name(doc["seeker"]), "POST", f"/v1/escrows/{doc['_id']}/fund", {"source": "tok_visa"})
        older.settle()
    for doc in older.documents("escrow", "escrow", "disputed"):
        _decide(older, doc)
    for state, step in (("active", "claim"), ("hire_claimed", "confirm"), ("hired", "end")):
        disputed = {doc["_id"] for doc in older.documents("escrow", "escrow", "disputed", "charged_back")}
        for doc in older.documents("matching", "offer", state)[::2]:
            if doc["_id"] not in disputed:
                _STEPS[step](older, doc)
                older.settle()
    for doc in older.documents("matching", "offer", "completed")[-3:]:
        if "seeker" not in doc.get("reviews", {}):
            _offer(older, doc, "seeker", "reviews", {"stars": 4, "text": "Well explained."})


def decide_losses(older: Older) -> None:
    """What a chargeback took after its payout stops payouts until staff say whose it is: some theirs, some ours."""
    listed = older.get("escrow", "ari", "/v1/reconciliation?why=loss", "arbiter")["items"]
    assert len(listed) > 1
    for turn, each in enumerate(listed):
        body = {"decision": ("set_off", "write_off")[turn % 2], "reason": REASON}
        older.ask("escrow", "ari", "POST", f"/v1/escrows/{each['offer_id']}/loss", body, "arbiter")


def _decide(older: Older, doc: Document) -> None:
    decision = "return" if doc["dispute"]["before"] == "held" else "release"
    body = {"decision": decision, "reason": REASON}
    older.ask("escrow", "ari", "POST", f"/v1/escrows/{doc['_id']}/dispute/resolve", body, "arbiter")
    older.settle()


def _today(older: Older) -> str:
    return str(older.clock.now().date())


_STEPS: Any = {
    "claim": lambda older, doc: _offer(
        older, doc, "insider", "claim-hire",
        {"start_on": _today(older), "evidence": [{"kind": "offer_letter", "sha256": "a" * 64}]},
    ),
    "confirm": lambda older, doc: _offer(older, doc, "seeker", "confirm-hire", {"start_on": _today(older)}),
    "end": lambda older, doc: _offer(older, doc, "insider", "end", {"on": _today(older)}),
}  # fmt: skip


def _offer(older: Older, doc: Document, party: str, command: str, body: Any = None) -> None:
    older.ask("matching", older.name(doc[party]), "POST", f"/v1/offers/{doc['_id']}/{command}", body)


def follow_links(older: Older) -> None:
    """Links that were mailed before lead where they led: the employer confirms, a person stops such mails."""
    for link in older.kept.links["employer-confirmations"]:
        page = older.apps["matching"].test_client().get(link)
        assert page.get_json()["status"] == "open", page.get_json()
        answer = older.apps["matching"].test_client().post(link, json={"start_on": _today(older)})
        assert answer.get_json()["status"] == "used", answer.get_json()
    for link in older.kept.links["unsubscribe"]:
        client = older.apps["notify"].test_client()
        assert client.get(link, headers={"Accept": "text/html"}).status_code == 200
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post(link, data="List-Unsubscribe=One-Click", headers=form).status_code == 200
    older.settle()


def move_employers(older: Older) -> None:
    """The register goes on: one employer is revised, one comes back; their systems' reports find their offers."""
    for doc in older.documents("matching", "employer"):
        mark = re.sub("^employer:", "", doc["_id"])
        if doc["state"] == "registered":
            older.ask("matching", "olga", "PATCH", f"/v1/employers/{mark}", {"mailboxes": ["hr", "jobs"]}, "operator")
        else:
            body = {"name": doc["name"], "domain": doc["domain"]}
            older.ask("matching", "olga", "POST", "/v1/employers", body, "operator")
    older.settle()

    assert {doc["state"] for doc in older.documents("notify", "employer")} == {"registered"}
