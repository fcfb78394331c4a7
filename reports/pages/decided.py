"""Who decided what, on an artifact or in some days, as everybody may read it; and the same as a bundle with proofs."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.signing import BadSignature, Signer
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.actors import open_to_all
from ledger import proving
from reports.conditional import public_page
from reports.decided import Asked, Decided, Mark, decided
from reports.filters import Days
from reports.models import Artifact
from reports.pages.artifact import of_artifact
from reports.pages.directory import KINDS
from reports.pages.issue_audit import documented, is_signed, line, taken_away
from reports.vocabulary import ArtifactKind

A_PAGE = 50
MOST = 1_000  # lines of one bundle: more would let anybody keep a process busy
# What can be asked for, as the desk calls it.
ACTS: Mapping[str, Promise] = {
    "confirm": gettext_lazy("Confirm"),
    "publish": gettext_lazy("Publish"),
    "lift": gettext_lazy("Lift the embargo"),
    "resolve": gettext_lazy("Resolve"),
    "reopen": gettext_lazy("Reopen"),
    "affect": gettext_lazy("Set who is affected"),
    "classify": gettext_lazy("Classify"),
    "write": gettext_lazy("Write title and summary"),
    "merge": gettext_lazy("Merge"),
    "excerpt": gettext_lazy("Choose evidence"),
    "redact": gettext_lazy("Redact"),
    "settle": gettext_lazy("Settle a dispute"),
    "acknowledge": gettext_lazy("Acknowledge"),
    "dispute": gettext_lazy("Dispute"),
    "unpublish": gettext_lazy("Unpublish"),
    "dismiss": gettext_lazy("Dismiss"),
    "confirm_artifact": gettext_lazy("Confirm artifact"),
    "describe_artifact": gettext_lazy("Describe"),
}
CURSOR = Signer(salt=__name__)


class DecidedForm(Days):
    """``before`` is in the address alone: where the part before ended, as ``cursor`` wrote it."""

    field_order = ("act", "since", "until")

    act = forms.ChoiceField(label=gettext_lazy("Act"), required=False)

    def __init__(self, asked: Mapping[str, Any], artifact: Artifact | None) -> None:
        super().__init__(asked, label_suffix="")
        self.artifact = artifact
        acts = sorted(((verb, str(words)) for verb, words in ACTS.items()), key=lambda pair: pair[1].casefold())
        self.fields["act"].choices = [("", _("Any")), *acts]  # type: ignore[attr-defined] # a ChoiceField

    def clean(self) -> dict[str, Any]:
        try:
            self.cleaned_data["before"] = mark_of(self.data.get("before", ""))
        except (BadSignature, ValueError):  # what is not even base64
            self.add_error(None, _("Nobody was given this cursor here. Start again without it."))
        return super().clean()

    def found(self, *, most: int, is_paged: bool = True) -> list[Decided]:
        """Nothing, of a form that is not valid: to leave half of a question out would be a lie."""
        if not self.is_valid():
            return []
        asked = self.cleaned_data
        below = asked["before"] if is_paged else None
        return decided(Asked(self.artifact, asked["act"], asked["since"], asked["until"], below), most=most)


@open_to_all
@require_safe
@of_artifact
def artifact_audit(request: HttpRequest, artifact: Artifact) -> HttpResponse:
    crumbs = {
        "kinds_url": reverse("artifacts", args=[f"{artifact.kind}s"]),
        "kinds_word": str(KINDS[ArtifactKind(artifact.kind)]),
        "name": str(artifact),
        "href": artifact.get_absolute_url(),
    }
    bundle = reverse("artifact_bundle", args=[artifact.kind, artifact.org, artifact.name])
    return listed(request, DecidedForm(request.GET, artifact), crumbs=crumbs, bundle=bundle)


@open_to_all
@require_safe
def decisions(request: HttpRequest) -> HttpResponse:
    return listed(request, DecidedForm(request.GET, None), crumbs=None, bundle=reverse("decisions_bundle"))


@open_to_all
@require_safe
@of_artifact
def artifact_bundle(request: HttpRequest, artifact: Artifact) -> HttpResponseBase:
    named = f"{artifact.org}-{artifact.name}"
    return bundled(request, DecidedForm(request.GET, artifact), f"decisions on {artifact.kind} {artifact}", named)


@open_to_all
@require_safe
def decisions_bundle(request: HttpRequest) -> HttpResponseBase:
    return bundled(request, DecidedForm(request.GET, None), "decisions", "decisions")


def listed(request: HttpRequest, form: DecidedForm, *, crumbs: Mapping[str, str] | None, bundle: str) -> HttpResponse:
    """One and the same for everybody, signed in or not: it is about what all may know."""
    found, size = form.found(most=A_PAGE + 1), proving.size_signed()
    shown = found[:A_PAGE]
    told = {
        "lines": [
            {**line(each.step, size), "name": each.name, "title": each.title, "href": each.href} for each in shown
        ],
        "is_signed": any(is_signed(each.step, size) for each in shown),
        "further": cursor(shown[-1].mark) if len(found) > A_PAGE else "",
    }
    asked = QueryDict(mutable=True)
    asked.update({name: form.data[name] for name in form.fields if form.data.get(name)})
    frame = {"form": form, "asked": asked, "crumbs": crumbs, "bundle": bundle, "address": request.path}
    modified = max((each.mark.at for each in shown), default=None)
    return public_page(request, "reports/decisions.html", told, modified=modified, **frame)


def bundled(request: HttpRequest, form: DecidedForm, about: str, name: str) -> HttpResponseBase:
    """All that is asked for and signed, on however many pages. Raises Http404 if that is nothing."""
    size, found = proving.size_signed(), form.found(most=MOST + 1, is_paged=False)
    if form.errors:
        raise Http404
    if len(found) > MOST:
        refusal = _("A bundle holds %(most)d events at most. Ask for fewer days.") % {"most": MOST}
        return HttpResponse(refusal, status=400, content_type="text/plain; charset=utf-8")
    told: dict[int, dict[str, Any]] = {}
    for each in found:
        if each.step.sequence is not None and is_signed(each.step, size):
            told.setdefault(each.step.sequence, {})[each.name] = documented(each.step)
    narrowed = [f"{word} {value}" for word in form.fields if (value := form.cleaned_data[word])]
    words = ", ".join([about, *narrowed])
    return taken_away(request, words, name, told, modified=max((each.mark.at for each in found), default=None))


def cursor(mark: Mark) -> str:
    """Signed, with no time in it and nothing of what is hidden: the same line has the same cursor."""
    return CURSOR.sign_object([mark.at.isoformat(), mark.name, mark.place])


def mark_of(typed: str) -> Mark | None:
    """Raises BadSignature or ValueError for what nobody has made here."""
    if not typed:
        return None
    at, name, place = CURSOR.unsign_object(typed)
    moment = parse_datetime(at)
    if moment is None:
        raise ValueError(at)
    return Mark(moment, name, place)
