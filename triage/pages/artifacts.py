"""The artifact desk: what waits to be confirmed, and of each artifact what it is, is called, came from and was."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.models import Grant, Role
from accounts.policy import Act, Actor
from reports.filters import LONGEST_SEARCH, words_in
from reports.models import Affected, Artifact, Report
from reports.models.artifact import UNKNOWN
from reports.pages.asked import id_in, storable
from reports.vocabulary import Relation
from triage import catalogue
from triage.annals import annals_of, told
from triage.catalogue import Change, NameTaken, shown_of
from triage.comparison import isolated
from triage.duplicates import duplicate
from triage.families import Shift
from triage.forms.artifacts import (
    AliasForm,
    CatalogueForm,
    FactsForm,
    MergeForm,
    OrderForm,
    PressForm,
    StepForm,
    VersionForm,
)
from triage.models import Decision
from triage.pages.refusals import status_of
from triage.pages.said import undoable

PAGE = 25  # rows of the list
MOST_VERSIONS = 200
WAITING, CONFIRMED, ALL = "waiting", "confirmed", "all"
STATES: Mapping[str, tuple[Promise, Q]] = {
    WAITING: (gettext_lazy("Waiting to be confirmed"), Q(confirmed_at=None)),
    CONFIRMED: (gettext_lazy("Confirmed"), Q(confirmed_at__isnull=False)),
    ALL: (gettext_lazy("All"), Q()),
}


@dataclass(frozen=True, slots=True)
class Way:
    """How one kind of act is made: its form, the section shown, the call, and which of ``ROWS`` it is about."""

    form: type[CatalogueForm]
    section: str
    act: Callable[..., Decision]
    about: str = ""  # the artifact itself


@needs(Act.DECIDE)
@require_safe
def artifact_desks(request: HttpRequest) -> HttpResponse:
    """Artifacts by state, those that wait by how many reports are about them; a search looks among all."""
    typed = storable(request.GET.get("q", ""))[:LONGEST_SEARCH].strip()
    state = request.GET.get("state", "")
    state = state if state in STATES else ALL if typed else WAITING
    known = Artifact.objects.visible_to(actor_of(request)).filter(merged_into=None).exclude(org="", name=UNKNOWN)
    found = _counted(_called(known.filter(STATES[state][1]), typed))
    order = (
        ("-report_count", "org", "name")
        if state == WAITING
        else (F("confirmed_at").asc(nulls_first=True), "org", "name")
    )
    page = Paginator(found.order_by(*order), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "typed": typed,
        "state": state,
        "waiting": known.filter(confirmed_at=None).count(),
        "states": [{"value": value, "words": words} for value, (words, _which) in STATES.items()],
    }
    return render(request, "triage/artifact_desks.html", context)


@needs(Act.DECIDE)
@require_safe
def artifact_desk(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one artifact; what was merged leads to what it is part of."""
    artifact = _artifact(request, pk)
    if artifact.merged_into_id:
        return redirect("artifact_desk", artifact.merged_into_id)
    return _desk(request, artifact)


@needs(Act.DECIDE)
@require_POST
def artifact_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the change that ``verb`` names."""
    artifact = _artifact(request, pk)
    verb = request.POST.get("verb", "")
    if verb not in WAYS:
        messages.error(request, _("There is no such move."))
        return _desk(request, artifact, status=422)
    way = WAYS[verb]
    form = way.form(request.POST, artifact=artifact, actor=actor_of(request), auto_id=f"{_key(request)}_%s")
    if not form.is_valid():
        return _refused(request, artifact, form)
    try:
        decision = way.act(_meant(way, artifact, request.POST), by=person(request), **form.told())
    except ValidationError as refusal:
        return _refused(request, artifact, form, refusal)
    _say(request, decision)
    return redirect("artifact_desk", decision.artifact_id)


@needs(Act.DECIDE)
@require_safe
def artifact_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """What merging with ``?other=`` would move; ``?way=in`` makes the other one the survivor."""
    artifact = _artifact(request, pk)
    form = MergeForm(request.GET if "other" in request.GET else None, artifact=artifact, actor=actor_of(request))
    found, other, is_inwards = None, None, request.GET.get("way") == "in"
    if form.is_bound and form.is_valid():
        other = form.cleaned_data["other"]  # kept here: an error on the field takes it out of there
        loser, survivor = (artifact, other) if is_inwards else (other, artifact)
        try:
            found = duplicate(loser, survivor)
        except ValidationError as refusal:
            form.add_error("other", refusal)
    context = {
        "artifact": artifact,
        "form": form,
        "found": found,
        "other": other,
        "way": "out" if is_inwards else "in",
        "is_inwards": is_inwards,
        "shown": shown_of("whole", found.survivor, found.loser) if found else "",
        "can_turn": not found or bool(found.loser.confirmed_at) == bool(found.survivor.confirmed_at),
    }
    return render(request, "triage/artifact_merge.html", context, status=422 if form.errors else 200)


@needs(Act.DECIDE)
@require_safe
def artifact_lineage(request: HttpRequest, pk: int) -> HttpResponse:
    """Whose family would change by a step that is added (``?relation=&other=``) or removed (``?step=``)."""
    artifact = _artifact(request, pk)
    context: dict[str, Any] = {"artifact": artifact}
    step = _row(artifact.parents.select_related("parent", "child"), request.GET.get("step", ""))
    if step is not None:
        shift = catalogue.shift_without(step)
        context |= {"step": step, "parent": step.parent, "relation": Relation(step.relation)}
    else:
        asked = request.GET if "other" in request.GET else None
        form = StepForm(asked, artifact=artifact, actor=actor_of(request))
        shift = None
        if form.is_bound and form.is_valid():
            parent, relation = form.cleaned_data["other"], form.cleaned_data["relation"]
            try:
                shift = catalogue.shift_by(artifact, parent, relation)
            except ValidationError as refusal:
                form.add_error("other", refusal)
            context |= {"parent": parent, "relation": Relation(relation)}
        context |= {"form": form}
    if shift is not None:
        context |= _shifted(shift) | {"shown": shown_of("lineage", artifact, context["parent"])}
    return render(request, "triage/artifact_lineage.html", context, status=422 if step is None and form.errors else 200)


@needs(Act.DECIDE)
@require_POST
def artifact_undo(request: HttpRequest, pk: int, decision: int) -> HttpResponse:
    """Take back a decision on the artifact, or on one that was merged into it, and show the desk again."""
    artifact = _artifact(request, pk)
    about = Decision.objects.filter(Q(artifact=artifact) | Q(artifact__merged_into=artifact))
    made = get_object_or_404(about.select_related("artifact"), pk=decision)
    try:
        catalogue.undo(made, by=person(request))
    except ValidationError as refusal:
        return _refused(request, artifact, None, refusal)
    messages.success(request, _("Undone."))
    return redirect("artifact_desk", artifact.pk)


# What the buttons do


def _merge(artifact: Artifact, *, other: Artifact, way: str, **told: Any) -> Decision:
    loser, survivor = (artifact, other) if way == "in" else (other, artifact)
    return catalogue.merge_artifact(loser, survivor, **told)


WAYS: Mapping[str, Way] = {
    Change.CONFIRM: Way(PressForm, "facts", catalogue.confirm_artifact),
    Change.DESCRIBE: Way(FactsForm, "facts", catalogue.describe),
    Change.ADD_ALIAS: Way(AliasForm, "names", catalogue.add_alias),
    Change.END_ALIAS: Way(PressForm, "names", catalogue.end_alias, "alias"),
    Change.ADD_VERSION: Way(VersionForm, "versions", catalogue.add_version),
    Change.CHANGE_VERSION: Way(VersionForm, "versions", catalogue.change_version, "version"),
    Change.ORDER_VERSIONS: Way(OrderForm, "versions", catalogue.order_version, "version"),
    Change.DROP_VERSION: Way(PressForm, "versions", catalogue.drop_version, "version"),
    Change.ADD_STEP: Way(StepForm, "lineage", catalogue.add_step),
    Change.END_STEP: Way(PressForm, "lineage", catalogue.end_step, "step"),
    Change.MERGE: Way(MergeForm, "whole", _merge),
}
ROWS: Mapping[str, Callable[[Artifact], "QuerySet[Any]"]] = {
    "alias": lambda artifact: artifact.aliases.all(),
    "version": lambda artifact: artifact.versions.all(),
    "step": lambda artifact: artifact.parents.select_related("parent", "child"),
}


def _meant(way: Way, artifact: Artifact, asked: Mapping[str, str]) -> Any:
    """What the act is about. Raises ValidationError if that is gone or never was."""
    if not way.about:
        return artifact
    row = _row(ROWS[way.about](artifact), asked.get(way.about, ""))
    if row is None:
        raise ValidationError(_("It is not there any more. Look again before you decide."), code="changed")
    return row


def _row(rows: "QuerySet[Any]", pk: str) -> Any:
    return rows.filter(pk=id_in(pk)).first()


# What is shown


def _artifact(request: HttpRequest, pk: int) -> Artifact:
    known = Artifact.objects.visible_to(actor_of(request)).select_related("family")
    artifact = get_object_or_404(known, pk=pk)
    if artifact.is_unknown:
        raise Http404
    return artifact


def _called(artifacts: "QuerySet[Artifact]", typed: str) -> "QuerySet[Artifact]":
    """Those in whose names, title or developer every word stands."""
    for word in words_in(typed):
        asked = Q()
        for name in ("org", "name", "title", "developer", "aliases__name", "merged_from__name", "merged_from__org"):
            asked |= Q(**{f"{name}__icontains": word})
        org, slash, name = word.partition("/")
        if slash:
            asked |= Q(org__iexact=org, name__icontains=name)
        artifacts = artifacts.filter(pk__in=Artifact.objects.filter(asked).values("pk"))
    return artifacts


def _counted(artifacts: "QuerySet[Artifact]") -> "QuerySet[Artifact]":
    """With ``report_count`` about each and ``issue_count`` that name it."""
    about = Report.objects.filter(artifact=OuterRef("pk")).order_by().values("artifact")
    named = (
        Affected.objects.filter(artifact=OuterRef("pk")).exclude(issue__status="merged").order_by().values("artifact")
    )
    return artifacts.annotate(
        report_count=Coalesce(Subquery(about.annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField()),
        issue_count=Coalesce(Subquery(named.annotate(n=Count("pk")).values("n")), 0, output_field=IntegerField()),
    )


def _desk(
    request: HttpRequest,
    artifact: Artifact,
    *,
    status: int = 200,
    bound: CatalogueForm | None = None,
    kept: Mapping[str, str] | None = None,
    **said: Any,
) -> HttpResponse:
    counted = _counted(Artifact.objects.filter(pk=artifact.pk)).get()
    key = _key(request) if bound is not None else ""
    actor = actor_of(request)
    versions = _versions_of(artifact, actor, key, bound)
    shown = {section: shown_of(section, artifact) for section in ("facts", "names", "versions", "lineage")}
    shown |= kept or {}
    context = {
        "artifact": artifact,
        "report_count": counted.report_count,  # type: ignore[attr-defined] # annotated above
        "issue_count": counted.issue_count,  # type: ignore[attr-defined] # annotated above
        "facts": _facts(artifact),
        "forms": _forms(artifact, actor, key, bound),
        "aliases": list(artifact.aliases.order_by("name")),
        "placed": [row for row in versions if row["version"].position is not None],
        "unplaced": [row for row in versions if row["version"].position is None],
        "parents": list(artifact.parents.select_related("parent")),
        "children": list(artifact.children.select_related("child").order_by("child__org", "child__name")),
        "merged": list(artifact.merged_from.order_by("org", "name")),
        "kin_count": Artifact.objects.filter(family=artifact.family_id, merged_into=None).count(),
        "maintainer_count": Grant.objects.filter(role=Role.MAINTAINER, artifact_id=artifact.pk, ended_at=None).count(),
        "alike": _alike(artifact),
        "annals": annals_of(artifact),
        "shown": shown,
        "opened": key,
        **said,
    }
    return render(request, "triage/artifact_desk.html", context, status=status)


def _forms(artifact: Artifact, actor: Actor, key: str, bound: CatalogueForm | None) -> dict[str, CatalogueForm]:
    """One of each that takes words; what could not be taken is shown again, with what stands now as ``shown``."""
    asked = {Change.DESCRIBE: FactsForm, Change.ADD_ALIAS: AliasForm, Change.ADD_VERSION: VersionForm}
    asked |= {Change.ADD_STEP: StepForm, Change.MERGE: MergeForm}
    return {
        str(verb): bound
        if bound is not None and verb == key
        else form(artifact=artifact, actor=actor, auto_id=f"{verb}_%s")
        for verb, form in asked.items()
    }


def _facts(artifact: Artifact) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = [
        {"term": _("Title"), "value": artifact.title},
        {"term": _("Developer"), "value": artifact.developer},
        {"term": _("Deployer"), "value": artifact.deployer},
        {"term": _("Access"), "value": artifact.get_access_display()},
        {"term": _("Intended use"), "value": artifact.intended_use},
        {"term": _("Known limitations"), "value": artifact.known_limitations},
        {"term": _("Data collection"), "value": artifact.data_collection},
        {"term": _("Address of its card"), "value": artifact.card_url, "href": artifact.card_url},
    ]
    return [fact for fact in facts if fact["value"]]


def _versions_of(artifact: Artifact, actor: Actor, key: str, bound: CatalogueForm | None) -> list[dict[str, Any]]:
    """The newest first, those without a place after them; each with its reports and the form that changes it."""
    rows = artifact.versions.annotate(report_count=Count("reports")).order_by(
        F("position").desc(nulls_last=True), "name"
    )
    versions = list(rows[:MOST_VERSIONS])
    placed = [version.pk for version in versions if version.position is not None]
    told = []
    for version in versions:
        name = f"{Change.CHANGE_VERSION}_{version.pk}"
        form = VersionForm(artifact=artifact, actor=actor, version=version, auto_id=f"{name}_%s")
        told.append(
            {
                "version": version,
                "key": name,
                "form": bound if bound is not None and name == key else form,
                "is_newest": placed[:1] == [version.pk],
                "is_oldest": placed[-1:] == [version.pk],
            }
        )
    return told


def _alike(artifact: Artifact) -> list[Artifact]:
    """Others of the kind that are spelt alike but for signs and case: perhaps the same."""
    if artifact.confirmed_at is not None:
        return []
    letters = "".join(sign for sign in artifact.name.lower() if sign.isalnum())
    spelt = Artifact.objects.filter(kind=artifact.kind, merged_into=None).exclude(pk=artifact.pk)
    return list(
        spelt.extra(where=["regexp_replace(lower(name), '[^[:alnum:]]', '', 'g') = %s"], params=[letters]).order_by(
            "org", "name"
        )[:5]
    )


def _shifted(shift: Shift) -> dict[str, Any]:
    """The preview in names and counts."""
    named = Artifact.objects.filter(pk__in=[*shift.artifacts, *shift.artifacts.values()])
    names = {artifact.pk: str(artifact) for artifact in named}
    moved = sorted((names[pk], names[family]) for pk, family in shift.artifacts.items())
    return {"shift": shift, "moved": moved, "issue_count": len(shift.issues)}


def _key(request: HttpRequest) -> str:
    """Which form of the page was sent: there is one for each version."""
    verb, version = request.POST.get("verb", ""), request.POST.get("version", "")
    return f"{verb}_{version}" if verb == Change.CHANGE_VERSION else verb


def _refused(
    request: HttpRequest, artifact: Artifact, form: CatalogueForm | None, refusal: ValidationError | None = None
) -> HttpResponse:
    """The desk again as it stands now, with what was typed, and what changed meanwhile or whose the name is."""
    said: dict[str, Any] = {}
    status = 422
    artifact = _artifact(request, artifact.pk)
    if refusal is not None:
        code = getattr(refusal, "code", "")
        status = status_of(refusal)
        said["since"] = [told(decision) for decision in getattr(refusal, "since", [])]
        said["taken"] = refusal.artifact if isinstance(refusal, NameTaken) else None
        at = next((name for name in ("name", "other") if form is not None and name in form.fields), None)
        if form is not None and at and status == 422 and code not in ("apart", "unchanged", "too_many"):
            form.add_error(at, refusal.messages[0])
        else:
            messages.error(request, refusal.messages[0])
    if form is not None:
        for sentence in (
            each for name, errors in form.errors.items() if name not in _shown_fields(form) for each in errors
        ):
            messages.error(request, str(sentence))
        if status == 422:  # what was typed was typed beside what that page showed, not this one
            said["kept"] = {WAYS[request.POST["verb"]].section: request.POST.get("shown", "")}
    return _desk(request, artifact, status=status, bound=form, **said)


def _shown_fields(form: CatalogueForm) -> set[str]:
    """Fields whose errors stand beside them."""
    return set() if isinstance(form, PressForm | OrderForm) else {field.name for field in form.visible_fields()}


def _say(request: HttpRequest, decision: Decision) -> None:
    back = reverse("artifact_undo", args=[decision.artifact_id, decision.pk])
    messages.success(request, undoable(request, isolated(told(decision).words), back))
