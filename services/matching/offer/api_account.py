"""One's account over HTTP: how many requests are left, how much may still be agreed to, what is reserved."""

from services.matching.offer.parts import Parts
from services.matching.offer.schemas import Account
from services.matching.offer.views import account_view
from shared.http.declare.operations import ANYONE, Answer, Call, Operations

operations: Operations[Parts] = Operations("matching", "Your account")


@operations.get(
    "/v1/account", "showAccount", "Show how many offers you may still make, and how much you may still agree to pay",
    who=ANYONE, answers={200: Account},
)  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    return Answer(account_view(call.parts.accounts.standing(call.person)))
