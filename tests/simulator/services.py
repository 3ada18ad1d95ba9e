"""The four services' own work, as `services.*.main` composes it, over stores in memory."""

from types import ModuleType
from typing import Any

import services.escrow.main
import services.listing.main
import services.matching.main
import services.notify.main
from services.escrow.provider.port import Provider
from services.notify.main import Outside
from services.notify.smtp import Send
from services.notify.webhooks.posting import Post, nobody
from shared.aggregate import Store
from shared.process.work import Work
from shared.settings import Need, Settings, load

KEY = b"k" * 40
"""What pseudonyms, marks and codes are made with, as in `tests.support.web`."""
_MAINS: dict[str, ModuleType] = {
    "listing": services.listing.main,
    "matching": services.matching.main,
    "escrow": services.escrow.main,
    "notify": services.notify.main,
}
NAMES = tuple(_MAINS)
_ENVIRON = {"MONGODB_URI": "mongodb://nowhere", "PSEUDONYM_KEY": KEY.decode(), "PUBLIC_URL": "http://golem.example"}
_ENVIRON |= {"ARCHIVE_AFTER": str(2 * 86_400)}
_ENVIRON |= {"FIRST_PAYOUT_WAIT": "0"}  # as in the development stack; what waits is tested by itself
SETTINGS: dict[str, Settings] = {name: load(name, environ=_ENVIRON) for name in NAMES}


def work_of(service: str, store: Store, provider: Provider, send: Send, post: Post = nobody, **environ: str) -> Work:
    """`provider` is the way to the payment provider, `send` hands over a mail, `post` a message to a webhook;
    `environ`: settings of its own.
    """
    outside: dict[str, Any] = {"escrow": provider, "notify": Outside(send, post, lambda run: run())}
    needs: tuple[Need, ...] = ("places",) if environ else ()
    own = load(service, *needs, environ=_ENVIRON | environ) if environ else SETTINGS[service]
    work: Work = _MAINS[service].work(own, store, outside.get(service))
    return work
