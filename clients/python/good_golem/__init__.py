"""Speaks with a Good Golem: `connect` gives a client for the operations of `good_golem_client`, which are generated.

It asks again where the server says to, with the same Idempotency-Key; `expect` tells an answer from a refusal.
"""

from good_golem.answers import Refused, expect
from good_golem.connection import connect
from good_golem.patience import Patience

__all__ = ["Patience", "Refused", "connect", "expect"]
