"""The form: one page in sections, then check answers, then the receipt. Works without JavaScript; back loses no text.

The safety gate comes first, also in here: what somebody says shows a child in a sexual way is kept in no form, for no
moment and nowhere. Files wait in memory (``reports.uploads``), and nothing is saved before the gate was answered no.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs
from accounts.policy import Act
from reports import attachments, showing
from reports.choices import KIND_LABELS, VISIBILITIES
from reports.drafts import KEPT, carries_draft, discard, draft_of, fields_of, keep, notes_of, typed
from reports.forms import GatedForm
from reports.pages.refusing import refused
from reports.traps import DRAWN, LEAST_S, is_trapped
from reports.vocabulary import ArtifactKind, Kind
from reports.workdays import day_in_words

UNPROCESSABLE = 422


@needs(Act.FILE)
@carries_draft
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """GET asks; POST saves the draft and goes on to check answers, or shows what is missing."""
    if request.method != "POST":
        return ask(request, begun_again(request) or GatedForm(initial=begun(request)))
    if "yes" in request.POST.getlist("gate"):
        return stop(request)
    if language := request.POST.get("language_of_page"):
        return ask_in(request, language)
    return refused(request) or take(request, GatedForm(request.POST))


def stop(request: HttpRequest) -> HttpResponse:
    """Nothing of it is kept, nor what was kept of it before; who must be told instead."""
    discard(request)
    return render(request, "reports/gate.html", {"hotlines": settings.SAFETY_HOTLINES})


def take(request: HttpRequest, form: GatedForm) -> HttpResponse:
    """Save the draft with its files, right or wrong, once the gate allows it; then judge it."""
    is_open = request.POST.get("gate") == "no"
    refusals = save(request) if is_open else []
    if name := request.POST.get("remove_file"):
        return ask_without(request, name, refusals)
    if request.POST.get("step") == "save" and not is_open:
        form.refuse_to_keep()
        return ask(request, form, status=UNPROCESSABLE)
    if request.POST.get("step") == "save" and not refusals:
        return put_by(request)
    for sentence in refusals:
        form.add_error(None, sentence)
    if not form.is_valid():
        return ask(request, form, status=UNPROCESSABLE, file_errors=refusals)
    return redirect("report_check")


def ask_without(request: HttpRequest, name: str, refusals: Sequence[str]) -> HttpResponse:
    """The page as it was filled in, one file less."""
    if draft := draft_of(request):
        attachments.remove(name, draft=draft)
    return ask(request, GatedForm(initial=still_confirming(request.POST.dict())), file_errors=refusals)


def save(request: HttpRequest) -> list[str]:
    """Keep what was sent, and say what could not be kept."""
    try:
        draft = keep(request, still_there(request), notes={**notes_of(request), "gate": "no"})
        attachments.take(request.FILES.getlist("files"), draft=draft)
    except ValidationError as refusal:  # longer than a draft may be, or files that are not taken
        return refusal.messages
    return []


def put_by(request: HttpRequest) -> HttpResponse:
    """Somebody goes on later, in this browser."""
    draft = draft_of(request)
    if draft is not None:
        day = day_in_words(draft.saved_at + KEPT)
        messages.success(request, _("Saved. Come back to this page in this browser before %(day)s.") % {"day": day})
    return redirect("report")


def still_there(request: HttpRequest) -> dict[str, str]:
    """The answers as sent, and those before that the short variant does not ask for."""
    sent = typed(request.POST)
    before = fields_of(request).get(DRAWN)
    if before and not is_trapped({DRAWN: before}, at=timezone.now() + timedelta(seconds=LEAST_S)):
        sent[DRAWN] = before  # whoever comes back to change one word is quick
    unasked = {name: said for name, said in fields_of(request).items() if name not in GatedForm(sent).fields}
    return unasked | sent


def ask_in(request: HttpRequest, language: str) -> HttpResponse:
    """The page in another language, with what was typed so far; the choice is remembered as everywhere."""
    if language not in dict(settings.LANGUAGES):
        language = translation.get_language() or settings.LANGUAGE_CODE
    translation.activate(language)
    request.LANGUAGE_CODE = language
    response = ask(request, GatedForm(initial=still_confirming(request.POST.dict())))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


def begun(request: HttpRequest) -> dict[str, Any]:
    """What stands in the form at first: the draft, and what the address says it is about, unless the draft is about
    something else."""
    gate = {"gate": "no"} if notes_of(request).get("gate") == "no" else {}
    return still_confirming({**fields_of(request), **gate}) | ({} if about_another(request) else prefilled(request))


def about_another(request: HttpRequest) -> str:
    """What the draft is about, where the address asks for something else; else ""."""
    written, asked = fields_of(request).get("artifact", "").strip(), request.GET.get("model", "").strip()
    return written if asked and written.casefold() != asked.casefold() else ""


def still_confirming(fields: dict[str, str]) -> dict[str, str]:
    """The answers, as those to the whole form if the issue they confirm is no longer public, or never was."""
    if fields.get("confirms") and GatedForm(initial=fields).confirmed is None:
        return {name: said for name, said in fields.items() if name != "confirms"}
    return fields


def begun_again(request: HttpRequest) -> GatedForm | None:
    """``?again``: the draft with what is wrong in it, for whoever wanted to send it and could not."""
    if "again" not in request.GET or not fields_of(request):
        return None
    form = GatedForm(begun(request))
    return None if form.is_valid() else form


def prefilled(request: HttpRequest) -> dict[str, str]:
    """``?model=org/name`` says what it is about, ``?kind=system`` what that is, or ``?kind=privacy_leak`` what went
    wrong with it; ``?confirms=TT-…`` that a known issue happened here too, and an empty one that it did not."""
    asked = request.GET
    kind = asked.get("kind", "")
    fields = {"artifact": asked.get("model", "")} if asked.get("model") else {}
    fields |= {"artifact_kind": kind} if kind in ArtifactKind.values else {}
    fields |= {"kind": kind} if kind in Kind.values else {}
    return fields | {name: asked[name] for name in ("confirms", "version") if name in asked}


def ask(request: HttpRequest, form: GatedForm, *, status: int = 200, file_errors: Sequence[str] = ()) -> HttpResponse:
    if form.is_short and form.confirmed is None and not form.is_bound:
        raise Http404
    draft = draft_of(request)
    told = {
        "form": form,
        "draft": draft,
        "about_another": about_another(request),
        "file_errors": file_errors,
        **showing.field(actor_of(request), draft),
        "hotlines": settings.SAFETY_HOTLINES,
        "kind_hints": {kind.value: example for kind, (_label, example) in KIND_LABELS.items()},
        "visibility_hints": {value: hint for value, (_label, hint) in VISIBILITIES.items()},
    }
    return render(request, "reports/report.html", told, status=status)
