"""How we know of an issue: who tried again, how it was found, and whom to thank. The same for everybody who sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import Grant, Role
from reports.models import Affected, Answer, Credit, Issue, Report, Reproduction
from reports.models.embargo import free_of_embargo
from reports.record import affected_of
from reports.vocabulary import Visibility

MOST = 50  # reproductions, and names, on one page
SETTINGS_MOST = 12  # settings of one reproduction
VALUE_LENGTH = 80  # characters of one


class By(StrEnum):
    """Who tried, or said so: never a name."""

    REPORTER = "reporter"
    TRIAGER = "triager"
    DEVELOPER = "developer"


@dataclass(frozen=True, slots=True)
class Tried:
    """Somebody tried again: ``failures`` of ``tries``."""

    artifact: str
    version: str
    tries: int
    failures: int
    by: By
    tried_at: datetime
    settings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What is on record as said of one artifact. ``developer`` is who makes it, or its own name."""

    artifact: str
    developer: str
    text: str
    at: datetime
    by: By


@dataclass(frozen=True, slots=True)
class Grounds:
    """``tried`` and ``answers``: the newest first. ``found_by``: how many reports by each layer of testing, the most
    first. ``credits``: names as they were left, ``more_credits`` how many beyond these."""

    tried: tuple[Tried, ...]
    answers: tuple[Said, ...]
    found_by: tuple[tuple[str, int], ...]
    credits: tuple[str, ...]
    more_credits: int
    disputed_by: By | None


def grounds_of(issue: Issue) -> Grounds:
    """``issue`` was fetched through ``record.issues_on_record``."""
    names = _credits(issue)
    rows = affected_of(issue)
    tried = list(standing(issue)[:MOST])
    is_somebodys = any(each.by_id for each in tried) or any(row.stated_by_id for row in rows)
    developers = speaks_for(rows) if is_somebodys else set()
    return Grounds(
        tried=tuple(retold(each, developers) for each in tried),
        answers=tuple(_said(rows, developers)),
        found_by=_found_by(issue),
        credits=tuple(names[:MOST]),
        more_credits=max(0, len(names) - MOST),
        disputed_by=_disputed_by(issue),
    )


def told_openly(report: str = "") -> Q:
    """Of rows that lead to a report, by ``report`` as in "report__": that it was filed is no secret."""
    stands = Q(**{f"{report}held_at": None, f"{report}withdrawn_at": None, f"{report}erased_at": None})
    return free_of_embargo(report) & stands & ~Q(**{f"{report}visibility": Visibility.PRIVATE})


def speaks_for(rows: Sequence[Affected | Reproduction]) -> set[tuple[int, int]]:
    """Who holds or held the role of maintainer for these artifacts: account and artifact."""
    held = Grant.objects.filter(role=Role.MAINTAINER, artifact_id__in=[row.artifact_id for row in rows])
    return {(user_id, artifact_id) for user_id, artifact_id in held.values_list("user", "artifact_id") if artifact_id}


def standing(issue: Issue) -> "QuerySet[Reproduction]":
    """Who tried again what everybody may know of, the newest first. ``issue`` as in :func:`grounds_of`."""
    shown = Q(report=None) | told_openly("report__")
    found = issue.reproductions.filter(
        shown, ended_at=None, artifact__in=[row.artifact_id for row in affected_of(issue)]
    )
    return found.select_related("artifact", "version").order_by("-tried_at", "-pk")


def retold(tried: Reproduction, developers: set[tuple[int, int]]) -> Tried:
    """``developers`` are those of :func:`speaks_for`."""
    return Tried(
        artifact=str(tried.artifact),
        version=str(tried.version or ""),
        tries=tried.tries,
        failures=tried.failures,
        by=_who(tried, developers),
        tried_at=tried.tried_at,
        settings=_settings(tried.settings),
    )


def _said(rows: Sequence[Affected], developers: set[tuple[int, int]]) -> list[Said]:
    found = [
        Said(
            artifact=str(row.artifact),
            developer=row.artifact.developer or str(row.artifact),
            text=row.statement,
            at=row.stated_at,
            by=By.DEVELOPER if (row.stated_by_id, row.artifact_id) in developers else By.TRIAGER,
        )
        for row in rows
        if row.statement and row.stated_at
    ]
    return sorted(found, key=lambda said: (said.at, said.artifact), reverse=True)


def _who(tried: Reproduction, developers: set[tuple[int, int]]) -> By:
    if tried.report_id:
        return By.REPORTER
    return By.DEVELOPER if tried.by_id and (tried.by_id, tried.artifact_id) in developers else By.TRIAGER


def _settings(given: Any) -> tuple[tuple[str, str], ...]:
    """Names and values in plain text, in the order of names; whatever else was stored is left out."""
    if not isinstance(given, dict):
        return ()
    plain = {str(name): value for name, value in given.items() if isinstance(value, str | int | float | bool)}
    told = sorted(plain.items())[:SETTINGS_MOST]
    return tuple((name[:VALUE_LENGTH], str(value)[:VALUE_LENGTH]) for name, value in told)


def _found_by(issue: Issue) -> tuple[tuple[str, int], ...]:
    open_reports = Report.objects.filter(told_openly(), placements__issue=issue, placements__superseded_at=None)
    counted = open_reports.order_by().values_list("found_by").annotate(n=Count("pk")).order_by("-n", "found_by")
    return tuple((found_by, count) for found_by, count in counted)


def _credits(issue: Issue) -> list[str]:
    """Of those who agreed to it, whose report everybody may know of, each name once; none before it is published."""
    if not issue.is_public:
        return []
    placed = issue.placements.filter(superseded_at=None).values("report")
    left = Credit.objects.filter(told_openly("report__"), report__in=placed).order_by("report__reported_at", "report")
    return list(dict.fromkeys(name.strip() for name in left.values_list("name", flat=True) if name.strip()))


def _disputed_by(issue: Issue) -> By | None:
    if not issue.is_disputed:
        return None
    theirs = Answer.objects.filter(issue=issue, is_dispute=True, refused_at=None)
    named = theirs.filter(artifact__in=[row.artifact_id for row in affected_of(issue)])
    return By.DEVELOPER if named.exists() else By.REPORTER
