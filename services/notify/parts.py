"""What the views of notify work with."""

from dataclasses import dataclass, field

from services.notify.mailboxes import Mailboxes
from shared.aggregate import Store
from shared.http.answer.patience import Patience
from shared.settings import Terms


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`. `key` is what codes and marks are made with."""

    store: Store
    key: bytes
    terms: Terms
    patience: Patience = field(default_factory=Patience)

    @property
    def mailboxes(self) -> Mailboxes:
        return Mailboxes(self.store, self.key)
