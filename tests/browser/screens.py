"""`python -m tests.browser.screens` takes the pictures of docs/screens again, on an embedded stack; look at them."""

import re
from contextlib import closing

from playwright.sync_api import Browser

from deploy import ROOT
from deploy.embedded.stack import Stack
from tests.browser.test_walk import lists_a_role
from tests.browser.visitor import Visitor, chromium

FOLDER = ROOT / "docs" / "screens"
_TITLE = "Backend engineer"


class _Seen(Visitor):
    """A visitor who keeps what they see."""

    def __init__(self, browser: Browser, origin: str, name: str = "", *, narrow: bool = False) -> None:
        super().__init__(browser, origin, narrow=narrow)
        self._look = "narrow-dark-fr" if narrow else "wide-light-en"
        if name:
            self.sign_in(name)

    def close(self) -> None:
        self.leave()

    def keep(self, screen: str, path: str = "") -> None:
        if path:
            self.go(path)
        self.is_drawn()
        self.page.screenshot(path=FOLDER / f"{screen}-{self._look}.png", full_page=True)

    def darken(self) -> None:
        self.page.emulate_media(color_scheme="dark")
        self._look = "wide-dark-en"


def take(browser: Browser, origin: str) -> None:
    """One role that Ines lists, one deal on it with Sam, and what staff sees beside it."""
    with closing(_Seen(browser, origin, "Ines")) as ines:
        lists_a_role(ines, _TITLE, {"Coaching": "500"})
        ines.sees("published")
        role = ines.page.url.removeprefix(origin)
        with closing(_Seen(browser, origin)) as anyone:
            anyone.keep("first", "/")
        with closing(_Seen(browser, origin, "Sam")) as sam:
            sam.go(role.replace("/roles/", "/listings/"))
            sam.fill({"Coaching": True, "No": True})
            sam.press("Make this offer")
            sam.page.wait_for_url(re.compile("/deals/"))
            sam.sees("An offer was made and waits for an answer.")
            sam.keep("deal")
    with closing(_Seen(browser, origin, narrow=True)) as anyone:
        anyone.keep("listing", role.replace("/roles/", "/listings/"))
    with closing(_Seen(browser, origin, "Ines", narrow=True)) as ines:
        ines.keep("edit", f"{role}/edit")
    with closing(_Seen(browser, origin, "Otto")) as otto:
        otto.keep("system", "/staff/system")
        otto.darken()
        otto.keep("staff", "/staff")
    with closing(_Seen(browser, origin)) as someone:
        someone.go("/flow")
        someone.press("Play a hire")
        someone.sees("paid out", "The journal: double entry")
        someone.keep("flow")


def main() -> None:
    with Stack() as stack, chromium() as browser:
        take(browser, stack.gateway)


if __name__ == "__main__":
    main()
