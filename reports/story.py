"""An issue told to somebody in a hurry: what was found, in what, since when, by how many, who answered, how it ended.

Sentences made from facts, in the reader's language; of what reporters wrote there is nothing in them.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.grounds import By, Grounds
from reports.models import Affected, Issue
from reports.record import affected_of
from reports.vocabulary import AffectedStatus, Resolution, Status
from reports.workdays import day_in_words

NAMED = 2  # artifacts that a sentence names
APART = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"  # so that no name turns the sentence around it


def story_of(issue: Issue, grounds: Grounds) -> str:
    """One paragraph. ``issue`` was fetched through ``record.issues_on_record``."""
    rows = affected_of(issue)
    return " ".join(
        [
            *_found(issue, rows),
            *_seen_since(rows),
            *_tried(grounds),
            *_answered(rows, grounds),
            *_disputed(grounds),
            *_ended(issue, rows, grounds),
        ]
    )


def _found(issue: Issue, rows: Sequence[Affected]) -> Iterator[str]:
    names = [_apart(str(row.artifact)) for row in rows[:NAMED]]
    if more := len(rows) - len(names):
        names.append(ngettext("%(count)d more", "%(count)d more", more) % {"count": more})
    if names:
        where = names[0] if len(names) == 1 else _("%(first)s and %(last)s") % _list(names)
        yield _("%(kind)s in %(artifacts)s.") % {"kind": issue.get_kind_display(), "artifacts": where}
    if issue.first_reported_at and issue.voice_count:
        yield ngettext(
            "%(count)d voice reported it, on %(day)s.",
            "%(count)d independent voices reported it, the first on %(day)s.",
            issue.voice_count,
        ) % {"count": issue.voice_count, "day": _day(issue.first_reported_at)}


def _list(names: Sequence[str]) -> dict[str, str]:
    return {"first": _(", ").join(names[:-1]), "last": names[-1]}


def _seen_since(rows: Sequence[Affected]) -> Iterator[str]:
    known = {str(row.introduced_in) for row in rows if row.introduced_in}
    if len(known) == 1:
        yield _("It has been seen from version %(version)s on.") % {"version": _apart(known.pop())}


def _tried(grounds: Grounds) -> Iterator[str]:
    if not grounds.tried:
        return
    last = grounds.tried[0]
    yield ngettext(
        "When it was last tried again, %(failures)d of %(tries)d try failed.",
        "When it was last tried again, %(failures)d of %(tries)d tries failed.",
        last.tries,
    ) % {"failures": last.failures, "tries": last.tries}


def _answered(rows: Sequence[Affected], grounds: Grounds) -> Iterator[str]:
    """What those who make it said, or that they were told and have said nothing."""
    theirs = [answer for answer in grounds.answers if answer.by is By.DEVELOPER]
    if theirs:
        last = max(theirs, key=lambda answer: answer.at)
        yield _("%(developer)s answered on %(day)s.") % {"developer": _apart(last.developer), "day": _day(last.at)}
        return
    waiting = [row for row in rows if row.notified_at and not row.stated_at and not _is_settled(row)]
    if waiting:
        first = min(waiting, key=lambda row: row.notified_at or datetime.max)
        name = first.artifact.developer or str(first.artifact)
        told = {"developer": _apart(name), "day": _day(first.notified_at)}
        yield _("%(developer)s was told on %(day)s and has not answered on the record.") % told


def _disputed(grounds: Grounds) -> Iterator[str]:
    if grounds.disputed_by is By.DEVELOPER:
        yield _("The developer disputes it.")
    elif grounds.disputed_by is not None:
        yield _("Somebody who reported it disputes what was decided.")


def _ended(issue: Issue, rows: Sequence[Affected], grounds: Grounds) -> Iterator[str]:
    settled = [row for row in rows if row.resolution]
    fixes = {str(row.fixed_in) for row in rows if row.fixed_in}
    if issue.status == Status.RESOLVED and issue.resolution == Resolution.FIXED and len(fixes) == 1:
        told = {"version": _apart(fixes.pop()), "day": _day(issue.resolved_at)}
        yield _("It was fixed in %(version)s, on %(day)s.") % told
        if any(_is_untried(row, grounds) for row in rows if row.fixed_in):
            yield _("Nobody has tried it yet.")
    elif issue.status == Status.RESOLVED:
        told = {"how": issue.get_resolution_display(), "day": _day(issue.resolved_at)}
        yield _("It was closed on %(day)s: %(how)s.") % told
    elif 0 < len(settled) < len(rows):  # what it is open for besides may be nothing that everybody may know of
        told = {"settled": str(len(settled)), "total": str(len(rows))}
        yield _("It is resolved for %(settled)s of %(total)s, and open.") % told
    else:
        yield _("It is open.")


def _is_untried(row: Affected, grounds: Grounds) -> bool:
    """Whether the fix was taken on somebody's word, and nobody has seen it hold on record since."""
    fix = (str(row.artifact), str(row.fixed_in))
    return bool(row.untested_reason) and not any(
        not tried.failures and (tried.artifact, tried.version) == fix for tried in grounds.tried
    )


def _is_settled(row: Affected) -> bool:
    return bool(row.resolution) or row.status == AffectedStatus.NOT_AFFECTED


def _day(moment: date | datetime | None) -> str:
    return day_in_words(moment) if moment else ""


def _apart(name: str) -> str:
    return f"{APART[0]}{name}{APART[1]}"
