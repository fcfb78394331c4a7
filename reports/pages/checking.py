"""Check your answers: what would be filed, what may be private in it, and what is promised, before anything is sent."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs
from accounts.network import network_of
from accounts.policy import Act
from reports.choices import LANGUAGES
from reports.drafts import KEPT, carries_draft, discard, draft_of, fields_of, keep, notes_of
from reports.filing import AlreadyFiled, Refused, file_report
from reports.forms import ReportForm
from reports.lanes import TooMany, trapped
from reports.models import Draft, Report
from reports.pages import masking
from reports.pages.asked import storable
from reports.pages.known import found_for
from reports.pages.masking import Masking
from reports.pages.receipt import await_receipt, keep_open, newest_open
from reports.pages.refusing import refused
from reports.promises import promises
from reports.showing import beside
from reports.templatetags.looks import first_input
from reports.traps import DRAWN
from reports.vocabulary import Channel

TOO_MANY = 429
TOLD_APART = frozenset({"shown_by", "conversation", "prompt", "output", "system_prompt", "language"})  # below the rows
NOT_SHOWN = frozenset({"once", "confirms", "consent", "gate", "unknown_artifact", "may_contact", "wants_credit"})


@dataclass(frozen=True, slots=True)
class Row:
    """One answer beside its question; ``href`` leads to the very field."""

    question: str | Promise
    answer: str
    href: str


@needs(Act.FILE)
@carries_draft
@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """GET shows the answers out of the draft; POST ``step=`` sends them, or changes the draft and shows them again."""
    if request.method == "POST":
        return refused(request) or STEPS.get(request.POST.get("step", ""), changed)(request)
    return show(request)


def show(request: HttpRequest) -> HttpResponse:
    if not fields_of(request):
        return nothing_there(request)
    settle(request)
    draft = Masking.of(request)
    if not draft.form.is_valid():
        return ask_again()
    await_receipt(request)
    answers = draft.form.answers()
    told = {
        "form": draft.form,
        "rows": rows(draft.form),
        "turns_href": href(draft.form, conversation_field(draft.form)),
        "languages": LANGUAGES,
        "files": beside(actor_of(request), draft=draft_of(request)),
        "masking": draft,
        "promises": promises(answers, has_account=request.user.is_authenticated, draft_days=KEPT.days),
        "once": draft.fields["once"],
        "seen": seen(draft.fields),
        "known": found_for(answers),
    }
    return render(request, "reports/check.html", told)


def settle(request: HttpRequest) -> None:
    """Give the draft a key by which it is filed once, and judge how it was filled in while that can be told."""
    fields, notes = fields_of(request), notes_of(request)
    once = fields.get("once") or secrets.token_urlsafe(16)
    trap = [fields.get(DRAWN, ""), is_trapped(request)]
    if once != fields.get("once") or trap != notes.get("trap"):
        keep(request, {**fields, "once": once}, notes={**notes, "trap": trap})


def rows(form: ReportForm) -> list[Row]:
    """Each answer that was given, in the order of the form. What was left empty is not listed."""
    asked = [name for name in form.fields if name not in TOLD_APART | NOT_SHOWN]
    told = [Row(form[name].label, said(form, name), href(form, name)) for name in asked]
    return [row for row in told if row.answer]


def said(form: ReportForm, name: str) -> str:
    """An answer as a person reads it: the label of a choice, the text of anything else; "" if there is none."""
    cleaned = form.cleaned_data
    if name == "artifact" and not cleaned.get(name) and cleaned.get("unknown_artifact"):
        return str(form.fields["unknown_artifact"].label)
    if name == "visibility":
        return str(dict(form.fields[name].choices)[form.visibility_said])  # type: ignore[attr-defined] # a ChoiceField
    if ASKS_LEAVE.get(name) and not cleaned.get(ASKS_LEAVE[name]):
        return ""  # written, and not to be sent
    value = cleaned.get(name, "")
    choices = dict(getattr(form.fields[name], "choices", None) or {})
    return str(choices.get(value, value)) if value else ""


ASKS_LEAVE = {"contact_email": "may_contact", "credit_name": "wants_credit"}


def href(form: ReportForm, name: str) -> str:
    """The form, at the field of that name."""
    return f"{reverse('report')}#{first_input(form[name])}"


def conversation_field(form: ReportForm) -> str:
    """Where the conversation was written; where it would be, if it was not."""
    shown = [name for name in (*form.told.fields, "shown_by") if name in form.fields]
    return shown[0] if shown else "what_happened"


def seen(fields: Mapping[str, str]) -> str:
    """A short name for the answers as they are shown: another tab may change them meanwhile."""
    return hashlib.sha256(json.dumps(dict(fields), sort_keys=True).encode()).hexdigest()[:16]


def nothing_there(request: HttpRequest) -> HttpResponse:
    told = _("There is nothing to check yet, or it is no longer kept. Write it here.")
    if sent := newest_open(request):
        link = format_html('<a href="{}">{}</a>', sent.get_absolute_url(), _("Open its receipt"))
        told = format_html("{} {} {}", told, _("What was sent has its receipt."), link)
    messages.warning(request, told)
    return redirect("report")


def ask_again() -> HttpResponse:
    """The form, which says what is wrong with the draft."""
    return redirect(reverse("report") + "?again=1")


def changed(request: HttpRequest) -> HttpResponse:
    """A step of masks or of the language: the draft changes, and is shown again. An unknown one only shows it."""
    draft, step = Masking.of(request), masking.STEPS.get(request.POST.get("step", ""))
    if draft.fields and step:
        try:
            step(request, draft, request.POST.get("key", ""))
        except ValidationError as refusal:  # too long with its marks, or deleted from another tab meanwhile
            messages.error(request, " ".join(refusal.messages))
    return redirect(reverse("report_check") + ("#masks" if step else ""))


def speak_of(request: HttpRequest) -> HttpResponse:
    """The language was guessed wrong."""
    language, fields = request.POST.get("language", ""), fields_of(request)
    if fields and language in dict(LANGUAGES):
        keep(request, {**fields, "language": language})
    return redirect(reverse("report_check") + "#id_language")


def send(request: HttpRequest) -> HttpResponse:
    """File the draft as it was shown, and delete it. Sent twice, also at once, it is one report with one receipt."""
    draft, fields = draft_of(request), fields_of(request)
    if draft is None:
        return sent_before(request)
    form = ReportForm(fields)
    if not form.is_valid():
        return ask_again()
    if request.POST.get("seen") != seen(fields):
        messages.warning(request, _("Your answers have changed since they were shown. Look at them again."))
        return redirect("report_check")
    try:
        receipt = file_report(
            form.answers(),
            channel=Channel.FORM,
            actor=actor_of(request),
            network=network_of(request),
            draft=draft,
            is_trapped=is_trapped(request),
        )
    except AlreadyFiled as filed:
        return filed_already(request, filed.report, draft)
    except TooMany as refusal:
        return put_off(request, refusal)
    except Refused:
        return ask_again()
    discard(request)
    keep_open(request, receipt.report, code=receipt.code)
    return redirect(receipt.report)


def is_trapped(request: HttpRequest) -> bool:
    """Whether the form was filled in as no person does: judged when it was saved, for a draft may rest for days."""
    sent = fields_of(request)
    judged = notes_of(request).get("trap", [])
    if judged[:1] == [sent.get(DRAWN, "")]:
        return bool(judged[1])
    draft = draft_of(request)
    return trapped(sent, at=draft.saved_at if draft else None)


def sent_before(request: HttpRequest) -> HttpResponse:
    """There is no draft: it was sent by the first of two presses, or from another tab; else it is too old."""
    once = storable(request.POST.get("once", "")[:300])
    report = Report.objects.filter(source=Channel.FORM, source_key=once).first() if once else None
    return redirect(report) if report else nothing_there(request)


def filed_already(request: HttpRequest, report: Report, draft: Draft) -> HttpResponse:
    """By the first of two presses. Or a tab left open has saved the form again since: what stands in it may be new."""
    if draft.saved_at < report.filed_at:
        discard(request)
        return redirect(report)
    keep(request, {**fields_of(request), "once": secrets.token_urlsafe(16)})
    told = _("This report was sent before. What you have written since is still here as a draft, unsent.")
    messages.warning(request, told)
    return redirect(report)


def put_off(request: HttpRequest, refusal: TooMany) -> HttpResponse:
    """The draft stays, so that nothing has to be written again."""
    messages.error(request, f"{refusal.sentence} " + _("What you wrote is kept until then."))
    response = show(request)
    response.status_code = TOO_MANY
    for name, value in refusal.headers.items():
        response[name] = value
    return response


STEPS: dict[str, Callable[[HttpRequest], HttpResponse]] = {"send": send, "language": speak_of}
