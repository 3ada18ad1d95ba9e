"""The four services as their workers are built, over a store of the simulator."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.escrow.erasure import Erasing as EscrowErasing
from services.escrow.handlers import handlers as escrow_handlers
from services.escrow.lifecycle import ESCROW
from services.escrow.payments import Payments
from services.escrow.payouts import account_of
from services.escrow.provider.port import Provider
from services.listing.erasure import Erasing as ListingErasing
from services.listing.handlers import handlers as listing_handlers
from services.listing.lifecycle import LISTING
from services.listing.workplaces import KIND as WORK
from services.listing.workplaces import Spread
from services.matching.employer.ats import KIND as ATS
from services.matching.employer.ats import Matching
from services.matching.employer.register import Employers
from services.matching.handlers import handlers as matching_handlers
from services.matching.offer.accounts import KIND as ACCOUNT
from services.matching.offer.accounts import Accounts
from services.matching.offer.checks import Checks
from services.matching.offer.lifecycle import OFFER
from services.matching.offer.listings import KIND as COPY
from services.matching.offer.listings import Closing
from services.matching.people.erasure import Erasing
from services.matching.people.people import KIND as PERSON
from services.matching.people.people import People
from services.notify.addresses import CODE_MAILS
from services.notify.employer_links import EMPLOYER_LINK
from services.notify.erasure import Erasing as NotifyErasing
from services.notify.handlers import handlers as notify_handlers
from services.notify.lifecycle import NOTIFICATION
from services.notify.mail import Postman
from services.notify.mails import Mails
from shared.aggregate import Lifecycle, Routes, Store, erasure
from shared.poller import CarryOut
from shared.poller.poller import OnTimer

KEY = b"k" * 40
"""What pseudonyms, marks and codes are made with, as in `tests.support.web`."""
NAMES = ("listing", "matching", "escrow", "notify")


@dataclass(frozen=True)
class Work:
    """What a worker of a service is made of, beside its store."""

    routes: Routes
    lifecycles: Mapping[str, Lifecycle]
    carry_out: CarryOut | None = None
    timers: Mapping[str, OnTimer] = field(default_factory=dict)


def work_of(service: str, store: Store, provider: Provider, post: Callable[..., None]) -> Work:
    """`provider` is the way to the payment provider, `post` hands over a mail."""
    if service == "listing":
        spread: dict[str, Any] = {WORK: Spread(store, LISTING).on_timer}
        spread[erasure.KIND] = erasure.passes(ListingErasing(store, LISTING).one_pass)
        return Work(listing_handlers(LISTING), {"listing": LISTING}, timers=spread)
    if service == "matching":
        accounts = Accounts(store, OFFER.terms)
        timers: dict[str, Any] = {COPY: Closing(store, OFFER).on_timer, ACCOUNT: accounts.on_timer}
        timers[ATS] = Matching(store, OFFER, Employers.of(store, KEY)).on_timer
        timers[PERSON] = People(store, accounts, Erasing(store, OFFER)).on_timer
        return Work(matching_handlers(OFFER), {"offer": OFFER}, Checks(store, accounts).carry_out, timers)
    if service == "escrow":
        erasing = {erasure.KIND: erasure.passes(EscrowErasing(store).one_pass)}
        payments = Payments(provider, store.clock, account_of(store))
        return Work(escrow_handlers(ESCROW), {"escrow": ESCROW}, payments.carry_out, erasing)
    postman = Postman(store.clock, "Good Golem <no-reply@golem.local>", post)
    mails = Mails(store, postman, KEY, "http://golem.example", NOTIFICATION.terms)
    lifecycles = {each.name: each for each in (NOTIFICATION, *CODE_MAILS, EMPLOYER_LINK)}
    erasing = {erasure.KIND: erasure.passes(NotifyErasing(store, NOTIFICATION).one_pass)}
    return Work(notify_handlers(NOTIFICATION), lifecycles, mails.carry_out, erasing)
