"""The receipt page: opened with the code, says where the report stands, and takes what its reporter has to say."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import actor_of, needs
from accounts.policy import ANONYMOUS, Act
from reports.correspondence import (
    DISMISSAL,
    GROUPING,
    TEXT_MAX,
    TEXT_MIN,
    disputable,
    dispute,
    disputed_at,
    reply,
    thread_for_reporter,
)
from reports.lines import Line
from reports.models import Issue, Report
from reports.posting import Reader
from reports.receipts import opens
from reports.record import issues_for
from reports.standing import CONFIRMED, DECLINED, GROUPED, RECEIVED, RESOLVED, UNDER_REVIEW, issue_of, status_of, steps

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
}
UNDONE = {
    "confirm": gettext_lazy("The confirmation was undone"),
    "resolve": gettext_lazy("The resolution was undone"),
    "dismiss": gettext_lazy("That it was declined was undone"),
    "reopen": gettext_lazy("The reopening was undone"),
}
REPLY = "reply"
ASKED = {
    REPLY: gettext_lazy("Your answer"),
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


def may_read(request: HttpRequest, report: Report) -> bool:
    mine = report.reporter_id is not None and report.reporter_id == actor_of(request).user_id
    return mine or report.reference in request.session.get(OPEN, [])


@needs(Act.OPEN_RECEIPT)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, reference: str) -> HttpResponse:
    """Asks for the code, alike for every reference whether it exists or not; then shows where the report stands."""
    found = Report.objects.filter(reference=reference.lower()).select_related("artifact", "version").first()
    if request.method == "POST":
        if found and opens(request.POST.get("code", ""), found):
            keep_open(request, found)
            return redirect(found)
        refusal = _("That is not the code of this report. Codes have 24 letters and digits.")
        return render(request, "reports/receipt_code.html", {"reference": reference, "refusal": refusal}, status=403)
    if found is None or not may_read(request, found):
        return render(request, "reports/receipt_code.html", {"reference": reference})
    return show(request, found)


class WordsForm(forms.Form):
    """What a reporter writes to the triagers; ``prefix`` says what about, a key of ``ASKED``."""

    text = forms.CharField(
        min_length=TEXT_MIN,
        max_length=TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy("10 to 2,000 characters. Only the people who decide read it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["text"].label = ASKED[str(self.prefix)]


@needs(Act.OPEN_RECEIPT)
@require_POST
def answer(request: HttpRequest, reference: str) -> HttpResponse:
    """The reporter answers the triagers' question."""

    def said(report: Report, text: str) -> None:
        reply(report, text=text, actor=actor_of(request))

    return heard(request, reference, WordsForm(request.POST, prefix=REPLY), said, _("Your answer was passed on."))


@needs(Act.OPEN_RECEIPT)
@require_POST
def object_to(request: HttpRequest, reference: str) -> HttpResponse:
    """The reporter says why a decision is wrong: that it was declined, or where it was put."""
    about = GROUPING if request.POST.get("about") == GROUPING else DISMISSAL

    def said(report: Report, text: str) -> None:
        dispute(report, about=about, text=text, actor=actor_of(request))

    return heard(request, reference, WordsForm(request.POST, prefix=about), said, _("A person will look at it again."))


def heard(
    request: HttpRequest, reference: str, form: WordsForm, said: Callable[[Report, str], None], done: str
) -> HttpResponse:
    """Take what was written, from whoever has this receipt open. Raises Http404 for everybody else."""
    report = Report.objects.filter(reference=reference.lower()).select_related("artifact", "version").first()
    if report is None or not may_read(request, report):
        raise Http404
    if not form.is_valid():
        return show(request, report, form)
    try:
        said(report, form.cleaned_data["text"])
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    else:
        messages.success(request, done)
    return redirect(report)


def show(request: HttpRequest, report: Report, refused: WordsForm | None = None) -> HttpResponse:
    """The page; ``refused`` is a form that was filled in wrongly."""
    fresh = request.session.get(FRESH, {})
    code = fresh.pop(report.reference, "")
    if code:
        request.session[FRESH] = fresh
    issue = issue_of(report)
    status = status_of(report, issue)
    public = issues_for(ANONYMOUS).filter(pk=issue.pk).first() if issue else None
    thread = thread_for_reporter(report)
    may_dispute = disputable(report, issue)
    context = {
        "report": report,
        "code": code,
        "line": Line.of(public) if public else None,
        "status": status,
        "track": track(status),
        "decline_reason": issue.get_dismissal_display() if issue and status == DECLINED else "",
        "resolution": issue.get_resolution_display() if issue and status == RESOLVED else "",
        "disputed_at": disputed_at(report, issue) if issue and status == DECLINED else None,
        "steps": story(report, issue),
        "thread": thread,
        "reply_form": form_about(REPLY, refused) if thread.question else None,
        "dispute_form": form_about(DISMISSAL, refused) if DISMISSAL in may_dispute else None,
        "regroup_form": form_about(GROUPING, refused) if GROUPING in may_dispute else None,
        "refused": refused,
        "stop_url": Reader(report_id=report.pk).unsubscribe_path if hasattr(report, "contact") else "",
    }
    return render(request, "reports/receipt.html", context, status=422 if refused else 200)


def story(report: Report, issue: Issue | None) -> list[dict[str, Any]]:
    """What happened, in words, oldest first."""
    told = []
    for event in steps(report, issue, also=["undo"]):
        said = event.payload.content if hasattr(event, "payload") else {}
        words = UNDONE.get(said.get("undone", "")) if event.verb == "undo" else STORY[event.verb]
        if words and event.at >= report.filed_at:
            told.append({"at": event.at, "verb": event.verb, "words": words})
    return told


def form_about(about: str, refused: WordsForm | None) -> WordsForm:
    return refused if refused is not None and refused.prefix == about else WordsForm(prefix=about)


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
