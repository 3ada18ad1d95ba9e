"""Money's races, one by one, on the running system: never two holds, never money without an owner."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx

from deploy.embedded.stack import Stack
from tests.support.described import CHECKED
from tests.support.hires import Hire, Hires


def raw(stack: Stack, token: str, path: str, body: dict[str, Any], key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    with httpx.Client(timeout=30, event_hooks=CHECKED) as http:
        return http.post(f"{stack.gateway}{path}", json=body, headers=headers)


def entries(hire: Hire) -> list[str]:
    """What the journal has entries for, in order."""
    journal = hire.seeker.get(f"/v1/escrows/{hire.offer_id}/journal")
    assert sum(line["amount"] for entry in journal["entries"] for line in entry["lines"]) == 0
    return [entry["reference"].split(":")[1] for entry in journal["entries"]]


def test_funding_twice_at_once_with_two_keys_holds_once(stack: Stack, hires: Hires) -> None:
    """Of many who fund one escrow at the same moment one is taken; the others hear that it is under way or done."""
    hire = hires.accepted()
    path = f"/v1/escrows/{hire.offer_id}/fund"

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: raw(stack, hire.seeker.token, path, {"source": "tok_visa"}, str(uuid4())), range(8))
        )

    assert sorted({a.status_code for a in answers}) == [202, 409]
    assert [a.status_code for a in answers].count(202) == 1
    hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "held")
    assert entries(hire) == ["hold"]


def test_the_same_key_at_once_is_one_command_with_one_answer(stack: Stack, hires: Hires) -> None:
    """Eight times the same request with the same key: one hold, and eight times the same status."""
    hire = hires.accepted()
    path, key = f"/v1/escrows/{hire.offer_id}/fund", str(uuid4())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: raw(stack, hire.seeker.token, path, {"source": "tok_visa"}, key), range(8)))

    assert {a.status_code for a in answers} == {202}
    hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "held")
    assert entries(hire) == ["hold"]


def test_a_cancel_while_the_provider_is_asked_gives_the_money_back(stack: Stack, hires: Hires) -> None:
    """The hold succeeds after the cancellation: the money is refunded, not left behind."""
    hire = hires.accepted()
    hires.fund(hire, "tok_late")

    hire.seeker.post(f"/v1/offers/{hire.offer_id}/cancel")

    escrow = hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "refunded")
    assert (escrow["funded"], escrow["refunded"], escrow["held"], escrow["released"]) == (50_000, 50_000, 0, 0)
    assert entries(hire) == ["hold", "refund"]


def test_a_time_out_whose_hold_succeeded_is_found_and_held_once(stack: Stack, hires: Hires) -> None:
    """The provider's books have it, the answer was lost: asked again, the escrow is held once."""
    hire = hires.active(source="tok_timeout")

    assert hire.seeker.get(f"/v1/escrows/{hire.offer_id}")["held"] == 50_000
    assert entries(hire) == ["hold"]


def test_a_provider_that_answers_by_its_webhook_alone_holds_and_pays(stack: Stack, hires: Hires) -> None:
    """tok_late: the signed webhook is the only answer."""
    hire = hires.active(source="tok_late")
    hires.confirm(hire)

    hires.settled(hire)
    assert entries(hire) == ["hold", "release"]


def test_a_declined_card_can_be_followed_by_one_that_works(stack: Stack, hires: Hires) -> None:
    """A decline leaves the escrow awaiting, with the reason; the next source holds."""
    hire = hires.accepted()
    hires.fund(hire, "tok_declined")
    declined = hire.seeker.wait(
        f"/v1/escrows/{hire.offer_id}", lambda doc: doc["status"] == "awaiting" and doc.get("declined"), "the decline"
    )

    hires.fund(hire, "tok_visa")

    assert declined["declined"] == "card_declined"
    hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", "held")
    assert entries(hire) == ["hold"]


def test_cancel_and_confirm_at_once_have_one_winner(stack: Stack, hires: Hires) -> None:
    """Both parties act at the same moment: the hire is paid, or the money goes back, never both and never neither."""
    at = hires.published(seats=20)
    for _ in range(6):
        hire = hires.active(at=at)
        start = str(hire.seeker.get(f"/v1/offers/{hire.offer_id}")["activated_at"])[:10]
        paths = [
            (hire.seeker.token, f"/v1/offers/{hire.offer_id}/confirm-hire", {"start_on": start}),
            (hire.insider.token, f"/v1/offers/{hire.offer_id}/cancel", {}),
        ]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda p: raw(stack, p[0], p[1], p[2], str(uuid4())), paths))

        assert sorted(a.status_code for a in answers) == [200, 409]
        ended = "settled" if answers[0].status_code == 200 else "refunded"
        escrow = hire.seeker.wait_for(f"/v1/escrows/{hire.offer_id}", ended)
        assert escrow["funded"] == escrow["released"] + escrow["fees"] + escrow["refunded"] == 50_000
