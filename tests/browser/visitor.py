"""Somebody at the page, in a browser of their own: they see, choose, type and press; what a page may not do is kept."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, expect, sync_playwright

from tests.browser import declared
from tests.support.people import Person

CHROMIUM = shutil.which("chromium")
"""The machine's own, if there is one."""

_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_REPORTS = """addEventListener("securitypolicyviolation", (stopped) =>
  console.error("The policy stopped", stopped.violatedDirective, stopped.blockedURI))"""
_SOONER = """const later = window.setTimeout
window.setTimeout = (call, ms, ...more) => later(call, ms >= 10_000 ? ms / 4 : ms, ...more)"""
_NARROW = {"locale": "fr-CA", "viewport": {"width": 390, "height": 844}, "color_scheme": "dark"}
_PICTURES = os.environ.get("BROWSER_PICTURES")
_axe = Axe()
_read: set[str] = set()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser that finds nobody but this machine."""
    nobody_else = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", nobody_else])
        yield browser
        browser.close()


class Visitor:
    """A browser's context with one page; if `narrow`, dark and in French. Without `streams` none can begin. With
    `sooner` what the page would do after 10 s or more it does after a quarter of that.
    """

    def __init__(
        self, browser: Browser, origin: str, *, narrow: bool = False, streams: bool = True, sooner: bool = False
    ) -> None:
        self.origin = origin
        self.complaints: list[str] = []
        self.asked: list[str] = []
        how: dict[str, Any] = _NARROW if narrow else {"locale": "en-CA"}
        self._context = browser.new_context(reduced_motion="reduce", **how)
        self._context.set_default_timeout(20_000)
        self._context.add_init_script(_REPORTS)
        self._context.add_init_script(declared.script())
        if sooner:
            self._context.add_init_script(_SOONER)
        if not streams:
            self._context.route("**/v1/stream", lambda route: route.abort())
        self.page: Page = self._context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._sent)
        self.page.on("requestfailed", self._failed)

    def leave(self) -> None:
        self._context.close()

    # -- where one is

    def go(self, path: str) -> None:
        """Type an address."""
        self.page.goto(path if path.startswith("http") else self.origin + path)

    def sign_in(self, name: str) -> None:
        """As one of the people that a development stack offers."""
        self.go("/sign-in")
        self.page.get_by_role("button", name=re.compile(rf"\b{name}$")).click()
        self.page.get_by_role("link", name=name, exact=True).wait_for()

    def sign_in_as(self, person: Person) -> None:
        """As somebody whom the stack does not offer by itself."""
        offered = {"sub": person.name, "name": person.name, "is": "seeker", "roles": [], "token": person.token}
        self.page.route("**/dev/people.json", lambda route: route.fulfill(json=[offered]))
        self.sign_in(person.name)

    def follow(self, words: str | re.Pattern[str]) -> None:
        self.page.get_by_role("link", name=words, exact=True).first.click()

    def section(self, heading: str) -> Locator:
        return self.page.locator("section", has=self.page.get_by_role("heading", name=heading, exact=True))

    def entry(self, words: str) -> Locator:
        """Of a list, the one where that stands."""
        return self.page.locator("article", has_text=words)

    # -- what one sees

    def sees(self, *texts: str) -> None:
        """All of it stands on the page, or comes."""
        for text in texts:
            expect(self.page.get_by_text(text).filter(visible=True).first).to_be_visible()

    def contains(self, *texts: str) -> None:
        """All of it stands in the document, or comes, in sight or not."""
        for text in texts:
            expect(self.page.locator("body")).to_contain_text(text)

    def sees_no(self, text: str) -> None:
        expect(self.page.get_by_text(text).filter(visible=True)).to_have_count(0)

    def is_drawn(self) -> None:
        expect(self.page.locator("main[aria-busy=false] h1")).to_be_visible()

    def scrolls_sideways(self) -> bool:
        return bool(self.page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))

    def can_read(self, name: str) -> None:
        """WCAG 2.2 A and AA, as far as a machine can tell; a screen of the same name is read once.

        Where BROWSER_PICTURES names a folder, a picture is kept there.
        """
        if name in _read:
            return
        _read.add(name)
        if _PICTURES:
            self.page.screenshot(path=Path(_PICTURES) / f"{name}.png", full_page=True)
        options = {"runOnly": {"type": "tag", "values": _AA}, "resultTypes": ["violations"]}
        found = _axe.run(self.page, options=options).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == [], name

    # -- what one does

    def press(self, words: str, within: Locator | None = None) -> None:
        (within or self.page).get_by_role("button", name=words, exact=True).click()

    def fill(self, fields: dict[str, str | bool], within: Locator | None = None) -> None:
        """Each control is found by its label; True ticks a box."""
        for label, value in fields.items():
            control = (within or self.page).get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first
            if value is True:
                control.check()
            elif control.evaluate("each => each.tagName") == "SELECT":
                control.select_option(label=str(value))
            else:
                control.fill(str(value))

    def unfold(self, summary: str) -> Locator:
        """Open what is folded away, unless it is open."""
        words = self.page.locator("summary", has_text=re.compile(rf"^\s*{re.escape(summary)}\s*$")).first
        folded = words.locator("..")
        words.wait_for()
        if folded.get_attribute("open") is None:
            words.click()
        return folded

    def do(self, step: str, fields: dict[str, str | bool] | None = None) -> None:
        """One of the steps that the page of a deal offers, by its own form."""
        form = self.unfold(step)
        self.fill(fields or {}, form)
        self.press(step, form)

    # -- what is kept

    def _heard(self, message: ConsoleMessage) -> None:
        """An answer 4xx is one that the page deals with; a stream that was cut off was cut off here."""
        handled = "status of 4" in message.text or message.location["url"].endswith("/v1/stream")
        if message.type == "error" and not handled:
            self.complaints.append(message.text)

    def _sent(self, request: Request) -> None:
        self.asked.append(request.url)
        if not request.url.startswith((f"{self.origin}/", "blob:")):
            self.complaints.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        """What the policy stops was never asked for."""
        if request.failure == "csp":
            self.asked.remove(request.url)
