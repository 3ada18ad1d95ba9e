"""What the views of notify work with."""

from dataclasses import dataclass, field

from services.notify.mailboxes import Mailboxes
from services.notify.stream.streams import Streams
from services.notify.webhooks.destinations import Destinations
from services.notify.webhooks.parts import Parts as OfWebhooks
from shared.aggregate import Store
from shared.http.answer.patience import Patience
from shared.settings import Terms, Webhooks


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`. `key` is what codes and marks are made with."""

    store: Store
    key: bytes
    terms: Terms
    streams: Streams
    webhook: Webhooks = field(default_factory=Webhooks)
    patience: Patience = field(default_factory=Patience)

    @property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.store, self.key)

    @property
    def webhooks(self) -> OfWebhooks:
        destinations = Destinations(self.webhook.networks)
        return OfWebhooks(self.store, self.key, self.terms, destinations, self.webhook.key_number)
