"""Whether what somebody writes is known: while they write, before they send, and "this is mine too"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actors import needs
from accounts.policy import ANONYMOUS, Act
from reports.drafts import carries_draft, fields_of, typed
from reports.forms import GatedForm
from reports.known import Asked, known_issues
from reports.lines import Line
from reports.models import Issue
from reports.pages.asked import storable
from reports.pages.filing import ask, save, stop
from reports.record import affected_of, issues_on_record, survivor_of

CONVERSATION = ("conversation", "prompt", "output")  # fields of the form that quote it


@dataclass(frozen=True, slots=True)
class Known:
    """One issue that may be theirs, as ``reports/known_list.html`` shows it. ``words`` are theirs and the issue's."""

    line: Line
    report_count: int
    words: tuple[str, ...]
    is_elsewhere: bool
    may_confirm: bool


@needs(Act.FILE)
@require_POST
@never_cache
def known(request: HttpRequest) -> HttpResponse:
    """What looks like the answers so far. Nothing of them is kept, and nothing is looked up before the gate says no."""
    found = found_for(request.POST) if request.POST.get("gate") == "no" else None
    return render(request, "reports/known_list.html", {"known": found, "in_form": True})


def found_for(answers: Mapping[str, Any]) -> list[Known] | None:
    """Public issues that look like the answers, those of the form or of the API; None where none are asked for.

    Nobody who confirms an issue is asked whether it is another.
    """
    asked = asked_of(answers)
    if answers.get("confirms") or not (asked.summary or asked.what_happened):
        return None
    found = known_issues(asked)
    is_named = bool(asked.artifact) and asked.artifact.lower() != "unknown"
    issues = {issue.pk: issue for issue in issues_on_record(ANONYMOUS).filter(pk__in=[each.issue_id for each in found])}
    return [
        Known(
            line=Line.of(issues[each.issue_id]),
            report_count=issues[each.issue_id].report_count,
            words=each.words,
            is_elsewhere=each.is_elsewhere,
            may_confirm=not (each.is_elsewhere and is_named),  # it would be refused: another family's
        )
        for each in found
        if each.issue_id in issues
    ]


def asked_of(answers: Mapping[str, Any]) -> Asked:
    def text(name: str) -> str:
        value = answers.get(name, "")
        return storable(value).strip() if isinstance(value, str) else ""

    turns = answers.get("transcript")
    said = [str(turn.get("content", "")) for turn in turns] if isinstance(turns, Sequence) else []
    return Asked(
        artifact=text("artifact"),
        artifact_kind=text("artifact_kind"),
        version=text("version"),
        summary=text("summary"),
        what_happened=text("what_happened"),
        transcript="\n".join([*said[-4:], *filter(None, map(text, CONVERSATION))]),
        kind=text("kind"),
    )


@needs(Act.FILE)
@carries_draft
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def too(request: HttpRequest, number: str) -> HttpResponse:
    """ "This is mine too": to the short variant of the form. POST comes out of the form, and loses nothing of it.

    Raises Http404: not public, or never there, alike.
    """
    issue = issues_on_record(ANONYMOUS).filter(number=number).first()
    if issue is None:
        if survivor := survivor_of(number, ANONYMOUS):
            return redirect("issue_too", number=survivor.number)
        raise Http404
    if request.method != "POST":
        return redirect(f"{reverse('report')}?{urlencode({**about(request, issue), 'confirms': number})}")
    if "yes" in request.POST.getlist("gate"):
        return stop(request)
    refusals = save(request) if request.POST.get("gate") == "no" else []
    fields = {**typed(request.POST), "confirms": number}
    gate = {"gate": "no"} if request.POST.get("gate") == "no" else {}
    return ask(request, GatedForm(initial={**fields, **gate}), file_errors=refusals)


def about(request: HttpRequest, issue: Issue) -> dict[str, str]:
    """What the issue is about, for whoever has not said yet what theirs is about."""
    written = fields_of(request)
    if written.get("artifact") or written.get("unknown_artifact"):
        return {}
    named = [row.artifact for row in affected_of(issue) if not row.artifact.is_unknown]
    of_family = [artifact for artifact in named if (artifact.family_id or artifact.pk) == issue.family_id]
    return {"model": str(of_family[0]), "kind": of_family[0].kind} if of_family else {}
