"""Nothing that is not public leaves the house: canaries are planted, then every public address is read.

A canary is a word that stands nowhere else. Each hides in one thing that the public may not see; the crawl follows
every link and looks for all of them in bodies, headers and cookies.

In the short run each canary is looked for by one of the searches, in turn; each by all of them in the long run.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts.policy import ANONYMOUS
from reports.filters import DirectoryFilter, IssueFilter
from reports.models import (
    Alias,
    Artifact,
    Excerpt,
    Issue,
    Lineage,
    Message,
    Redaction,
    Report,
    Translation,
    Version,
)
from reports.naming import artifact_named
from reports.receipts import code_digest, new_code
from reports.record import artifacts_called, artifacts_with_pages, issues_on_record, with_tallies
from reports.vocabulary import Channel, ExportForm
from triage.catalogue import confirm_artifact
from triage.counting import recount
from triage.decisions import decide
from triage.models import Suggestion

pytestmark = pytest.mark.django_db
SITE = "http://127.0.0.1:8000"
SEEDS = [
    "/",
    "/?q=kestrel",
    "/models/",
    "/systems/",
    "/datasets/",
    "/models/?q=acme&order=latest",
    "/models/?access=open",
    "/issues/",
    *(f"/issues/?state={state}" for state in ("open", "resolved", "new", "dismissed", "merged")),
    *(f"/issues/?kind={kind}" for kind in ("false_information", "dangerous_instructions", "other")),
    *(f"/issues/?artifact_kind={kind}" for kind in ("model", "system", "dataset")),
    "/issues/?q=kestrel",
    "/issues/?page=2",
    "/report/",
    "/reports/open/",
    "/report/?model=acme/chat-7b",
    "/api/v1/",
    "/api/v1/issues/",
    "/api/v1/issues/?limit=1",
    *(f"/api/v1/issues/?state={state}" for state in ("open", "new", "confirmed", "dismissed", "merged", "banana")),
    "/api/v1/issues/?artifact=acme/chat-7b",
    *(f"/api/v1/{kind}/" for kind in ("models", "systems", "datasets")),
    "/api/v1/models/acme/chat-7b/",
    *(f"/api/v1/models/acme/chat-7b/{part}/" for part in ("versions", "lineage")),
    *(f"/api/v1/issues/TT-2026-00001/{part}/" for part in ("affected", "reproductions", "export/osv")),
    "/api/v1/signals/",
    "/api/v1/exports/",
    "/api/v1/queue/1/",
    "/api/v1/schema/",
    "/api/docs/",
    "/triage/",
    "/signals/",
    "/ledger/",
    "/issues/TT-2026-00001/audit/",
    "/models/acme/chat-7b/audit/",
    "/ledger/decisions/",
    "/ledger/decisions/?act=confirm",
    "/metrics",
    "/health/ready/",
    "/admin/",
    "/models/acme/chat-7b/feed.atom",
    "/models/acme/chat-7b/badge.svg",
    "/models/acme/chat-7b/badge.png",
    "/issues/feed.atom",
    "/issues/feed.atom?q=kestrel",
    "/issues/feed.atom?kind=false_information",
    "/issues/?q=canary",
    *(f"/issues/export/{form}/" for form in ExportForm.values),
    "/issues/export/csv/?q=kestrel",
    *(f"/models/acme/chat-7b/export/{form}/" for form in ExportForm.values),
    *(f"/issues/TT-2026-00001/export/{form}/" for form in ExportForm.values),
    "/models/acme/chat-7b/card/",
    "/models/acme/chat-7b/card.md",
    "/models/acme/chat-7b/known-limitations.json",
    "/report/artifacts/?q=acme",
    "/report/artifacts/?q=canary",
    "/report/artifacts/versions/?artifact=acme/chat-7b",
    "/transparency/",
    "/transparency.json",
    "/about/",
    "/dumps/",
    "/robots.txt",
    "/sitemap.xml",
    "/nothing-here/",
]
LINK = re.compile(r"""(?:href|action|src)="([^"]+)"|"(?:next|url)":\s*"([^"]+)"|<loc>([^<]+)</loc>""")
NEVER_FOLLOWED = ("/static/", "/accounts/logout", "/language/")
SORTED = re.compile(r"/admin/.*\?")  # the same rows in ever other orders
METHOD = "lexical-2"  # in force: of any other the site would say that it has not been measured
SHOWN = "kestrel"  # what the public may read
MET = {  # where the crawl has to meet it: a page that fell out would hide its leaks
    "/",
    "/api/v1/issues/",
    "/api/v1/issues/?artifact=acme/chat-7b",
    "/api/v1/issues/?limit=1",
    "/issues/",
    "/issues/?artifact_kind=model",
    "/issues/?kind=false_information",
    "/issues/?q=kestrel",
    "/issues/?state=open",
    "/issues/?state=resolved",
    "/issues/TT-2026-00001/",
    "/issues/TT-2026-00001.json",
    "/issues/TT-2026-00002/",
    "/issues/feed.atom",
    *(f"/issues/export/{form}/" for form in ExportForm.values),
    *(f"/models/acme/chat-7b/export/{form}/" for form in ExportForm.values),
    "/models/acme/chat-7b/card/",
    "/models/acme/chat-7b/card.md",
    "/models/acme/chat-7b/feed.atom",
    "/models/acme/chat-7b/known-limitations.json",
    "/models/acme/chat-7b/",
    "/models/acme/chat-7b/?state=open",
    "/models/acme/chat-7b/?state=resolved",
}
LEAKING = {  # where a leak of the summary would be seen, among others
    "/issues/TT-2026-00001/",
    "/issues/TT-2026-00001.json",
    "/issues/export/osv/",
    "/models/acme/chat-7b/card.md",
    "/models/acme/chat-7b/feed.atom",
}


@dataclass
class Canaries:
    """``words`` maps each planted word to where it hides."""

    words: dict[str, str] = field(default_factory=dict)

    def hide(self, where: str) -> str:
        word = f"xq{len(self.words):03}canary"
        self.words[word] = where
        return word

    def in_text(self, text: str) -> list[str]:
        told = text.lower()
        return [f"{word} ({where})" for word, where in self.words.items() if word.lower() in told]


@pytest.fixture(scope="module")
def planted(ground: Any) -> Canaries:
    """A public issue among much that is not."""
    garden = Garden(Canaries(), ground.artifact, ground.file, ground.someone)
    garden.public_issue()
    garden.hidden_issues()
    garden.hidden_artifacts()
    return garden.canaries


class Garden:
    def __init__(self, canaries: Canaries, artifact: Artifact, file: Callable[..., Any], someone: Callable[..., Any]):
        self.hide, self.artifact, self.file = canaries.hide, artifact, file
        self.canaries = canaries
        self.triager = someone("triager", email=f"{self.hide('triager e-mail')}@example.org")
        self.triager.name = self.hide("triager name")
        self.triager.save()
        self.author = someone(email=f"{self.hide('reporter e-mail')}@example.org")

    def report(self, where: str, **changes: Any) -> Report:
        """A report whose every word is a canary, filed and not grouped."""
        answers: dict[str, Any] = {
            "artifact": "acme/chat-7b",
            "version": self.hide(f"{where}: version"),
            "summary": f"The summary {self.hide(f'{where}: summary')}",
            "what_happened": f"What happened was long and {self.hide(f'{where}: what happened')}",
            "expected": self.hide(f"{where}: expected"),
            "transcript": [
                {"role": "user", "content": self.hide(f"{where}: prompt")},
                {"role": "assistant", "content": self.hide(f"{where}: output")},
            ],
            "settings": {"system": self.hide(f"{where}: settings")},
            "contact_email": f"{self.hide(f'{where}: contact')}@example.org",
            "source": self.hide(f"{where}: source"),
            "source_key": self.hide(f"{where}: source key"),
            "rule_id": self.hide(f"{where}: rule"),
        }
        report: Report = self.file(grouped=False, channel=Channel.IMPORT, **{**answers, **changes})
        code = new_code()
        report.receipt_digest = code_digest(code)
        report.save()
        self.canaries.words |= {report.reference: f"{where}: reference", code: f"{where}: receipt code"}
        Message.objects.create(report=report, from_reporter=True, plain_text=self.hide(f"{where}: message"))
        added = self.hide(f"{where}: added evidence")
        Message.objects.create(report=report, from_reporter=True, is_evidence=True, plain_text=added)
        return report

    def issue(self, *reports: Report, **fields: Any) -> Issue:
        """An issue that a person put together."""
        first = reports[0]
        family = first.artifact.family or first.artifact
        made = Issue.objects.create(family=family, kind=first.kind, rule_id=first.rule_id, **fields)
        for report in reports:
            made.placements.create(report=report, by="person", reasons={"note": self.hide("reasons of a placement")})
            made.affected.get_or_create(artifact=report.artifact)
        recount([made.pk])
        return made

    def confirmed(self, issue: Issue, **details: Any) -> Issue:
        decide(issue, "confirm", by=self.triager, note=self.hide("note of a decision"), **details)
        issue.refresh_from_db()
        return issue

    def public_issue(self) -> None:
        Version.objects.create(artifact=self.artifact, name=self.hide("version nobody released"))
        reports = [
            self.report("public report"),
            self.report("without its conversation", visibility="public_without_transcript"),
            self.report("private report of a public issue", visibility="private"),
            self.report("withdrawn report"),
            self.report("held report"),
            self.report("report naming others", also_affects=[f"acme/{self.hide('named by a reporter')}"]),
            self.report("erased report"),
        ]
        Report.objects.filter(pk=reports[0].pk).update(reporter=self.author)
        Report.objects.filter(pk=reports[3].pk).update(withdrawn_at=timezone.now())
        Report.objects.filter(pk=reports[4].pk).update(held_at=timezone.now())
        Report.objects.filter(pk=reports[6].pk).update(erased_at=timezone.now())
        issue = self.confirmed(
            self.issue(*reports), public_title=f"A {SHOWN} in the title", public_summary=f"A {SHOWN} in the summary"
        )
        assert issue.is_public
        self.evidence_that_may_not_be_shown(issue, reports)
        issue.affected.create(artifact=artifact_named("model", f"acme/{self.hide('unjudged, not confirmed')}"))
        named = artifact_named("system", "acme/named-here")  # no canary: it has a page, but not for this issue
        confirm_artifact(named, by=self.triager)
        issue.affected.create(artifact=named)
        ended = self.confirmed(self.issue(self.report("report of what was resolved")), public_title=f"{SHOWN} ended")
        decide(ended, "resolve", by=self.triager, reason="documented", note=self.hide("note of a resolution"))

    def evidence_that_may_not_be_shown(self, issue: Issue, reports: list[Report]) -> None:
        """Somebody chose all of it for publication; all of it is redacted, or its reporter or a hold keeps it back."""
        for report in [*reports[:5], reports[6]]:
            for part, words in report.evidence.parts.items():
                place = {"report": report, "part": part, "start": 0, "end": len(words)}
                Translation.objects.create(
                    report=report, part=part, language="es", plain_text=self.hide("a translation")
                )
                if report == reports[1] and not part.startswith("turn:"):
                    continue
                Excerpt.objects.create(issue=issue, **place)
                if report == reports[0]:
                    Redaction.objects.create(**place)

    def hidden_issues(self) -> None:
        self.issue(self.report("report of a new issue"), public_title=self.hide("title of a new issue"))
        self.issue(self.report("held report alone"))
        title = {"public_title": f"Titled {self.hide('title of a dismissed issue')}"}
        dismissed = self.confirmed(self.issue(self.report("report of a dismissed issue")), **title)
        decide(dismissed, "dismiss", by=self.triager, reason="spam")
        soon = timezone.now() + timedelta(days=3)
        for where, report_fields, issue_fields in (
            ("embargoed issue", {}, {"embargo_until": soon}),
            ("hazardous issue", {}, {"hazard_level": 2}),
            ("issue for moderators", {}, {"hazard_level": 3}),
            ("issue of a held-back kind", {"kind": "dangerous_instructions"}, {}),
            ("issue of private reports", {"visibility": "private"}, {}),
        ):
            issue = self.issue(self.report(f"report of an {where}", **report_fields), **issue_fields)
            self.confirmed(issue, public_title=self.hide(f"title of an {where}"), public_summary=self.hide(where))
            assert not issue.is_public, where
            self.canaries.words[str(issue.number)] = f"number of an {where}"

    def hidden_beside_the_public(self) -> None:
        """In an issue with a page: a report that is held, one that is erased, one that is only thought to fit."""
        public = Issue.objects.get(number="TT-2026-00001")
        held, erased, thought = (self.report(f"another, {how}") for how in ("held", "erased", "suggested"))
        Report.objects.filter(pk=held.pk).update(held_at=timezone.now())
        Report.objects.filter(pk=erased.pk).update(held_at=timezone.now(), erased_at=timezone.now())
        for report in (held, erased):
            public.placements.create(report=report, by="person")
        Suggestion.objects.create(report=thought, issue=public, score=0.5, band="possible", rank=1, method=METHOD)
        recount([public.pk])

    def hidden_artifacts(self) -> None:
        name = self.hide("name of an artifact nobody confirmed")
        report = self.report("report on an artifact nobody confirmed", artifact=f"acme/{name}")
        Artifact.objects.filter(pk=report.artifact_id).update(
            title=self.hide("its title"), developer=self.hide("its developer"), intended_use=self.hide("its use")
        )
        Alias.objects.create(artifact=report.artifact, name=self.hide("its other name"))
        Lineage.objects.create(child=self.artifact, parent=report.artifact, relation="fine_tuned_from")
        Lineage.objects.create(child=report.artifact, parent=self.artifact, relation="built_on")
        issue = self.confirmed(self.issue(report), public_title=self.hide("title of an issue without a page"))
        self.canaries.words[str(issue.number)] = "number of an issue whose artifact has no page"
        self.issue(self.report("report on something unknown", artifact="unknown"))


def crawl(client: Client, seeds: list[str]) -> Iterator[tuple[str, Any]]:
    """Every address that can be reached from ``seeds`` by links, each read once."""
    waiting, seen = deque(seeds), set(seeds)
    while waiting:
        address = waiting.popleft()
        response = client.get(address)
        yield address, response
        for found in links(address, response):
            if found not in seen and not found.startswith(NEVER_FOLLOWED) and not SORTED.match(found):
                seen.add(found)
                waiting.append(found)


def links(address: str, response: Any) -> Iterator[str]:
    body = text_of(response) if "image" not in response.get("Content-Type", "") else ""
    named = [unescape(next(filter(None, each))) for each in LINK.findall(body)]
    if "Location" in response:
        named.append(response["Location"])
    for link in named:
        parts = urlsplit(urljoin(f"{SITE}{address}", link))
        if f"{parts.scheme}://{parts.netloc}" in (SITE, "http://testserver") and parts.path:
            yield f"{parts.path}?{parts.query}" if parts.query else parts.path


ONCE = re.compile(r'(?:csrfmiddlewaretoken|once|drawn)" value="[^"]*"|X-CSRFTOKEN"\] = "[^"]*"')


OF_THE_MOMENT = ("Date", "Expires", "RateLimit", "X-Request-ID")  # the limit counts the reader's own requests


def seen_of(response: Any) -> dict[str, str]:
    """What a reader can tell two answers apart by, less what is made anew for each."""
    headers = {name.lower(): value for name, value in response.items() if name not in OF_THE_MOMENT}
    headers["content-security-policy"] = ""
    return {**headers, "body": ONCE.sub("", text_of(response)), "status": str(response.status_code)}


def text_of(response: Any) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    if response.streaming:
        response.streaming_content = [body]  # to be read again
    if response.get("Content-Type") == "application/zip":
        with ZipFile(BytesIO(body)) as archive:
            return "\n".join(f"{name}\n{archive.read(name).decode()}" for name in archive.namelist())
    return str(body.decode("utf-8", "replace"))


def told_by(response: Any) -> str:
    headers = "\n".join(f"{name}: {value}" for name, value in response.items())
    return "\n".join([text_of(response), headers, response.cookies.output()])


@pytest.fixture(params=["anonymous", "maintainer", "others"])
def outsider(request: pytest.FixtureRequest, client: Client, someone: Callable[..., Any]) -> Client:
    """Nobody in particular, who answers for another artifact, and who has all roles that see nothing unpublished."""
    if request.param == "maintainer":
        elsewhere = artifact_named("model", "else/where")
        client.force_login(someone("maintainer", email="outsider@example.org", artifact_id=elsewhere.pk))
    if request.param == "others":
        client.force_login(someone("researcher", "auditor", "admin", email="outsider@example.org"))
    return client


@pytest.fixture(scope="module")
def anonymously() -> dict[str, dict[str, str]]:
    """What anybody is shown, by address, once it was crawled."""
    return {}


NUMBER = "(number of "  # auditors read what was decided on what is not public, by its number and no word of it


def test_no_canary_leaves_the_house(
    planted: Canaries, outsider: Client, anonymously: dict[str, dict[str, str]]
) -> None:
    leaks: list[str] = []
    read: dict[str, str] = {}
    is_anybody = not outsider.cookies

    for address, response in crawl(outsider, SEEDS):
        read[address] = told_by(response)
        if is_anybody:
            anonymously[address] = seen_of(response)
        assert response.status_code < 500, address
        if not address.startswith("/admin/people/"):  # where who manages accounts sees whose they are
            found = planted.in_text(read[address])
            leaks += [f"{address}: {leak}" for leak in found if not (address.startswith("/audit/") and NUMBER in leak)]

    assert leaks == []
    assert len(planted.words) > 150
    assert MET - {address for address, told in read.items() if SHOWN in told} == set()


def test_what_is_hidden_changes_nothing_that_is_read(
    planted: Canaries, ground: Any, client: Client, anonymously: dict[str, dict[str, str]]
) -> None:
    """Neither a byte nor a tag nor a date, whatever is planted beside what is public, and in the midst of it."""
    before = anonymously or {address: seen_of(response) for address, response in crawl(client, SEEDS)}
    garden = Garden(Canaries(dict(planted.words)), ground.artifact, ground.file, ground.someone)

    garden.hidden_issues()
    garden.hidden_artifacts()
    garden.hidden_beside_the_public()

    del before["/metrics"]  # told to this machine alone, and counts what waits
    after = {address: seen_of(client.get(address)) for address in before}
    assert [address for address in before if before[address] != after[address]] == []
    assert sum(1 for seen in before.values() if "etag" in seen) > 40


@pytest.mark.parametrize("in_turn", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_search_for_a_canary_finds_nothing(planted: Canaries, rf: RequestFactory, in_turn: bool) -> None:
    request = rf.get("/")
    request.user = AnonymousUser()
    issues, artifacts = issues_on_record(ANONYMOUS), with_tallies(artifacts_with_pages(ANONYMOUS), ANONYMOUS)
    searches: list[Callable[[str], bool]] = [
        lambda word: IssueFilter({"q": word}, issues, request=request).qs.exists(),
        lambda word: IssueFilter({"artifact": f"acme/{word}"}, issues, request=request).qs.exists(),
        lambda word: DirectoryFilter({"q": word}, artifacts, request=request).qs.exists(),
        lambda word: bool(artifacts_called(word, ANONYMOUS)),
        lambda word: bool(artifacts_called(f"acme/{word}", ANONYMOUS)),
    ]

    for at, (word, where) in enumerate(planted.words.items()):
        for search in [searches[at % len(searches)]] if in_turn else searches:
            assert not search(word), where


def test_addresses_of_what_is_hidden_answer_404(planted: Canaries, client: Client) -> None:
    hidden = [
        *(issue.number for issue in Issue.objects.exclude(number=None) if issue.number in planted.words),
        "TT-2026-99999",
    ]
    assert len(hidden) == 7

    for number in hidden:
        for address in (f"/issues/{number}/", f"/issues/{number}.json", f"/api/v1/issues/{number}/"):
            assert client.get(address).status_code == 404, address
    for artifact in Artifact.objects.filter(confirmed_at=None).exclude(org=""):
        for address in (artifact.get_absolute_url(), f"/api/v1{artifact.get_absolute_url()}"):
            assert client.get(address).status_code == 404, address


def test_what_was_public_once_leaves_its_number_and_no_word(planted: Canaries, client: Client) -> None:
    gone = Issue.objects.get(status="dismissed")

    for address in (f"/issues/{gone.number}/", f"/issues/{gone.number}.json"):
        response = client.get(address)
        assert response.status_code == 410
        assert planted.in_text(told_by(response)) == []


def test_who_is_named_but_not_judged_stands_in_no_issue(planted: Canaries, client: Client) -> None:
    (named,) = Artifact.objects.filter(kind="system", confirmed_at__isnull=False)

    assert SHOWN not in client.get(named.get_absolute_url()).content.decode()
    for address in ("/issues/TT-2026-00001/", "/issues/TT-2026-00001.json", "/api/v1/issues/TT-2026-00001/"):
        assert named.name not in client.get(address).content.decode()


def test_the_crawl_would_see_a_leak(planted: Canaries, client: Client) -> None:
    Issue.objects.filter(number="TT-2026-00001").update(public_summary=next(iter(planted.words)))

    leaking = {address for address in LEAKING if planted.in_text(told_by(client.get(address)))}

    assert leaking == LEAKING
    assert leaking <= MET  # where the crawl comes to
