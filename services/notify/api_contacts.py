"""How the two of an offer reach each other, once the help has begun; to everybody else there is nothing here."""

from services.notify.addresses import is_verified
from services.notify.offers import other_party
from services.notify.parts import Parts
from services.notify.schemas import OtherContact
from services.notify.store import contact_id, offer_key
from shared.http.declare.operations import DOCUMENT, Answer, Call, Operations
from shared.http.problems import Problem

operations: Operations[Parts] = Operations("notify", "Contacts")


@operations.get(
    "/v1/contacts/{offer_id}", "getOtherContact", "Show how to reach the other party of an offer", who=DOCUMENT,
    answers={200: OtherContact},
)  # fmt: skip
def other_contact(call: Call[Parts]) -> Answer:
    store = call.parts.store
    other = other_party(store.get(offer_key(call.id)), call.person)
    if other is None:
        detail = "There is nothing of that id, or it is not yours to see (yet)."
        wait = call.parts.patience.seconds(call.person, call.id)
        raise Problem("not-found", detail, retry_after=wait)
    role, person = other
    theirs = store.get(contact_id(person))
    email = theirs["email"] if theirs and is_verified(theirs) else None
    return Answer({"offer_id": call.id, "role": role, "email": email})
