"""The form: one page, then check answers, then the receipt. Works without JavaScript; back never loses text."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_of, needs
from accounts.network import network_of
from accounts.policy import Act
from reports.filing import AlreadyFiled, file_report
from reports.forms import KIND_LABELS, VISIBILITIES, ReportForm
from reports.pages.receipt import await_receipt, keep_open
from reports.vocabulary import Channel


@needs(Act.FILE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest) -> HttpResponse:
    """GET asks; POST ``step=check`` shows the answers again, ``step=send`` files, ``step=change`` goes back."""
    if request.method != "POST":
        return ask(request, ReportForm(initial=prefilled(request)))
    form = ReportForm(request.POST)
    is_good, step = form.is_valid(), request.POST.get("step", "check")
    if step == "change":
        return ask(request, ReportForm(initial=request.POST.dict()))
    if not is_good:
        return ask(request, form)
    return send(request, form) if step == "send" else show(request, form)


def prefilled(request: HttpRequest) -> dict[str, str]:
    """``?model=org/name``, and ``?kind=system`` where it is not a model, say what it is about."""
    fields = {"artifact": request.GET.get("model", ""), "artifact_kind": request.GET.get("kind", "model")}
    return {name: value for name, value in fields.items() if value}


def ask(request: HttpRequest, form: ReportForm) -> HttpResponse:
    hints = {
        "kind_hints": {kind.value: example for kind, (_label, example) in KIND_LABELS.items()},
        "visibility_hints": {value.value: hint for value, (_label, hint) in VISIBILITIES.items()},
    }
    return render(request, "reports/report.html", {"form": form, **hints})


def show(request: HttpRequest, form: ReportForm) -> HttpResponse:
    """Check your answers: each with its question; what was left empty is not listed, the form is a step back."""
    await_receipt(request)
    shown = [name for name in form.fields if name not in ("once", "consent") and form.cleaned_data.get(name)]
    lines = [{"question": form[name].label, "answer": said(form, name)} for name in shown]
    return render(request, "reports/check.html", {"form": form, "answers": lines})


def said(form: ReportForm, name: str) -> str:
    """An answer as a person reads it: the label of a choice, the text of anything else."""
    choices = dict(getattr(form.fields[name], "choices", None) or {})
    value = form.cleaned_data[name]
    return str(choices.get(value, value))


def send(request: HttpRequest, form: ReportForm) -> HttpResponse:
    try:
        receipt = file_report(
            form.answers(), channel=Channel.FORM, actor=actor_of(request), network=network_of(request)
        )
    except AlreadyFiled as filed:  # sent twice, or reloaded
        return redirect(filed.report)
    keep_open(request, receipt.report, code=receipt.code)
    return redirect(receipt.report)
