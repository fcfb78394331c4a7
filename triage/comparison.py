"""Two reports side by side: what was filed, with what the engine found in both marked in each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from accounts.policy import Actor
from reports.models import Evidence, Issue, Message, Placement, Report, Translation
from reports.redaction import (
    ACCOUNT,
    TURN,
    Reader,
    is_veiled,
    language_of,
    redactions_of,
    role_of,
    summary_in_a_list,
    translations_of,
    with_redactions,
    with_translations,
    words_for,
)
from reports.showing import ready_total
from reports.templatetags.looks import language_word, when
from reports.vocabulary import Channel, PlacedBy, Status
from triage import explanations
from triage.explanations import Reason
from triage.models import Proposal, Suggestion
from triage.proposals import proposals_about
from triage.queue import annotated, suggested_issue, suggested_title, title_in_words, titled

Spans = Mapping[str, Sequence[Sequence[int]]]
TURN_FIELDS = {"user": "prompt", "assistant": "output"}  # whose last turn the engine reads as which field


@dataclass(frozen=True, slots=True)
class Passage:
    """One part of a report as it may be read here; ``gaps`` says where words were removed from ``text``."""

    part: str
    role: str
    language: str
    text: str
    shared: Sequence[Sequence[int]]
    gaps: Sequence[Sequence[int]]
    translations: Sequence[Translation] = ()

    @property
    def content(self) -> str:
        """What a turn of a conversation calls it."""
        return self.text

    @property
    def redacted(self) -> Sequence[Sequence[int]]:
        return self.gaps


@dataclass(frozen=True, slots=True)
class Addition:
    """What the reporter added to the report after it was filed."""

    at: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class Side:
    """One report as the desk shows it. Nothing of it is here while it is veiled, until somebody asks."""

    report: Report
    passages: list[Passage]
    turns: list[Passage]
    is_erased: bool
    is_veiled: bool = False
    is_asked: bool = False
    part_count: int = 0
    additions: Sequence[Addition] = ()
    file_count: int = 0  # files beside it, of which none is shown before somebody asks

    @property
    def hides_words(self) -> bool:
        """Whether something in it was redacted that this page does not show."""
        return any(passage.gaps for passage in [*self.passages, *self.turns])

    @property
    def caption(self) -> str:
        """When it was reported, by which way it came, and on which version."""
        told = [when(self.report.reported_at), Channel(self.report.channel).label, language_word(self.report.language)]
        return format_html_join(pgettext("between facts", ", "), "{}", ((part,) for part in told if part))

    @property
    def evidence(self) -> str:
        """k of n, where the reporter counted."""
        if self.report.tries is None:
            return ""
        counted = {"failures": self.report.failures, "tries": self.report.tries}
        return ngettext("%(failures)s of %(tries)s try", "%(failures)s of %(tries)s tries", self.report.tries) % counted


@dataclass(frozen=True, slots=True)
class RunnerUp:
    """The issue that came second."""

    issue: Issue
    title: str
    is_close: bool


@dataclass(frozen=True, slots=True)
class Why:
    """Why two reports stand together, or may: bars in words, how sure, what came second and what it hung on.

    ``about`` is the title of the issue that the report may belong to, isolated; empty if it is about where it stands.
    """

    reasons: list[Reason]
    about: str = ""
    rule: str = ""
    verdict: str = ""
    by_person: bool = False
    runner_up: RunnerUp | None = None
    is_unrivalled: bool = False
    turns: Sequence[str] = ()
    method: str = ""
    is_by_rule: bool = False


@dataclass(frozen=True, slots=True)
class Near:
    """A report that the engine found alike when it judged."""

    report: Report
    summary: str
    issue: Issue


@dataclass(frozen=True, slots=True)
class Opinion:
    """A suggestion as the desk shows it."""

    suggestion: Suggestion
    issue: Issue
    title: str
    band: str
    reasons: list[Reason]

    @property
    def short(self) -> str:
        """What a button can hold."""
        return self.issue.number or format_html("“{}”", isolated(Truncator(self.title).chars(28)))


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the engine proposes for an issue: that it is one with ``other``, or that ``apart`` are another."""

    proposal: Proposal
    band: str
    other: Issue | None
    title: str
    apart: list[Near]


@dataclass(frozen=True, slots=True)
class Comparison:
    this: Side | None
    nearest: Side | None
    nearest_issue: Issue | None
    why: Why | None
    near: list[Near]


def comparison_of(
    placement: Placement, opinions: Sequence[Opinion], actor: Actor, *, revealed: Collection[int] = ()
) -> Comparison:
    """The placement's report beside the nearest one: of the issue it stands in, else of the best suggestion.

    ``revealed`` are the reports whose words the actor asked to be shown, on record.
    """
    reasons = placement.reasons or {}
    is_about_here = reasons.get("issue", placement.issue_id) == placement.issue_id
    best = next((opinion for opinion in opinions if opinion.issue.pk == reasons.get("issue")), None)
    shows_reasons = is_about_here or best is not None
    pks = [placement.report_id, *([reasons["nearest"]] if shows_reasons and reasons.get("nearest") else [])]
    found = (
        Report.objects.visible_to(actor)
        .select_related("artifact", "version", "evidence", "evidence_key")
        .prefetch_related(_with_their_issues(), with_redactions(), with_translations())
        .annotate(added=additions(), file_count=ready_total())
        .in_bulk(pks)
    )
    this = found.get(placement.report_id)
    nearest = found.get(reasons.get("nearest") or 0) if shows_reasons else None
    return Comparison(
        this=side_of(this, explanations.spans(reasons, "report") if shows_reasons else {}, revealed) if this else None,
        nearest=side_of(nearest, explanations.spans(reasons, "nearest"), revealed) if nearest else None,
        nearest_issue=_issue_of(nearest) if nearest else None,
        why=why_of(placement, best, actor),
        near=near_of(reasons, actor),
    )


def _with_their_issues() -> "Prefetch[str]":
    return Prefetch("placements", Placement.objects.select_related("issue"))


def additions() -> ArraySubquery:
    """For ``annotate`` of reports: what was added to them, oldest first. For the desk alone; no query of its own."""
    added = Message.objects.filter(report=OuterRef("pk"), is_evidence=True, withdrawn_at=None).order_by("sent_at", "pk")
    return ArraySubquery(added.values(told=JSONObject(at="sent_at", text="plain_text", sealed="sealed_text")))


def _additions_of(report: Report) -> list[Addition]:
    """What :func:`additions` brought; none where nobody asked for it."""
    rows: list[dict[str, str]] = report.__dict__.get("added", [])
    return [Addition(parse_datetime(row["at"]), _added_words(report, row)) for row in rows]


def _added_words(report: Report, row: Mapping[str, str]) -> str:
    sent_at = parse_datetime(row["at"])
    if row["sealed"] is None or sent_at is None:
        return row["text"]
    sealed = bytes.fromhex(row["sealed"].removeprefix("\\x"))
    return Message(report=report, sent_at=sent_at, sealed_text=sealed).text


def isolated(title: str) -> str:
    """A title to stand within a sentence that may run the other way."""
    return format_html("<bdi>{}</bdi>", title)


def near_of(reasons: Mapping[str, Any], actor: Actor) -> list[Near]:
    """The reports that were nearest when the engine judged, best first, with the issues they stand in now."""
    return standing_of(reasons.get("near", []), actor)


def standing_of(pks: Sequence[int], actor: Actor) -> list[Near]:
    """The reports in that order, each with the issue it stands in; what the actor may not see is left out."""
    if not pks:
        return []
    placed = Placement.objects.active().visible_to(actor).filter(report__in=pks)
    placed = placed.filter(issue__in=Issue.objects.visible_to(actor)).select_related("report", "issue")
    rows = placed.annotate(summary=summary_in_a_list()).order_by("pk")
    found = {row.report_id: Near(row.report, annotated(row, "summary") or "", row.issue) for row in reversed(rows)}
    return [found[pk] for pk in pks if pk in found]


def proposed_for(issue: Issue, actor: Actor) -> list[Proposed]:
    """What the engine proposes for the issue, the surest first, as far as it still stands and may be seen."""
    proposals = list(proposals_about(issue).select_related(None))  # the one is here, and the other is asked for below
    if not proposals:
        return []
    others = {_beside(row, issue) for row in proposals} - {0}
    seen = titled(Issue.objects.visible_to(actor).exclude(status=Status.MERGED)).select_related("family")
    known = {row.pk: row for row in seen.filter(pk__in=others)} if others else {}
    apart = {
        row.report.pk: row
        for row in standing_of([pk for proposal in proposals for pk in proposal.report_ids], actor)
        if row.issue.pk == issue.pk
    }
    found = []
    for proposal in proposals:
        other = known.get(_beside(proposal, issue))
        rows = [apart[pk] for pk in proposal.report_ids if pk in apart]
        if other or rows:
            title = title_in_words(other) if other else ""
            found.append(Proposed(proposal, explanations.band(proposal.band), other, title, rows))
    return found


def _beside(proposal: Proposal, issue: Issue) -> int:
    """The id of the other of two issues; 0 if the proposal is to part one."""
    return (proposal.other_id if proposal.issue_id == issue.pk else proposal.issue_id) or 0


def runner_up_of(reasons: Mapping[str, Any], actor: Actor) -> RunnerUp | None:
    """The issue that came second, if it was near at all and may be seen."""
    if not explanations.came_near(reasons):
        return None
    found = titled(Issue.objects.visible_to(actor)).select_related("family").filter(pk=reasons["runner_up"]).first()
    return RunnerUp(found, title_in_words(found), explanations.is_close_behind(reasons)) if found else None


def opinions_of(suggestions: Sequence[Suggestion], here: Issue) -> list[Opinion]:
    """What the engine suggests, best first, without what has come true."""
    return [
        Opinion(
            suggestion=suggestion,
            issue=issue,
            title=suggested_title(suggestion),
            band=explanations.band(suggestion.band),
            reasons=explanations.told(suggestion.reasons),
        )
        for suggestion in suggestions
        if (issue := suggested_issue(suggestion)).pk != here.pk
    ]


def why_of(placement: Placement, best: Opinion | None, actor: Actor) -> Why | None:
    """Why the report stands where it stands; if the engine opened the issue for it, why it may belong elsewhere."""
    reasons = placement.reasons or {}
    told, rule = explanations.told(reasons), explanations.rule(reasons)
    is_here = reasons.get("issue", placement.issue_id) == placement.issue_id
    if is_here and placement.by != PlacedBy.ENGINE:
        return Why(told, rule=rule, method=placement.method, by_person=True)
    if is_here and not told:
        return Why([], rule=rule or _("Nothing was near enough."), method=placement.method, is_by_rule=bool(rule))
    if not told or (best is None and not is_here):
        return None
    return Why(
        told,
        about=isolated(best.title) if best and not is_here else "",
        rule=rule,
        verdict=explanations.verdict(reasons, placed=is_here, name=best.suggestion.band if best else ""),
        runner_up=runner_up_of(reasons, actor),
        is_unrivalled=explanations.is_current(reasons) and not explanations.came_near(reasons),
        turns=explanations.turns(reasons, placed=is_here),
        method=placement.method,
    )


def side_of(report: Report, spans: Spans = MappingProxyType({}), revealed: Collection[int] = ()) -> Side:
    """``report`` from :func:`with_redactions`, :func:`with_translations` and its placements' issues."""
    evidence, is_asked = evidence_of(report), report.pk in revealed
    parts = evidence.parts
    is_erased = report.erased_at is not None or not any(name in parts for name in ACCOUNT)
    added = _additions_of(report)
    if is_veiled(report, _issues_of(report)) and not is_asked and (parts or added):
        return Side(report, [], [], is_erased=False, is_veiled=True, part_count=len(parts) + len(added))
    told = passages_of(report, Reader.ASKED if is_asked else Reader.TRIAGER, _shared(evidence, spans))
    return Side(
        report,
        passages=[passage for passage in told if not passage.role],
        turns=[passage for passage in told if passage.role],
        is_erased=is_erased,
        is_asked=is_asked,
        part_count=len(parts),
        additions=added,
        file_count=report.__dict__.get("file_count", 0),
    )


def passages_of(report: Report, reader: Reader, shared: Spans = MappingProxyType({})) -> list[Passage]:
    """The parts of the report as ``reader`` may read them, with what the engine ``shared`` marked."""
    evidence = evidence_of(report)
    words, translations = words_for(evidence, redactions_of(report), reader), translations_of(report, reader)
    return [
        Passage(
            part=part,
            role=role_of(evidence, part),
            language=language_of(report, part, text),
            text=words[part].text,
            shared=words[part].moved(shared.get(part, ())),
            gaps=words[part].gaps,
            translations=translations.get(part, ()),
        )
        for part, text in evidence.parts.items()
    ]


def _shared(evidence: Evidence, spans: Spans) -> dict[str, Sequence[Sequence[int]]]:
    """The engine's marks by part: of the conversation it reads the last turn of each side."""
    found: dict[str, Sequence[Sequence[int]]] = {name: spans[name] for name in ACCOUNT if name in spans}
    for role, name in TURN_FIELDS.items():
        last = max((at for at, turn in enumerate(evidence.transcript) if turn["role"] == role), default=None)
        if last is not None and name in spans:
            found[f"{TURN}{last}"] = spans[name]
    return found


def evidence_of(report: Report) -> Evidence:
    """The words of the report; none where they have been erased with their row."""
    return report.evidence if hasattr(report, "evidence") else Evidence(report=report)


def _issues_of(report: Report) -> list[Issue]:
    return [row.issue for row in report.placements.all() if row.superseded_at is None]


def _issue_of(report: Report) -> Issue | None:
    return next(iter(_issues_of(report)), None)
