"""The receipt page: opened with the code, says where the report stands. What is done there is in ``own_report``."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of, needs
from accounts.network import network_of
from accounts.policy import ANONYMOUS, Act
from reports.attachments import limits
from reports.correspondence import (
    DISMISSAL,
    EVIDENCE_MAX,
    GROUPING,
    TEXT_MAX,
    TEXT_MIN,
    disputable,
    disputed_at,
    thread_for_reporter,
)
from reports.forms import Prose
from reports.lanes import TooMany, may_try
from reports.lending import lendings_of
from reports.lines import Line
from reports.models import Erasure, Evidence, Issue, OpenedReport, Report
from reports.pages.asked import storable
from reports.pages.erased import shown as shown_erased
from reports.pages.erased import signed
from reports.pages.refusing import too_many
from reports.posting import Reader
from reports.prospects import READ_BY, prospect_of
from reports.receipts import opens
from reports.record import issues_for
from reports.showing import beside
from reports.standing import (
    CONFIRMED,
    DECLINED,
    GROUPED,
    RECEIVED,
    RESOLVED,
    UNDER_REVIEW,
    filing_of,
    issue_of,
    status_of,
    steps,
)
from reports.templatetags.looks import language_word, when
from reports.vocabulary import ErasureAsker, Visibility

REFERENCE_SHOWN = 40  # characters of what was typed as a reference
OPEN = "open_receipts"  # session: references whose code was given here
FRESH = "fresh_receipts"  # session: codes that have not been shown yet
STORY = {
    "file": gettext_lazy("Received"),
    "group": gettext_lazy("Grouped by the engine"),
    "place": gettext_lazy("Placed by a person"),
    "part": gettext_lazy("Taken out of its group by a person"),
    "confirm": gettext_lazy("Confirmed by a person"),
    "resolve": gettext_lazy("Resolved"),
    "dismiss": gettext_lazy("Declined by a person"),
    "reopen": gettext_lazy("Opened again"),
    "add": gettext_lazy("You added to it"),
    "dispute": gettext_lazy("You disagreed"),
    "withdraw": gettext_lazy("You withdrew it"),
    "unwithdraw": gettext_lazy("You took back that you withdrew it"),
    "adopt": gettext_lazy("Kept in an account"),
    "ask_erasure": gettext_lazy("You asked for it to be erased"),
    "keep_words": gettext_lazy("You took back that you asked for it to be erased"),
    "refuse_erasure": gettext_lazy("It was decided not to erase it"),
}
OWN = ("add", "dispute", "withdraw", "unwithdraw", "adopt", "ask_erasure", "keep_words", "refuse_erasure")
UNDONE = {
    "confirm": gettext_lazy("The confirmation was undone"),
    "resolve": gettext_lazy("The resolution was undone"),
    "dismiss": gettext_lazy("That it was declined was undone"),
    "reopen": gettext_lazy("The reopening was undone"),
}
REPLY, WORD, ADDITION = "reply", "word", "addition"
ASKED = {
    REPLY: gettext_lazy("Your answer"),
    WORD: gettext_lazy("Write to the triagers"),
    ADDITION: gettext_lazy("What else shows the problem?"),
    DISMISSAL: gettext_lazy("What was overlooked?"),
    GROUPING: gettext_lazy("How does your problem differ?"),
}
TRACK = [
    ({RECEIVED}, gettext_lazy("Received")),
    ({GROUPED}, gettext_lazy("Grouped")),
    ({UNDER_REVIEW}, gettext_lazy("Under review")),
    ({CONFIRMED, DECLINED}, gettext_lazy("Confirmed or declined")),
    ({RESOLVED}, gettext_lazy("Resolved")),
]


def await_receipt(request: HttpRequest) -> None:
    """Begin the session before anything is sent: the answer to the first press of a button that was pressed twice is
    lost with its cookie, and the code with it."""
    request.session.setdefault(OPEN, [])


def keep_open(request: HttpRequest, report: Report, *, code: str = "") -> None:
    """Let this browser read the report for as long as its session lasts; ``code`` is shown on the next visit only."""
    request.session[OPEN] = list({*request.session.get(OPEN, []), report.reference})
    if code:
        request.session[FRESH] = {**request.session.get(FRESH, {}), report.reference: code}


def newest_open(request: HttpRequest) -> Report | None:
    """Of the reports whose receipt is open in this browser, the one that was filed last."""
    if not (opened := request.session.get(OPEN)):
        return None
    return Report.objects.filter(reference__in=opened).order_by("-filed_at", "-pk").first()


def may_read(request: HttpRequest, report: Report) -> bool:
    mine = report.reporter_id is not None and report.reporter_id == actor_of(request).user_id
    return mine or report.reference in request.session.get(OPEN, [])


def own(request: HttpRequest, reference: str) -> Report:
    """The report, for whoever has its receipt open. Raises Http404 for everybody else, whether there is one or not."""
    found = found_by(reference)
    if found is None or not may_read(request, found):
        raise Http404
    return found


def found_by(reference: str) -> Report | None:
    return (
        Report.objects.filter(reference=reference.strip().lower())
        .select_related("artifact", "version", "evidence", "evidence_key", "contact")
        .first()
    )


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks for the code, alike for every reference whether it exists or not; then shows where the report stands."""
    if request.method == "POST":
        return opened(request, reference, asks_both=False)
    found = found_by(reference)
    if found is None or not may_read(request, found):
        return render(request, "reports/receipt_code.html", {"reference": reference})
    return show(request, found)


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_receipt(request: HttpRequest) -> HttpResponse:
    """For whoever has the reference and the code, and no link."""
    if request.method == "POST":
        return opened(request, storable(request.POST.get("reference", "")), asks_both=True)
    return render(request, "reports/receipt_code.html", {"asks_both": True})


def opened(request: HttpRequest, reference: str, *, asks_both: bool) -> HttpResponse:
    """To the report, if the code that was sent is its code; else the same refusal for every reference."""
    try:
        may_try(network_of(request), reference)
    except TooMany as refusal:
        return too_many(request, refusal)
    found = found_by(reference)
    if found and opens(request.POST.get("code", ""), found):
        keep_open(request, found)
        return redirect(found)
    wrong = _("That is not the code of this report. Codes have 24 letters and digits.")
    context = {"reference": reference[:REFERENCE_SHOWN], "refusal": wrong, "asks_both": asks_both}
    return render(request, "reports/receipt_code.html", context, status=403)


def lent_of(report: Report) -> list[OpenedReport]:
    """To whom it was given to read, each with whether that goes on."""
    now, found = timezone.now(), list(lendings_of(report))
    for each in found:
        each.is_open = each.request.stands(now)  # type: ignore[attr-defined] # for the template
    return found


class WordsForm(forms.Form):
    """What a reporter writes to the triagers; ``prefix`` says what about, a key of ``ASKED``."""

    text = Prose(
        min_length=TEXT_MIN,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy("10 to 2,000 characters. Only the people who decide read it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = ASKED[str(self.prefix)]


class AdditionForm(forms.Form):
    """What a reporter adds to the report: words, files or both."""

    text = Prose(
        required=False,
        min_length=TEXT_MIN,
        max_length=EVIDENCE_MAX,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        label=ASKED[ADDITION],
        help_text=gettext_lazy("Another try, what changed since, a longer conversation. Up to 20,000 characters."),
    )


def show(request: HttpRequest, report: Report, refused: forms.Form | None = None) -> HttpResponse:
    """The page; ``refused`` is a form that was filled in wrongly."""
    if report.erased_at:
        return shown_erased(request, report)
    fresh = request.session.get(FRESH, {})
    code = fresh.pop(report.reference, "")
    if code:
        request.session[FRESH] = fresh
    issue = issue_of(report)
    status = status_of(report, issue)
    public = issues_for(ANONYMOUS).filter(pk=issue.pk).first() if issue else None
    thread = thread_for_reporter(report)
    may_dispute = disputable(report, issue)
    is_open = report.withdrawn_at is None and report.erased_at is None
    waits = is_open and thread.question is not None
    context = {
        "report": report,
        "code": code,
        "line": Line.of(public) if public else None,
        "status": status,
        "track": track(status),
        "is_unjudged": status in (RECEIVED, GROUPED, UNDER_REVIEW) and not report.withdrawn_at,
        "prospect": prospect_of(report, issue, status, asked=waits, now=timezone.now()),
        "decline_reason": issue.get_dismissal_display() if issue and status == DECLINED else "",
        "resolution": issue.get_resolution_display() if issue and status == RESOLVED else "",
        "disputed_at": disputed_at(report, issue) if issue and status == DECLINED else None,
        "steps": story(report, issue),
        "thread": thread,
        "is_open": is_open,
        "erasure": Erasure.objects.waiting().filter(report=report).exclude(asked_by=ErasureAsker.SETTING).first(),
        "told": told_by(report),
        "files": beside(actor_of(request), report=report),
        "file_limits": limits(),
        "facts": facts_of(report),
        "lent": lent_of(report),
        "proven": proven(report),
        "read_by": READ_BY[Visibility(report.visibility)],
        "reply_form": form_about(REPLY, refused) if waits else None,
        "word_form": form_about(WORD, refused) if is_open and not waits else None,
        "addition_form": addition_form(refused) if is_open else None,
        "dispute_form": form_about(DISMISSAL, refused) if DISMISSAL in may_dispute else None,
        "regroup_form": form_about(GROUPING, refused) if GROUPING in may_dispute else None,
        "refused": refused,
        "is_mine": report.reporter_id is not None and report.reporter_id == actor_of(request).user_id,
        "stop_url": Reader(report_id=report.pk).unsubscribe_path if hasattr(report, "contact") else "",
    }
    return render(request, "reports/receipt.html", context, status=422 if refused else 200)


def told_by(report: Report) -> Evidence | None:
    """What the reporter said, in full: their own words, redacted for others or not. None once they are erased."""
    words = report.evidence if hasattr(report, "evidence") else None
    return words if words is not None and words.parts and report.erased_at is None else None


def facts_of(report: Report) -> list[dict[str, Any]]:
    """The answers that were chosen, not written."""
    tried = ""
    if report.tries is not None:
        counted = {"failures": report.failures, "tries": report.tries}
        tried = ngettext("%(failures)s of %(tries)s try", "%(failures)s of %(tries)s tries", report.tries) % counted
    return [
        {"term": _("Kind of failure"), "value": report.get_kind_display()},
        {"term": _("Version"), "value": str(report.version or ""), "code": True},
        {"term": _("How often it failed"), "value": tried},
        {"term": _("Seen on"), "value": when(report.observed_on)},
        {"term": _("Context of use"), "value": report.get_context_of_use_display()},
        {"term": _("Harm"), "value": report.get_harm_occurred_display()},
        {"term": _("Severity"), "value": report.get_severity_display()},
        {"term": _("Who you are to it"), "value": report.get_relation_display()},
        {"term": _("Found by"), "value": report.get_found_by_display()},
        {"term": _("Language"), "value": language_word(report.language)},
        {"term": _("Who may read it"), "value": report.get_visibility_display()},
        {"term": _("Not public before"), "value": when(report.embargo_until)},
    ]


def story(report: Report, issue: Issue | None) -> list[dict[str, Any]]:
    """What happened, in words, oldest first."""
    told = []
    for event in steps(report, issue, also=["undo"], own=OWN):
        said = event.payload.content if hasattr(event, "payload") else {}
        words = UNDONE.get(said.get("undone", "")) if event.verb == "undo" else STORY[event.verb]
        if words and event.at >= report.filed_at:
            told.append({"at": event.at, "verb": event.verb, "words": words})
    return told


def proven(report: Report) -> dict[str, Any]:
    """Where in the ledger it stands that the report was received; nothing until that is signed."""
    return signed(filing_of(report))


def form_about(about: str, refused: forms.Form | None) -> forms.Form:
    return refused if refused is not None and refused.prefix == about else WordsForm(prefix=about)


def addition_form(refused: forms.Form | None) -> AdditionForm:
    return refused if isinstance(refused, AdditionForm) else AdditionForm(prefix=ADDITION)


def track(status: str) -> list[dict[str, object]]:
    """The five steps of a report, each done, current or to come."""
    here = next(at for at, (names, _label) in enumerate(TRACK) if status in names)
    return [{"label": label, "is_done": at < here, "is_here": at == here} for at, (_names, label) in enumerate(TRACK)]


@needs(Act.OPEN_RECEIPT)
@require_POST
def close(request: HttpRequest, reference: str) -> HttpResponse:
    """Forget on this device that the report was opened."""
    opened = request.session.get(OPEN, [])
    if reference not in opened:
        raise Http404
    request.session[OPEN] = [other for other in opened if other != reference]
    return redirect("home")
