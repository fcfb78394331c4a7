"""The page of one issue, and its JSON twin."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.actors import actor_of, open_to_all
from accounts.policy import Actor
from reports import linked
from reports.citing import in_bibtex, in_words
from reports.conditional import public_page, tag_of, unless_known
from reports.exporters.reruns.published import are_in
from reports.grounds import By, Grounds, grounds_of
from reports.history import Step, history_of
from reports.lines import Line
from reports.models import Affected, Artifact, Issue
from reports.parties import party_of
from reports.record import (
    Tombstone,
    affected_of,
    excerpts_of,
    issues_on_record,
    modified_at,
    survivor_of,
    tombstone_of,
)
from reports.redaction import Quoted
from reports.story import story_of
from reports.stubs import announced_as
from reports.twins import RecordTwin, TombstoneTwin, address_of
from reports.vocabulary import ExportForm, FoundBy, RerunForm, Resolution

WHO = {By.REPORTER: _("reporter"), By.TRIAGER: _("triager"), By.DEVELOPER: _("developer")}


@open_to_all
@require_safe
def issue(request: HttpRequest, number: str) -> HttpResponse:
    actor = actor_of(request)
    shown = issues_on_record(actor).filter(number=number).first()
    if shown is None:
        return moved(number, actor, "issue") or stub(request, number) or tombstone(request, number, actor)
    told = told_on_page(shown, excerpts_of(shown, actor, shown=asked_for(request)))
    return public_page(request, "reports/issue.html", told, modified=modified_at(shown), **frame_of(shown))


def told_on_page(shown: Issue, excerpts: list[Quoted]) -> dict[str, Any]:
    """What the page of an issue says, in plain values."""
    grounds, steps = grounds_of(shown), history_of(shown)
    return {
        "story": story_of(shown, grounds),
        "line": Line.of(shown),
        "twin": RecordTwin(shown, context={"excerpts": excerpts, "grounds": grounds, "history": steps}).data,
        "rows": [standing(row) for row in affected_of(shown)],
        "excerpts": excerpts,
        "case_forms": list(RerunForm) if are_in(excerpts, shown.number or "") else [],
        "facts": facts(shown, grounds),
        "tries": tries(grounds),
        "answers": [said for said in grounds.answers if said.by is By.DEVELOPER],
        "disputed_by": grounds.disputed_by,
        "credits": grounds.credits,
        "more_credits": grounds.more_credits,
        "history": history(shown, steps),
        "first_reported": shown.first_reported_at and shown.first_reported_at.date(),
        "published": shown.published_at,
        "linked": linked.issue(shown),
    }


def frame_of(shown: Issue) -> dict[str, Any]:
    """What stands beside what the page says, and moves no tag."""
    today = timezone.now().date()
    cite = {"words": in_words(shown, read_on=today), "bibtex": in_bibtex(shown, read_on=today)}
    return {"cite": cite, "subject": f"issue:{shown.pk}", "forms": list(ExportForm)}


def asked_for(request: HttpRequest) -> set[int]:
    """The places of the blurred excerpts that ``?show=`` asks to be shown."""
    return {int(place) for place in request.GET.getlist("show") if place.isdecimal() and len(place) < 6}


@open_to_all
@require_safe
def issue_twin(request: HttpRequest, number: str) -> HttpResponse:
    """What the page says, for machines."""
    actor = actor_of(request)
    shown = issues_on_record(actor).filter(number=number).first()
    if shown is None:
        return moved(number, actor, "issue_twin") or stub_twin(request, number) or tombstone_twin(number, actor)
    twin = RecordTwin(shown, context={"excerpts": excerpts_of(shown, actor, shown=asked_for(request))}).data

    def make() -> HttpResponse:
        return JsonResponse(twin, json_dumps_params={"ensure_ascii": False})

    return unless_known(request, tag_of(twin), make, modified=modified_at(shown))


@open_to_all
@require_safe
def twin_beside(request: HttpRequest, number: str) -> HttpResponse:
    """For whoever adds ".json" to the page's address, slash and all."""
    return HttpResponsePermanentRedirect(reverse("issue_twin", args=[number]))


def moved(number: str, actor: Actor, page: str) -> HttpResponse | None:
    """To the issue that this one became part of, or to its tombstone."""
    found = survivor_of(number, actor) or tombstone_of(number, actor)
    if found is None or found.number == number:
        return None
    return HttpResponsePermanentRedirect(reverse(page, args=[found.number]))


def stub(request: HttpRequest, number: str) -> HttpResponse | None:
    """What is announced of an issue under embargo, if people decided that."""
    found = announced_as(number)
    if found is None:
        return None
    told = {"stub": {**found.twin, "moments": found.moments}}
    return public_page(request, "reports/stub.html", told, shown=found)


def stub_twin(request: HttpRequest, number: str) -> HttpResponse | None:
    found = announced_as(number)
    if found is None:
        return None
    return unless_known(request, tag_of(found.twin), lambda: JsonResponse(found.twin))


def tombstone(request: HttpRequest, number: str, actor: Actor) -> HttpResponse:
    """410 with the dates and the reason. Raises Http404: not visible, or never there, alike."""
    answer = render(request, "reports/tombstone.html", {"stone": stone_of(number, actor)}, status=HTTPStatus.GONE)
    patch_cache_control(answer, no_cache=True)
    patch_vary_headers(answer, ["Cookie"])
    return answer


def tombstone_twin(number: str, actor: Actor) -> HttpResponse:
    return JsonResponse(TombstoneTwin(stone_of(number, actor)).data, status=HTTPStatus.GONE)


def stone_of(number: str, actor: Actor) -> Tombstone:
    found = tombstone_of(number, actor)
    if found is None:
        raise Http404
    return found


def standing(row: Affected) -> dict[str, Any]:
    """How one artifact stands in the issue: a row of "Who is affected"."""
    return {
        "name": str(row.artifact),
        "href": "" if row.artifact.is_unknown else row.artifact.get_absolute_url(),
        "url": "" if row.artifact.is_unknown else address_of(row.artifact),
        "feed": "" if row.artifact.is_unknown else reverse("artifact_feed", args=feed_of(row.artifact)),
        "kind": row.artifact.get_kind_display(),
        "status": row.status,
        "resolution": str(Resolution(row.resolution).label) if row.resolution else "",
        "resolved_at": row.resolved_at,
        "introduced_in": str(row.introduced_in or ""),
        "last_affected": str(row.last_affected or ""),
        "fixed_in": str(row.fixed_in or ""),
        "tries": row.tries,
        "failures": row.failures,
        "statement": row.statement,
        "stated_at": row.stated_at,
        "silent_since": party_of(row).silent_since,
    }


def feed_of(artifact: Artifact) -> tuple[str, str, str]:
    return f"{artifact.kind}s", artifact.org, artifact.name


def facts(issue: Issue, grounds: Grounds) -> list[dict[str, str]]:
    severity_by = _("set by a triager") if issue.severity_by_person else _("as reporters said, the median")
    found_by = [f"{FoundBy(by).label} {count}" for by, count in grounds.found_by]
    stated = {True: _("Inside it"), False: _("Outside it"), None: ""}[issue.in_stated_use]
    told = [
        {"term": _("Kind of failure"), "value": issue.get_kind_display()},
        {"term": _("Severity"), "value": issue.get_severity_display(), "note": severity_by},
        {"term": _("Context of use"), "value": issue.get_context_of_use_display()},
        {"term": _("Stated use"), "value": stated},
        {"term": _("Lifecycle stage"), "value": issue.get_lifecycle_stage_display()},
        {"term": _("Found by"), "value": _(", ").join(found_by)},
    ]
    return [{name: str(words) for name, words in fact.items()} for fact in told]


def history(shown: Issue, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """The newest first, ending on the first report."""
    told: list[dict[str, Any]] = [
        {
            "when": step.at,
            "words": step.words,
            "note": str(_("decided by %(who)s") % {"who": step.by}),
            "ended": step.ends and not step.is_undone and not step.is_undo,
            "is_undone": step.is_undone,
        }
        for step in steps
    ]
    if shown.first_reported_at:
        told.append({"when": shown.first_reported_at.date(), "words": str(_("First report"))})
    return told


def tries(grounds: Grounds) -> list[dict[str, Any]]:
    """Rows of "How we know"."""
    return [
        {
            "when": tried.tried_at,
            "what": f"{tried.artifact} {tried.version}".strip(),
            "by": str(WHO[tried.by]),
            "settings": _(", ").join(f"{name} {value}" for name, value in tried.settings),
            "failures": tried.failures,
            "tries": tried.tries,
        }
        for tried in grounds.tried
    ]
