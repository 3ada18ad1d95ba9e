"""The embedded broker dies while hires run: it loses its last second, and nothing that was acknowledged to a person."""

import pytest

from deploy.embedded.stack import Stack
from tests.support.hires import Hires

pytestmark = pytest.mark.embedded


def test_hires_outlive_the_broker(stack: Stack, hires: Hires) -> None:
    """Killed right after a step was acknowledged, at four steps: each hire still ends paid, once."""
    accepted, active, claimed = hires.accepted(), hires.active(), hires.active()
    old = stack.kill("broker")
    hires.fund(accepted)
    stack.wait_restarted("broker", old)
    hires.confirm(active)
    old = stack.kill("broker")
    hires.confirm(claimed)
    stack.wait_restarted("broker", old)
    accepted.seeker.wait_for(f"/v1/offers/{accepted.offer_id}", "active")
    hires.confirm(accepted)
    old = stack.kill("broker")
    escrows = [hires.settled(hire) for hire in (accepted, active, claimed)]
    stack.wait_restarted("broker", old)

    assert [(escrow["released"], escrow["fees"], escrow["held"]) for escrow in escrows] == [(47_500, 2_500, 0)] * 3
