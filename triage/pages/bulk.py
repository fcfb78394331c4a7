"""One move on many issues: choose it, see what it would do, start it, watch it, stop it, undo it.

``bulk`` takes, by POST, ``issue`` for each that was ticked ("12", or "12:3" with the revision its row showed); or, by
GET too, ``all=1`` with ``query``, and with ``watermark`` (the highest issue there was) and ``expected`` (how many there
were) if the page that links here knows them. ``verb`` may be chosen there already.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act, Actor
from reports.models import Issue
from reports.pages.asked import id_in, storable
from triage import bulk as bulks
from triage.bell import bell
from triage.forms import FORMS, MoveForm
from triage.models import Bulk
from triage.moves import Verb
from triage.pages.said import undoable
from triage.queue import title_in_words, titled
from triage.selection import Chosen, MatchedOtherwise, Selection, chosen, foreseen
from triage.tasks import run_bulk

PAGE = 25  # bulks of the list, and issues that were skipped
SHOWN = 10  # issues of a preview, of all and for each reason
TRIED = 20  # issues, all over the selection, before a form is refused: what is typed may not fit one, and fit others
KEY_LENGTH = 22  # characters that name the page a button stood on


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why some are left alone; ``issues`` are the first of them."""

    sentence: str
    total: int
    issues: list[tuple[Issue, str]]
    more: int


@needs(Act.DECIDE)
def bulk(request: HttpRequest) -> HttpResponse:
    """The bulks there were; with a selection, what can be done with it, and what a move would do."""
    asked = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and "all" not in asked:
        return _list(request)
    try:
        selection = selection_of(asked)
        found = chosen(selection, actor_of(request))
    except ValidationError as refusal:
        return _refused(request, refusal, asked)
    return _preview(request, selection, found, asked.get("verb", ""))


@needs(Act.DECIDE)
@require_POST
def bulk_start(request: HttpRequest) -> HttpResponse:
    verb, actor, key = (
        request.POST.get("verb", ""),
        actor_of(request),
        storable(request.POST.get("key", ""))[:KEY_LENGTH],
    )
    if made := bulks.started(person(request), key):
        return redirect("bulk_progress", made.pk)
    try:
        selection = selection_of(request.POST)
        found = chosen(selection, actor)
        if verb not in bulks.verbs():
            raise ValidationError(_("There is no such move."))
        if selection.is_all and None in (selection.watermark, selection.expected):
            raise ValidationError(_("Look at what would be changed first."))
        form = _bound(request, verb, found)
        if not form.is_valid():
            return _preview(request, selection, found, verb, form=form, status=422)
        if selection.is_all and not selection.query.strip() and request.POST.get("typed") != str(selection.expected):
            return _preview(request, selection, found, verb, form=form, is_unsure=True, status=422)
        with transaction.atomic():
            made = bulks.start(verb, _typed(request.POST, verb), selection=selection, by=person(request), key=key)
            _ring(made)
    except ValidationError as refusal:
        return _refused(request, refusal, request.POST)
    _say(request, made)
    return redirect("bulk_progress", made.pk)


@needs(Act.DECIDE)
@require_safe
def bulk_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it has come, what was skipped and why, and what can be done about it."""
    shown = get_object_or_404(Bulk.objects.select_related("by", "undoes", "undone_by"), pk=pk)
    page = Paginator(list(shown.skipped.items()), PAGE).get_page(request.GET.get("page"))
    issues = named([int(issue_id) for issue_id, _sentence in page], actor_of(request))
    context = {
        "bulk": shown,
        "title": _title(shown),
        "stopped": shown.told.get("stopped", ""),
        "progress": Progress.of(shown),
        "told": _told(shown, actor_of(request)),
        "page": page,
        "skipped": [(issue_id, issues.get(int(issue_id)), sentence) for issue_id, sentence in page],
        "may_steer": bulks.may_steer(shown, actor_of(request)),
        "undone_by": getattr(shown, "undone_by", None),
    }
    return render(request, "triage/bulk_progress.html", context)


@needs(Act.DECIDE)
@require_POST
def bulk_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, bulks.cancel)


@needs(Act.DECIDE)
@require_POST
def bulk_resume(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, bulks.resume)


@needs(Act.DECIDE)
@require_POST
def bulk_undo(request: HttpRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, bulks.take_back)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a bulk stands: counts, and the word for it."""

    done: int
    skipped: int
    left: int
    total: int
    state: str

    @classmethod
    def of(cls, bulk: Bulk) -> "Progress":
        skipped = len(bulk.skipped)
        return cls(bulk.done, skipped, bulk.expected - bulk.done - skipped, bulk.expected, state_of(bulk))

    @property
    def taken(self) -> int:
        return self.done + self.skipped


def state_of(bulk: Bulk) -> str:
    return "running" if bulk.ended_at is None else "cancelled" if bulk.cancelled_at else "ended"


def selection_of(asked: QueryDict) -> Selection:
    """Raises ValidationError if what was sent says nothing clear."""
    if asked.get("all"):
        watermark, expected = (id_in(asked.get(name, "")) for name in ("watermark", "expected"))
        return Selection(is_all=True, query=storable(asked.get("query", "")), watermark=watermark, expected=expected)
    ticked: dict[int, int | None] = {}
    for each in asked.getlist("issue"):
        pk, _colon, revision = each.partition(":")
        number = id_in(pk)
        if number is None:
            raise ValidationError(_("There is no such issue."))
        ticked[number] = id_in(revision)
    return Selection(ticked=ticked)


def named(issue_ids: Iterable[int], actor: Actor) -> dict[int, tuple[Issue, str]]:
    """Issues with their titles, as far as ``actor`` may see them."""
    found = titled(Issue.objects.visible_to(actor).filter(pk__in=list(issue_ids))).select_related("family")
    return {issue.pk: (issue, title_in_words(issue)) for issue in found}


def _list(request: HttpRequest) -> HttpResponse:
    is_mine = bool(request.GET.get("mine"))
    found = bulks.recent_bulks()
    page = Paginator(found.filter(by=person(request)) if is_mine else found, PAGE).get_page(request.GET.get("page"))
    rows = [(row, _title(row), state_of(row)) for row in page]
    return render(request, "triage/bulks.html", {"page": page, "rows": rows, "is_mine": is_mine})


def _preview(
    request: HttpRequest,
    selection: Selection,
    found: Chosen,
    verb: str,
    *,
    form: MoveForm | None = None,
    is_unsure: bool = False,
    status: int = 200,
) -> HttpResponse:
    """What can be done; once ``verb`` is chosen, its form and what it would do."""
    actor, verbs = actor_of(request), bulks.verbs()
    first = named(list(found.revisions)[:SHOWN], actor)
    context: dict[str, Any] = {
        "selection": selection,
        "found": found,
        "total": len(found.revisions),
        "hidden": list(_hidden(selection, found)),
        "verbs": verbs,
        "first": list(first.values()),
        "more": max(0, len(found.revisions) - SHOWN),
        "is_unsure": is_unsure,
    }
    if verb in verbs:
        skipped = foreseen(verb, found, by=person(request), actor=actor)
        affected = [pk for pk in found.revisions if pk not in skipped]
        rows = named(affected[:SHOWN], actor)
        context |= {
            "verb": Verb(verb),
            "form": form or _unbound(verb, found, actor),
            "key": get_random_string(KEY_LENGTH),
            "affected": len(affected),
            "first": [rows[pk] for pk in affected[:SHOWN] if pk in rows],
            "more": max(0, len(affected) - SHOWN),
            "skipped": _by_reason(skipped, actor),
            "skipped_count": len(skipped),
        }
    return render(request, "triage/bulk.html", context, status=status)


def _by_reason(skipped: Mapping[int, str], actor: Actor) -> list[Skipped]:
    """The reasons, the commonest first, each with a few of its issues."""
    reasons: dict[str, list[int]] = {}
    for pk, sentence in skipped.items():
        reasons.setdefault(sentence, []).append(pk)
    issues = named([pk for ids in reasons.values() for pk in ids[:SHOWN]], actor)
    commonest = sorted(reasons.items(), key=lambda reason: -len(reason[1]))
    return [
        Skipped(sentence, len(ids), [issues[pk] for pk in ids[:SHOWN] if pk in issues], max(0, len(ids) - SHOWN))
        for sentence, ids in commonest
    ]


def _hidden(selection: Selection, found: Chosen) -> Iterable[tuple[str, str]]:
    """What the forms of the page carry on, so that what is started is what was shown."""
    if selection.is_all:
        yield "all", "1"
        yield "query", selection.query
        yield "watermark", str(found.watermark)
        yield "expected", str(len(found.revisions))
    else:
        for pk, revision in found.revisions.items():
            yield "issue", f"{pk}:{revision}"


def _unbound(verb: str, found: Chosen, actor: Actor) -> MoveForm:
    return bulks.form_for(verb, None, issue=_issue(next(iter(found.revisions)), actor), actor=actor)


def _bound(request: HttpRequest, verb: str, found: Chosen) -> MoveForm:
    """The form as it was filled in, asked about one issue; where that one is refused, about some of the others."""
    actor, typed, forms = actor_of(request), _typed(request.POST, verb), []
    step = max(1, len(found.revisions) // TRIED)
    for pk in list(found.revisions)[::step]:
        issue = _issue(pk, actor)
        forms.append(bulks.form_for(verb, typed, issue=issue, actor=actor, revision=issue.revision))
        if forms[-1].is_valid():
            return forms[-1]
    return forms[0]


def _issue(pk: int, actor: Actor) -> Issue:
    return get_object_or_404(Issue.objects.visible_to(actor).select_related("family"), pk=pk)


def _typed(posted: QueryDict, verb: str) -> dict[str, list[str]]:
    """What was filled in of the form of that move."""
    names = FORMS[verb].base_fields.keys() - bulks.MANY[verb] - {"revision"}
    return {name: [storable(value) for value in posted.getlist(name)] for name in posted if name in names}


def _told(shown: Bulk, actor: Actor) -> list[tuple[str, str]]:
    """What was filled in, in words; nothing where the first issue is gone."""
    issue = Issue.objects.visible_to(actor).filter(pk__in=shown.issue_ids[:1]).first()
    if issue is None or shown.undoes_id or shown.verb not in bulks.verbs():
        return []
    form = bulks.form_for(shown.verb, shown.told.get("form", {}), issue=issue, actor=actor, revision=issue.revision)
    form.is_valid()
    return [
        (str(field.label), _in_words(field.field, form.cleaned_data[field.name]))
        for field in form.visible_fields()
        if form.cleaned_data.get(field.name) not in (None, "", [])
    ]


def _title(shown: Bulk) -> str:
    told = {"verb": Verb(shown.verb).label, "total": shown.expected}
    return ngettext("%(verb)s: %(total)d issue", "%(verb)s: %(total)d issues", shown.expected) % told


def _in_words(field: Any, value: Any) -> str:
    choices = {str(key): label for key, label in getattr(field, "choices", ()) if not isinstance(label, list | tuple)}
    return str(choices.get(str(value), value))


def _steer(request: HttpRequest, pk: int, act: Any) -> HttpResponse:
    """Cancel, resume or undo; then to the page of what runs now."""
    shown = get_object_or_404(Bulk, pk=pk)
    try:
        with transaction.atomic():
            made = act(shown, by=person(request))
            _ring(made)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
        return redirect("bulk_progress", pk)
    return redirect("bulk_progress", made.pk)


def _ring(made: Bulk) -> None:
    if made.ended_at is None:
        transaction.on_commit(lambda: bell.ring(run_bulk, made.pk))


def _say(request: HttpRequest, made: Bulk) -> None:
    sentence = f"{_title(made)}. {_('It runs in the background.')}"
    messages.success(request, undoable(request, sentence, reverse("bulk_undo", args=[made.pk])))


def _refused(request: HttpRequest, refusal: ValidationError, asked: QueryDict) -> HttpResponse:
    """409 with how many match now, and a way to look again; 422 for what says nothing clear."""
    again = asked.copy()
    for name in ("expected", "watermark", "csrfmiddlewaretoken", "key", "typed"):
        again.pop(name, None)
    is_stale = isinstance(refusal, MatchedOtherwise)
    context = {"sentences": refusal.messages, "is_stale": is_stale, "again": again, "query": asked.get("query", "")}
    return render(request, "triage/bulk_refused.html", context, status=409 if is_stale else 422)
