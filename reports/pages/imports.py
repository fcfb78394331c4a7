"""Filing many reports from a file: one's imports, a new one, how far each is, and what it left out.

Whoever has an account sees their own imports, even once they may hand in no more.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.actors import actor_of, needs, person
from accounts.policy import Act, Actor, allows
from reports.exporters.table import written
from reports.importers import FORMATS
from reports.importers.options import HIGH, LOW
from reports.imports.accepting import Announced, TooManyOpen, begin_whole, cancel, go_for_real, too_large
from reports.imports.keeping import KEPT, drop
from reports.imports.stowing import FAR_BEYOND, MAPPING_MAX, OnDisk, Stowed
from reports.imports.units import REJECTS_KEPT
from reports.models import Artifact, Import
from reports.naming import parse
from reports.pages.asked import storable
from reports.vocabulary import ImportState

PAGE = 25  # imports of the list, and rejections of a page
AT_ONCE = 1_000  # rejections read into memory together
NAMES: dict[str, tuple[str, str | Promise]] = {
    "garak": ("garak", gettext_lazy("A report log or a hit log of the scanner, .jsonl")),
    "inspect": ("Inspect AI", gettext_lazy("A log of an evaluation, .eval or .json")),
    "promptfoo": ("promptfoo", gettext_lazy("What an evaluation or a red team wrote, .json or .jsonl")),
    "avid": ("AVID", gettext_lazy("Reports of the AI Vulnerability Database, one a line")),
    "flare": ("FLARE", gettext_lazy("Flaw reports as JSON-LD; the format is provisional")),
    "csv": ("CSV", gettext_lazy("A table, with a mapping that says which column is which answer")),
    "telltale": ("Telltale", gettext_lazy("Our own: what the API takes, one report a line")),
}
REHEARSE, FILE = "rehearse", "file"
FIELDS = {"size": "file", "sha256": "file", "name": "file"}  # where a refusal stands whose field the form has not


class ImportForm(forms.Form):
    """A file, what wrote it, and what it does not say itself."""

    file = forms.FileField(
        label=gettext_lazy("The file"),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("There is nothing in this file."),
        },
    )
    format = forms.ChoiceField(
        label=gettext_lazy("What wrote it?"),
        widget=forms.RadioSelect,
        choices=[(name, NAMES.get(name, (name, ""))[0]) for name in sorted(FORMATS, key=list(NAMES).index)],
        error_messages={"required": gettext_lazy("Choose what wrote the file.")},
    )
    artifact = forms.CharField(
        label=gettext_lazy("What is it about?"),
        help_text=gettext_lazy("ORG/NAME. Leave it empty if the file says it."),
        max_length=260,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )
    mapping = forms.FileField(
        label=gettext_lazy("Mapping"),
        help_text=gettext_lazy("For a table: a file in TOML or JSON that says which column is which answer."),
        required=False,
    )
    scorer = forms.CharField(
        label=gettext_lazy("Scorer"),
        help_text=gettext_lazy("For Inspect AI: which of the scorers counts, if there are several."),
        max_length=200,
        required=False,
    )
    fails = forms.ChoiceField(
        label=gettext_lazy("Which end of a score is the failure?"),
        required=False,
        choices=[("", gettext_lazy("as usual")), (LOW, gettext_lazy("low")), (HIGH, gettext_lazy("high"))],
    )
    threshold = forms.FloatField(
        label=gettext_lazy("From where on"),
        help_text=gettext_lazy("The score from which a try has failed."),
        required=False,
    )
    aim = forms.ChoiceField(
        label=gettext_lazy("And then?"),
        widget=forms.RadioSelect,
        initial=REHEARSE,
        choices=[
            (REHEARSE, gettext_lazy("Rehearse only")),
            (FILE, gettext_lazy("File what it holds")),
        ],
    )

    def clean_file(self) -> Stowed:
        stowed: Stowed = self.cleaned_data["file"]
        if stowed.is_cut:
            raise ValidationError(too_large())
        if not stowed.stowed:
            raise ValidationError(_("It could not be kept just now. Try again later."))
        return stowed

    def clean_mapping(self) -> Mapping[str, Any] | None:
        file: UploadedFile[Any] | None = self.cleaned_data["mapping"]
        if not file:
            return None
        if (file.size or 0) > MAPPING_MAX:
            raise ValidationError(_("This is too long."))
        mapping = mapping_in(file.read())
        if mapping is None:
            raise ValidationError(_("This is neither TOML nor JSON."))
        return mapping

    def announced(self) -> Announced:
        told = self.cleaned_data
        stowed: Stowed = told["file"]
        options = {name: told[name] for name in ("artifact", "mapping", "scorer", "fails", "threshold")}
        return Announced(
            format=told["format"],
            name=stowed.name or "",
            size=stowed.size or 0,
            sha256=stowed.sha256,
            options={name: value for name, value in options.items() if value not in (None, "")},
            is_rehearsal=told["aim"] == REHEARSE,
        )

    def refuse(self, refusal: ValidationError) -> None:
        """Say beside each field what is wrong with it."""
        for name, sentences in refusal.message_dict.items():
            field = FIELDS.get(name, name)
            self.add_error(field if field in self.fields else None, sentences)


@needs(Act.OWN_ACCOUNT)
@require_safe
def imports(request: HttpRequest) -> HttpResponse:
    """One's own, the newest first; and who may hand in."""
    actor = actor_of(request)
    page = Paginator(Import.objects.visible_to(actor), PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(row, NAMES.get(row.format, (row.format, ""))[0]) for row in page],
        "may_import": allows(actor, Act.FILE_BULK),
        "operator_contact": settings.OPERATOR_CONTACT,
    }
    return render(request, "reports/imports.html", context)


@csrf_exempt  # asked for below: it reads the form, and by then it must be known where the file goes
@needs(Act.FILE_BULK)
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """The form; POST takes a file and leads to its page."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if request.method == "POST" and length.isdecimal() and int(length) > settings.IMPORT_LIMIT * FAR_BEYOND:
        return drawn(request, ImportForm(), refusal=too_large(), status=413)
    request.upload_handlers = [OnDisk(request)]
    answer: HttpResponse = taken(request)
    return answer


@csrf_protect
def taken(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return drawn(request, ImportForm())
    posted = request.POST.copy()
    for name in posted:
        posted.setlist(name, [storable(value) for value in posted.getlist(name)])
    form = ImportForm(posted, request.FILES)
    stowed = request.FILES.get("file")
    if form.is_valid():
        try:
            row = begin_whole(person(request), form.announced(), file=form.cleaned_data["file"].stowed)
        except ValidationError as refusal:
            form.refuse(refusal)
        except TooManyOpen as refusal:
            form.add_error(None, refusal.sentence)
        else:
            return redirect("import_progress", row.pk)
    if isinstance(stowed, Stowed) and stowed.stowed:
        drop(stowed.stowed)
    return drawn(request, form, status=422)


def drawn(request: HttpRequest, form: ImportForm, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "refusal": refusal,
        "hints": {name: hint for name, (_name, hint) in NAMES.items()},
        "aims": {
            REHEARSE: _("Nothing is filed. You are told how many reports it would add, and can file them then."),
            FILE: _("What is here already is left out."),
        },
        "limit": settings.IMPORT_LIMIT // 1_000_000,
        "more": bool(set(form.errors) & {"mapping", "scorer", "fails", "threshold"}),
    }
    return render(request, "reports/import_new.html", context, status=status)


def mapping_in(raw: bytes) -> Mapping[str, Any] | None:
    """What a file of TOML or JSON says; None if it is neither, or no table."""
    try:
        text = raw.decode("utf-8-sig")
        told = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        plain: dict[str, Any] = json.loads(json.dumps(told, default=str))  # TOML has dates
    except (ValueError, RecursionError):
        return None
    return plain


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one step of it is: of bytes, or of units."""

    done: int
    total: int

    @property
    def percent(self) -> int:
        return min(100, 100 * self.done // self.total) if self.total else 100


@needs(Act.OWN_ACCOUNT)
@require_safe
def import_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it has come, what became of it, and what can be done about it."""
    actor = actor_of(request)
    row = get_object_or_404(Import.objects.visible_to(actor), pk=pk)
    page = Paginator(row.rejects.all(), PAGE).get_page(request.GET.get("page"))
    context = {
        "row": row,
        "format": NAMES.get(row.format, (row.format, ""))[0],
        "progress": progress_of(row),
        "page": page,
        "kept": REJECTS_KEPT if row.rejected > REJECTS_KEPT else 0,
        "options": options_of(row),
        "artifact": artifact_of(row, actor),
        "may_import": allows(actor, Act.FILE_BULK),
        "days": KEPT.days,
    }
    return render(request, "reports/import.html", context)


@needs(Act.OWN_ACCOUNT)
@require_POST
def import_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    cancel(get_object_or_404(Import.objects.visible_to(actor_of(request)), pk=pk))
    return redirect("import_progress", pk)


@needs(Act.OWN_ACCOUNT)
@require_POST
def import_file(request: HttpRequest, pk: int) -> HttpResponse:
    """File what was rehearsed, without sending it again."""
    row = get_object_or_404(Import.objects.visible_to(actor_of(request)), pk=pk)
    if not allows(actor_of(request), Act.FILE_BULK):
        raise PermissionDenied
    try:
        go_for_real(row)
    except ValidationError as refusal:
        messages.error(request, refusal.messages[0])
    return redirect("import_progress", pk)


@needs(Act.OWN_ACCOUNT)
@require_safe
def import_rejects(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """What was not filed and why, as a table."""
    row = get_object_or_404(Import.objects.visible_to(actor_of(request)), pk=pk)
    rejects = row.rejects.values_list("line", "reason").iterator(AT_ONCE)
    told = StreamingHttpResponse(written(("line", "reason"), rejects), content_type="text/csv; charset=utf-8")
    told["Content-Disposition"] = f'attachment; filename="telltale-import-{row.pk}-rejects.csv"'
    return told


def progress_of(row: Import) -> Progress:
    if row.state == ImportState.UPLOADING:
        return Progress(row.offset, row.size)
    if row.found is None:
        return Progress(row.bytes_read, row.size)
    return Progress(row.read, row.found)


def options_of(row: Import) -> list[tuple[str, str]]:
    """What was said beside the file, in words."""
    fields = ImportForm.base_fields
    return [
        (str(fields[name].label), json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value))
        for name, value in row.options.items()
        if name in fields
    ]


def artifact_of(row: Import, actor: Actor) -> Artifact | None:
    """The page of what it was said to be about, if there is one for whoever asks."""
    org, name = parse(row.options.get("artifact", ""))
    return Artifact.objects.visible_to(actor).filter(org=org, name=name).first() if org and name else None
