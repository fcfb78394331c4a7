"""What was done, said in a toast that carries its undo."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from reports.models import Affected, Issue
from triage.comparison import isolated
from triage.models import Decision
from triage.moves import Verb
from triage.queue import title_in_words, titled

SENTENCES = {
    Verb.CONFIRM: _("Confirmed “{title}” as {number}."),
    Verb.RESOLVE: _("Resolved “{title}”."),
    Verb.DISMISS: _("Dismissed “{title}”."),
    Verb.REOPEN: _("Reopened “{title}”."),
    Verb.PLACE: _("Placed the report in “{title}”."),
    Verb.KEEP: _("The report stays in “{title}”."),
    Verb.PART: _("Took the report out of “{title}”, into an issue of its own."),
    Verb.LOOK: _("Looked at why “{title}” grows."),
    Verb.REFUSE: _("Refused what the engine proposed for “{title}”."),
    Verb.MERGE: _("Merged into “{title}”."),
    Verb.SPLIT: _("Split “{title}” in two."),
    Verb.SNOOZE: _("Snoozed “{title}”."),
    Verb.WAKE: _("Woke “{title}”."),
    Verb.ASSIGN: _("Assigned “{title}”."),
    Verb.CLASSIFY: _("Changed what “{title}” is."),
    Verb.PRIORITISE: _("Set the priority of “{title}”."),
    Verb.ASK: _("Asked the reporter of “{title}”."),
    Verb.SETTLE: _("The dispute of “{title}” was looked at."),
    Verb.PUBLISH: _("Published “{title}”."),
    Verb.UNPUBLISH: _("“{title}” is no longer published."),
    Verb.EMBARGO: _("An embargo is set on “{title}”."),
    Verb.EXTEND: _("The embargo on “{title}” ends later."),
    Verb.LIFT: _("The embargo on “{title}” is lifted."),
    Verb.CONFIRM_ARTIFACT: _("{artifact} has a page now."),
}
OTHERWISE = _("Done for “{title}”.")
TOLD = _("The maintainers of {artifacts} were told.")
GOES_ELSEWHERE = (Verb.PLACE, Verb.MERGE)  # what is told of is the issue it went to


def undoable(request: HttpRequest, sentence: object, action: str) -> str:
    """Safe HTML: the sentence, and the button that takes back what it tells by posting to ``action``."""
    return render_to_string("triage/said.html", {"sentence": sentence, "action": action}, request)


def toast_of(decision: Decision, request: HttpRequest) -> str:
    """Safe HTML: the sentence, titles in their own direction, and the button that takes it back."""
    goal = decision.after.get("target") if decision.verb in GOES_ELSEWHERE else None
    about = Issue.objects.filter(pk=goal or decision.issue_id or 0).select_related("family")
    issue = about.first() if decision.issue_id else None
    named = {
        "number": isolated(issue.number or "") if issue else "",
        "title": isolated(issue.public_title or title_in_words(titled(about).get())) if issue else "",
        "artifact": isolated(str(decision.artifact)),
    }
    done = format_html(str(SENTENCES.get(Verb(decision.verb), OTHERWISE)), **named)
    heard = told_by(decision)
    sentence = heard if heard and decision.verb == Verb.NOTIFY else format_html("{} {}", done, heard) if heard else done
    return render_to_string("triage/done.html", {"decision": decision, "sentence": sentence}, request)


def told_by(decision: Decision) -> str:
    """Safe HTML: whose maintainers heard of it by this decision; "" if nobody's."""
    changed = decision.after.get("rows", {}).items()
    rows = [name.partition(":") for name, after in changed if after and after.get("notified_at")]
    told = Affected.objects.filter(pk__in=[pk for kind, _colon, pk in rows if kind == "affected"]).order_by("pk")
    names = [(isolated(str(row.artifact)),) for row in told.select_related("artifact")] if rows else []
    return format_html(str(TOLD), artifacts=format_html_join(gettext(", "), "{}", names)) if names else ""
