"""Forms of the moves that say where reports belong, and what the engine got right."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.policy import Actor
from reports.models import Issue, Placement, Report
from reports.vocabulary import Status
from triage.bounds import home_of_issue
from triage.forms.base import MOST_REVISION, MoveForm, ReportForm, WordedForm
from triage.models import Proposal
from triage.moves.placing import MOVED_AT_MOST, too_many
from triage.proposals import proposals_about

NUMBER = re.compile(r"TT-\d{4}-\d{5,}", re.IGNORECASE)
ADDRESS = re.compile(r"/triage/(\d{1,18})(?=[/?#]|$)")  # of a page of the desk, the workbench too
DIGITS = re.compile(r"#?(\d{1,18})/?")
TICKED_AT_MOST = 500  # reports, which an address still holds; the engine's own cut is named by its id
NO_SUCH_ISSUE = _("There is no such issue.")


def issue_meant(typed: str, actor: Actor) -> Issue | None:
    """The issue that a number, an id or the address of one of its pages names, if it may be seen."""
    issues = Issue.objects.visible_to(actor).select_related("family")
    if number := NUMBER.search(typed):
        return issues.filter(number=number[0].upper()).first()
    named = ADDRESS.search(typed) or DIGITS.fullmatch(typed.partition("?")[0].strip())
    return issues.filter(pk=int(named[1])).first() if named else None


def home_meant(typed: str, actor: Actor) -> Issue:
    """The same, or what it became part of. Raises ValidationError with a sentence if there is none."""
    found = issue_meant(typed, actor)
    if found is not None and found.status == Status.MERGED:
        found = Issue.objects.visible_to(actor).select_related("family").filter(pk=home_of_issue(found.pk)).first()
    if found is None:
        raise forms.ValidationError(NO_SUCH_ISSUE)
    return found


class PlaceForm(ReportForm):
    target = forms.CharField(label=_("Issue"), help_text=_("Its number, or the address of its page."), max_length=300)

    def clean_target(self) -> Issue:
        return home_meant(str(self.cleaned_data["target"]), self.actor)


class OtherForm(WordedForm):
    """Which other issue is meant, before anything is decided. ``followed`` is what was named, where that is merged."""

    other = forms.CharField(
        label=_("The other issue"),
        help_text=_("Its number, its id, or the address of its page."),
        max_length=300,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"}),
    )

    def __init__(self, *args: Any, issue: Issue, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.actor = actor
        self.followed: Issue | None = None

    def clean_other(self) -> Issue:
        typed = str(self.cleaned_data["other"])
        found, named = home_meant(typed, self.actor), issue_meant(typed, self.actor)
        self.followed = named if named != found else None
        if found.pk == self.issue.pk:
            raise forms.ValidationError(
                _("That issue is part of this one already.") if self.followed else _("That is this issue itself.")
            )
        if found.status == Status.DISMISSED:
            raise forms.ValidationError(_("That issue is dismissed. Reopen it first."))
        families = {found.family_id, self.issue.family_id}
        if len(families) > 1 and not (found.family.is_unknown or self.issue.family.is_unknown):
            raise forms.ValidationError(_("That issue is about another family; grouping never crosses families."))
        return found


class MergeForm(MoveForm):
    """``issue`` is the one that becomes part of ``target``; ``target_revision`` is what the page showed of that."""

    target = forms.CharField(max_length=300, widget=forms.HiddenInput)
    target_revision = forms.IntegerField(required=False, min_value=0, max_value=MOST_REVISION, widget=forms.HiddenInput)
    despite = forms.BooleanField(label=_("Merge all the same"), required=False)

    def clean_target(self) -> Issue:
        found = home_meant(str(self.cleaned_data["target"]), self.actor)
        if found.pk == self.issue.pk:
            raise forms.ValidationError(_("That is this issue itself."))
        return found


class SplitForm(MoveForm):
    """Which reports leave: ids with commas between them, or else those of the engine's ``proposal``."""

    reports = forms.CharField(required=False, max_length=20 * TICKED_AT_MOST, widget=forms.HiddenInput)
    proposal = forms.ModelChoiceField(queryset=Proposal.objects.none(), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("proposal", proposals_about(self.issue).filter(other=None))

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        proposal = self.cleaned_data["proposal"]
        named = ids_in(self.cleaned_data["reports"])
        placed = Placement.objects.active().filter(
            issue=self.issue, report__in=named or getattr(proposal, "report_ids", [])
        )
        leaving = Report.objects.visible_to(self.actor).filter(pk__in=placed.values("report"))
        found = list(leaving.select_related("artifact", "version"))
        if not found or len(found) < len(named):
            self.add_error("reports", _("Say which reports of this issue are to leave it."))
        if len(found) > MOVED_AT_MOST or len(named) > TICKED_AT_MOST:
            self.add_error("reports", too_many(TICKED_AT_MOST if named else MOVED_AT_MOST))
        self.cleaned_data["reports"] = found


def ids_in(typed: str) -> list[int]:
    """The ids in "12,7,x,12", each once.

    >>> ids_in("12,7,x,12")
    [12, 7]
    """
    known = (part for part in typed.split(",") if part.isdecimal() and len(part) < 19)
    return list(dict.fromkeys(int(part) for part in known))


class LookForm(MoveForm):
    pass


class ReleaseForm(ReportForm):
    """One report, or all that are held in the issue."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["report"].required = False


class RefuseForm(MoveForm):
    proposal = forms.ModelChoiceField(queryset=Proposal.objects.none(), widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer("proposal", proposals_about(self.issue))
