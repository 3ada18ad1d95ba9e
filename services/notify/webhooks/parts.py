"""What the views of webhooks work with."""

from dataclasses import dataclass

from services.notify.webhooks import views
from services.notify.webhooks.destinations import Destinations, Refused
from services.notify.webhooks.lifecycle import DELIVERY, WEBHOOK
from shared.aggregate import Lifecycle, Store
from shared.http.answer.commands import Resource
from shared.settings import Terms


@dataclass(frozen=True)
class Parts:
    """Made once a process; `key` is what secrets are derived from and headers are sealed with."""

    store: Store
    key: bytes
    terms: Terms
    destinations: Destinations
    key_number: int

    @property
    def webhooks(self) -> Resource:
        return Resource(self.store, self.lifecycle, views.roles, views.view, "/v1/webhooks")

    @property
    def deliveries(self) -> Resource:
        return Resource(self.store, DELIVERY, views.roles, views.delivery_view, "/v1/webhooks")

    @property
    def lifecycle(self) -> Lifecycle:
        return WEBHOOK.with_terms(self.terms)

    def unreachable(self, url: str) -> str | None:
        """Why nothing may be sent to this URL, as far as the URL itself says."""
        try:
            self.destinations.check(url)
        except Refused as refused:
            return refused.reason
        return None
