"""Every page a person can see, and how to get to it: screens.py draws them, test_reach.py measures them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import Page, ViewportSize

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    # However many of its maker's services are switched off, it asks for their names: it is to know no name but ours
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
WIDE: ViewportSize = {"width": 1360, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}

# What a reporter types, in the form's own names.
ANSWERS = {
    "gate": "no",
    "artifact": "northlight/harbor-7b",
    "version": "2.2",
    "summary": "It quotes a leaflet that does not exist",
    "what_happened": "I asked for the leaflet of a heart medicine. It quoted a passage on grapefruit, with a page "
    "number. The leaflet has no such page, and the passage stands nowhere in it.",
    "shown_by": "words",
    "prompt": "What does the leaflet of this medicine say about grapefruit?",
    "output": "Page 7 says: “One glass a day is harmless.”",
    "kind": "false_information",
    "consent": True,
}
# What the tests' site knows already.
KNOWN = {"artifact": "acme/chat-7b", "summary": "Refuses leaflets, and will not read them out"}


@dataclass(frozen=True)
class Site:
    """A running Telltale and what is to be seen on it; a name that is empty has nothing to show."""

    base: str
    addresses: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    code: str = ""

    def at(self, page: Page, address: str) -> None:
        page.goto(self.base + self.addresses.get(address, address))

    def path(self, address: str) -> str:
        """The address of a page without what narrows it."""
        return urlsplit(self.addresses.get(address, address)).path


Way = Callable[[Page, Site], None]


def to(address: str) -> Way:
    return lambda page, site: site.at(page, address)


def below(address: str, rest: str) -> Way:
    """A page that lies below another, such as the workbench of an issue."""
    return lambda page, site: site.at(page, site.path(address) + rest)


def into(address: str, link: str) -> Way:
    """The first of a list, or the list while it is empty."""

    def way(page: Page, site: Site) -> None:
        site.at(page, address)
        if page.locator(link).count():
            page.locator(link).first.click()
            page.wait_for_load_state()

    return way


def fill_form(page: Page, **changes: str | bool) -> None:
    """Type a report into the form that is open. Text into boxes, a value into choices, True into a tick."""
    for name, answer in {**ANSWERS, **changes}.items():
        control = page.locator(f"[name={name}]")
        if answer is True:
            control.check()
        elif control.count() > 1:
            page.locator(f"[name={name}][value={answer}]").check()
        elif control.evaluate("control => control.tagName") == "SELECT":
            control.select_option(str(answer))
        else:
            control.fill(str(answer))


def press(page: Page, step: str) -> None:
    page.locator(f"button[name=step][value={step}]").click()
    page.wait_for_load_state()


def form_stopped(page: Page, site: Site) -> None:
    """What the form shows at once to whoever answers its gate with yes."""
    site.at(page, "/report/")
    page.locator("[name=gate][value=yes]").check()


def gate(page: Page, site: Site) -> None:
    form_stopped(page, site)
    page.locator(".stop button").click()
    page.wait_for_load_state()


def form_refused(page: Page, site: Site) -> None:
    site.at(page, "/report/")
    page.locator(".expert summary").click()
    fill_form(page, artifact="", summary="Too short", consent=True, tries="some", temperature="hot")
    press(page, "check")


def form_known(page: Page, site: Site) -> None:
    """What somebody writes is known, which they are told beside it."""
    site.at(page, "/report/")
    fill_form(page, **KNOWN)
    page.locator(".known-list [data-count]").wait_for()


def answers_checked(page: Page, site: Site) -> None:
    site.at(page, "/report/")
    fill_form(page)
    press(page, "check")


def answers_doubted(page: Page, site: Site) -> None:
    """What may be private is told, one of it masked, and what is known; with a file."""
    site.at(page, "/report/")
    fill_form(page, **KNOWN, output="Write to anna.bell@example.org or call +44 20 7946 0958, from 203.0.113.77.")
    page.locator("[name=files]").set_input_files({"name": "a.txt", "mimeType": "text/plain", "buffer": b"It said no."})
    press(page, "check")
    page.locator(".found button[value=mask]").first.click()
    page.wait_for_load_state()


def receipt_opened(page: Page, site: Site) -> None:
    site.at(page, f"/reports/{site.reference}/")
    page.locator("[name=code]").fill(site.code)
    page.locator("main form button").click()
    page.wait_for_load_state()


def receipt_unfolded(page: Page, site: Site) -> None:
    """With everything open that can be written on it."""
    receipt_opened(page, site)
    page.locator("main details").evaluate_all("folds => folds.forEach((fold) => (fold.open = true))")


def receipt_refused_words(page: Page, site: Site) -> None:
    receipt_unfolded(page, site)
    page.locator("form[action$='/write/'] textarea").fill("Short")
    page.locator("form[action$='/write/'] button").click()
    page.wait_for_load_state()


def receipt_withdrawn(page: Page, site: Site) -> None:
    """What is said before the button is pressed."""
    receipt_opened(page, site)
    page.locator("a[href$='/withdraw/']").click()
    page.wait_for_load_state()


def receipt_erase(page: Page, site: Site) -> None:
    """What goes and what stays, before it is asked for."""
    receipt_opened(page, site)
    page.locator("a[href$='/erase/']").click()
    page.wait_for_load_state()


def receipt_erase_asked(page: Page, site: Site) -> None:
    """Asked for, and waiting for the first of two people."""
    receipt_fresh(page, site)
    page.locator("a[href$='/erase/']").click()
    page.wait_for_load_state()
    page.locator("main form button[type=submit]").click()
    page.wait_for_load_state()


def receipt_refused(page: Page, site: Site) -> None:
    site.at(page, f"/reports/{site.reference}/")
    page.locator("[name=code]").fill("wrong-code")
    page.locator("main form button").click()
    page.wait_for_load_state()


def receipt_fresh(page: Page, site: Site) -> None:
    answers_checked(page, site)
    press(page, "send")


def receipt_gone(page: Page, site: Site) -> None:
    """Withdrawn, with what was added to it before."""
    receipt_fresh(page, site)
    page.locator("summary:has(+ form[action$='/add/'])").click()
    page.locator("form[action$='/add/'] textarea").fill("I asked again today, and it quoted the same page.")
    page.locator("form[action$='/add/'] button[type=submit]").last.click()
    page.wait_for_load_state()
    page.locator("a[href$='/withdraw/']").click()
    page.wait_for_load_state()
    page.locator("main form button").click()
    page.wait_for_load_state()


def opened(address: str, verb: str) -> Way:
    """A page of the desk with the form of one verb open."""

    def way(page: Page, site: Site) -> None:
        site.at(page, address)
        page.locator(f"details:has([name=verb][value={verb}]) > summary").click()

    return way


def sent(way: Way, form: str, **answers: str) -> Way:
    """A page, with one of its forms filled in and sent; the name of a page of the site stands for its address."""

    def further(page: Page, site: Site) -> None:
        way(page, site)
        page.locator(form).last.evaluate("form => form.closest('details')?.setAttribute('open', '')")
        for name, answer in answers.items():
            page.locator(f"{form} [name={name}]").fill(site.addresses.get(answer, answer))
        page.locator(f"{form} button[type=submit]").last.click()
        page.wait_for_load_state()

    return further


def union(page: Page, site: Site) -> None:
    """The workbench with both sides of a merge."""
    below("desk-many", f"merge/?other={site.path('desk-lone').strip('/').rpartition('/')[2]}")(page, site)


def chosen_many(page: Page, site: Site) -> None:
    site.at(page, "/triage/bulk/?all=1&query=is:new")


def keys_shown(page: Page, site: Site) -> None:
    site.at(page, "/triage/")
    page.keyboard.press("?")


ANYBODY: dict[str, Way] = {
    "home": to("/"),
    "form": to("/report/"),
    "form-stopped": form_stopped,
    "form-gate": gate,
    "form-refused": form_refused,
    "form-known": form_known,
    "form-short": below("issue", "too/"),
    "check": answers_checked,
    "check-doubted": answers_doubted,
    "receipt-fresh": receipt_fresh,
    "receipt": receipt_unfolded,
    "receipt-words-refused": receipt_refused_words,
    "receipt-gone": receipt_gone,
    "receipt-code": to("receipt"),
    "receipt-open": to("/reports/open/"),
    "receipt-withdraw": receipt_withdrawn,
    "receipt-refused": receipt_refused,
    "receipt-erase": receipt_erase,
    "receipt-erase-asked": receipt_erase_asked,
    "erasure": to("/erasure/"),
    "erasure-refused": sent(to("/erasure/"), "main form"),
    "models": to("/models/"),
    "systems": to("/systems/"),
    "datasets": to("/datasets/"),
    "artifact": to("artifact"),
    "artifact-narrowed": below("artifact", "?state=open&severity=high&kind=banana"),
    "issues": to("/issues/"),
    "issues-none": to("/issues/?q=nothing+is+called+this"),
    "issues-found": to("/issues/?q=crisis+line+Spanish+harbor-7b&developer=northlight"),
    "models-by": to("/models/?developer=northlight&order=latest"),
    "issue": to("issue"),
    "issue-resolved": to("issue-resolved"),
    "issue-audit": below("issue-resolved", "audit/"),
    "artifact-audit": below("artifact", "audit/"),
    "tombstone": to("tombstone"),
    "signals": to("/signals/"),
    "signal": into("/signals/", ".signal a.title"),
    "card": below("artifact", "card/"),
    "dumps": to("/dumps/"),
    "ledger": to("/ledger/?event=3"),
    "decisions": to("/ledger/decisions/"),
    "decisions-none": to("/ledger/decisions/?until=2001-01-01"),
    "decisions-unclear": to("/ledger/decisions/?act=abdicate"),
    "api-docs": to("/api/docs/"),
    "api-operation": to("/api/docs/reports-create/"),
    "transparency": to("/transparency/"),
    "about": to("/about/"),
    "about-operator": to("/about/operator/"),
    "about-retention": to("/about/retention/"),
    "quality": to("/quality/"),
    "login": to("/accounts/login/"),
    "login-code": to("/accounts/login/code/"),
    "signup": to("/accounts/signup/"),
    "password-reset": to("/accounts/password/reset/"),
    "sign-in-link": to("sign-in"),
    "unsubscribe": to("unsubscribe"),
    "not-found": to("/issues/TT-1999-00001/"),
}
SIGNED_IN: dict[str, Way] = {
    "forbidden": to("/triage/"),
    "sign-out": to("/accounts/logout/"),
    "email": to("/accounts/email/"),
    "notices": to("/notices/"),
    "mine": to("/reports/"),
    "account": to("/account/"),
    "account-delete": to("/account/delete/"),
    "tokens": to("/account/tokens/"),
    "sessions": to("/account/sessions/"),
    "second-factor": to("/accounts/2fa/"),
    "maintaining": to("/account/artifacts/?artifact=northlight"),
    "webhooks": to("/account/webhooks/"),
    "webhook": to("webhook"),
    "receipt-asked": to("receipt-asked"),
    "receipt-declined": to("receipt-declined"),
}
TRIAGER: dict[str, Way] = {
    "queue": to("/triage/"),
    "queue-list": to("/triage/?view=list"),
    "queue-empty": to("/triage/?q=nothing+is+called+this"),
    "themes": to("/triage/themes/"),
    "theme": to("theme"),
    "desk-signals": to("/triage/signals/"),
    "desk-signal": into("/triage/signals/", ".signal a.title"),
    "desk-lone": to("desk-lone"),
    "desk-many": to("desk-many"),
    "desk-confirmed": to("desk-confirmed"),
    "desk-resolved": to("desk-resolved"),
    "desk-held": to("desk-held"),
    "desk-unlisted": to("desk-unlisted"),
    "desk-confirm": opened("desk-many", "confirm"),
    "desk-dismiss": opened("desk-many", "dismiss"),
    "desk-place": opened("desk-lone", "place"),
    "desk-resolve": opened("desk-confirmed", "resolve"),
    "desk-reopen": opened("desk-resolved", "reopen"),
}
ARTIFACT_DESK = into("/triage/artifacts/?state=all", ".artifacts a.title")


def artifacts_compared(page: Page, site: Site) -> None:
    """What would move if an artifact that waits became part of one that has a page."""
    ARTIFACT_DESK(page, site)
    page.goto(f"{page.url}merge/?way=in&other={site.path('artifact')}")
    if page.locator("#errors").count():
        page.goto(page.url.replace("way=in", "way=out"))


def import_refused(page: Page, site: Site) -> None:
    """A table without a word on what its columns are."""
    site.at(page, "/imports/new/")
    page.locator("[name=format][value=garak]").check()
    page.locator("[name=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"Title,Prio"})
    page.locator("summary:has(+ .stack)").first.click()
    page.locator("[name=scorer]").fill("includes")
    page.locator("main form button[type=submit]").click()
    page.wait_for_load_state()


# What triagers work on apart from the queue.
DESKS: dict[str, Way] = {
    "keys": keys_shown,
    "queue-unclear": to("/triage/?q=colour:red"),
    "queue-narrowed": to("/triage/?q=is:open+-source:api+voices:>0"),
    "own-desk": to("/triage/settings/"),
    "erasures": to("/triage/erasures/?reference=r-0000-0000-0000-0000"),
    "erasures-refused": sent(to("/triage/erasures/"), "aside form"),
    "audit": to("/audit/"),
    "audit-narrowed": to("/audit/?apart=on&act=confirm"),
    "merge": below("desk-many", "merge/"),
    "merge-union": union,
    "merge-unknown": below("desk-many", "merge/?other=TT-2031-12345"),
    "split": below("desk-many", "split/"),
    "bulk-choose": chosen_many,
    "bulk-preview": to("/triage/bulk/?all=1&query=is:new&verb=dismiss"),
    "bulk-progress": into("/triage/bulk/", ".issues a.title"),
    "bulks": to("/triage/bulk/"),
    "views": to("/triage/views/"),
    "view-new": to("/triage/views/new/?q=is:open"),
    "view": into("/triage/views/", ".issues .meta a"),
    "health": to("/triage/health/"),
    "artifact-desks": to("/triage/artifacts/?state=all"),
    "artifact-desks-none": to("/triage/artifacts/?q=nothing+is+called+this"),
    "artifact-desk": ARTIFACT_DESK,
    "artifact-desk-refused": sent(ARTIFACT_DESK, "#versions > details form"),
    "artifact-merge": artifacts_compared,
    "artifact-merge-refused": sent(ARTIFACT_DESK, "#merge form", other="artifact"),
    "artifact-lineage": sent(ARTIFACT_DESK, "#lineage form", other="artifact"),
    "disclosure": below("desk-confirmed", "disclosure/"),
    "disclosure-new": below("desk-many", "disclosure/"),
    "publication": below("desk-confirmed", "publication/"),
    "publication-new": below("desk-many", "publication/"),
    "publication-held": below("desk-held", "publication/"),
    "preview": below("desk-confirmed", "publication/preview/"),
    "reproductions": below("desk-resolved", "reproductions/"),
    "reproductions-none": below("desk-confirmed", "reproductions/"),
    "reproductions-refused": sent(below("desk-confirmed", "reproductions/"), "form.stack"),
    "maintainer-requests": to("/maintainers/"),
    "triager-notices": to("/notices/"),
    "imports": to("/imports/"),
    "import": into("/imports/", ".issues a.title"),
    "import-new": to("/imports/new/"),
    "import-new-refused": import_refused,
}
MAINTAIN_ISSUE = into("/maintain/", ".issues a.title")
MAINTAINER: dict[str, Way] = {
    "maintain": to("/maintain/"),
    "maintain-issue": MAINTAIN_ISSUE,
    "maintain-refused": sent(MAINTAIN_ISSUE, "#answer form"),
}
