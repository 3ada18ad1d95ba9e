"""The logs of the four services alone tell what happened to a hire, by its offer's id, and name nobody."""

import json
import re
from typing import Any

from deploy.embedded.stack import Stack
from shared.ids import PERSON_ID
from tests.support.hires import Hires
from tests.support.processes import eventually

STORY = [
    "matching web offer: propose, new -> proposed, offer.made",
    "matching web offer: accept, proposed -> accepted, offer.accepted",
    "escrow worker escrow: offer.accepted, new -> awaiting, escrow.opened",
    "escrow web escrow: fund, awaiting -> funding, ",
    "escrow worker escrow: hold.succeeded, funding -> held, escrow.held",
    "matching worker offer: escrow.held, accepted -> active, offer.activated",
    "matching web offer: claim_hire, active -> hire_claimed, hire.claimed",
    "matching web offer: confirm_hire, hire_claimed -> hired, hire.confirmed",
    "escrow worker escrow: hire.confirmed, held -> probation, escrow.probation_started",
    "escrow worker escrow: timer:payout, probation -> releasing, ",
    "escrow worker escrow: release.succeeded, releasing -> settled, escrow.released escrow.settled",
    "matching worker offer: escrow.settled, hired -> completed, offer.completed",
]
"""One after the other; what listing and notify do stands between."""
ELSEWHERE = {
    "listing worker listing: hire.confirmed, published -> filled, listing.filled",
    "notify worker notification: notify, new -> queued, ",
}
_WORDS = re.compile(r"Backend|Acme|payment services|Utrecht")


def lines_of(stack: Stack, offer_id: str) -> list[str]:
    return [line for log in stack.data.logs.glob("*.log") for line in log.read_text().splitlines() if offer_id in line]


def story(stack: Stack, offer_id: str) -> list[str]:
    told = [line for line in map(json.loads, lines_of(stack, offer_id)) if line["logger"] == "story"]
    return [_said(line) for line in sorted(told, key=lambda line: str(line["time"]))]


def _said(line: dict[str, Any]) -> str:
    what = f"{line['service']} {line['process']} {line['message']}"
    return f"{what}, {line['before']} -> {line['after']}, {line.get('emitted', '')}"


def test_the_logs_tell_the_story_of_a_hire(stack: Stack, hires: Hires) -> None:
    hire = hires.one()
    eventually(lambda: {*STORY, *ELSEWHERE} <= {*story(stack, hire.offer_id)}, "the logs tell all of it")
    told, lines = story(stack, hire.offer_id), lines_of(stack, hire.offer_id)

    assert [said for said in told if said in STORY] == STORY
    assert {*told} >= ELSEWHERE
    assert not [line for line in lines if PERSON_ID.search(line) or _WORDS.search(line)]


def test_a_process_says_which_version_it_is_and_what_it_was_given_and_no_secret(stack: Stack) -> None:
    keys = (stack.data.keys.signing, stack.data.keys.pseudonym, stack.data.keys.webhook)
    secrets = [line for key in keys for line in key.read_text().splitlines() if not line.startswith("--")]
    for log in stack.data.logs.glob("*-w*.log"):
        starts = [line for line in map(json.loads, log.read_text().splitlines()) if line["message"] == "starts"]
        assert starts and starts[0]["version"] and "MONGODB_URI" in starts[0]["settings"], log.name
        assert not [secret for secret in secrets if secret in log.read_text()]
