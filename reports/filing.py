"""The one door in: every report, from whatever side, is filed here."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.policy import ANONYMOUS, Act, Actor, allows
from ledger.record import written_out
from ledger.trip import Trip, insert
from reports import attachments
from reports.answers import SUMMARY_MAX, prepared
from reports.lanes import FREE, Lane, lane_for
from reports.models import Artifact, Contact, Credit, Draft, Evidence, Issue, Report, Version
from reports.naming import artifact_and_version
from reports.receipts import code_digest, new_code, new_reference
from reports.sealed import keep_words
from reports.sealing import seal
from reports.signals import report_filed
from reports.text import guess_language
from reports.vocabulary import Channel, FoundBy, Severity, SourceType, Visibility
from reports.voices import voice_key
from reports.vouching import vouched

CONSENT_VERSION = "2026-11"  # the wording beside the consent box; a new wording is a new version
ERASED_SOURCE = "erased"  # of what came from a source that would tell whose it was
RELAXED = frozenset({Channel.IMPORT, Channel.DEMO, Channel.REPLAY})  # text not written for our limits


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the reporter gets: the report, and the code that is shown once; ``lane`` is for nobody but the skins."""

    report: Report
    code: str
    lane: Lane = FREE


class Refused(ValidationError):
    """A report that cannot be taken, with a sentence for each field concerned. Nothing was stored.

    ``errors`` maps a field's name (dotted for parts of it, "transcript.2.role"; "" for the whole) to sentences.
    """

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(dict(errors))
        self.errors = dict(errors)


class AlreadyFiled(Exception):
    """A report of this source under this key is here."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.reference)
        self.report = report


def flat(detail: Any, name: str = "") -> dict[str, list[str]]:
    """A serializer's nested errors as one level, a dotted name for each field that is wrong."""
    if isinstance(detail, dict):
        parts = [flat(value, ".".join(filter(None, [name, str(key)]))) for key, value in detail.items()]
        return {key: sentences for part in parts for key, sentences in part.items()}
    if isinstance(detail, list) and any(isinstance(value, dict) for value in detail):
        return flat({str(at): value for at, value in enumerate(detail) if value}, name)
    sentences = detail if isinstance(detail, list) else [detail]
    return {name.removesuffix(".non_field_errors"): [str(sentence) for sentence in sentences]}


def check(answers: Mapping[str, object], *, channel: Channel) -> dict[str, Any]:
    """The answers, checked against the one schema. Raises :class:`Refused`."""
    schema = prepared(relaxed=channel in RELAXED, confirms=bool(answers.get("confirms")))
    try:
        checked: dict[str, Any] = schema.run_validation(dict(answers))
    except serializers.ValidationError as refusal:
        raise Refused(flat(refusal.detail)) from None
    return checked


def cut_at_word(text: str, limit: int = SUMMARY_MAX) -> str:
    """``text`` on one line and within ``limit`` characters, cut after a word and marked where it was cut."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[: limit - 1]
    return (head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head).rstrip(" ,;:.") + "…"


def file_report(
    answers: Mapping[str, object],
    *,
    channel: Channel,
    actor: Actor = ANONYMOUS,
    network: str = "",
    author: str = "",
    source_type: SourceType | None = None,
    draft: Draft | None = None,
    is_trapped: bool = False,
) -> Receipt:
    """File one report, in one transaction, and ring for its grouping once that has committed.

    ``answers`` are the API's. ``network`` is the address it came from: only a hash of its prefix, salted for the
    day, is kept. ``author`` is who wrote it according to an import's source. ``source_type`` picks the thresholds
    of grouping and follows from the channel and the rule id unless given. What lay beside ``draft`` goes with it.
    ``is_trapped``: it was filled in as no person does.

    Raises :class:`Refused` and :class:`~reports.lanes.TooMany` (nothing stored) and :class:`AlreadyFiled`.
    """
    checked = check(answers, channel=channel)
    source = source_name(checked, channel=channel, actor=actor)
    confirmed_issue = issue_to_confirm(checked.get("confirms", ""), actor)
    lane = lane_for(actor, network, channel, checked["artifact"], is_trapped=is_trapped)
    with transaction.atomic():
        if known := filed_before(source, checked.get("source_key", "")):
            raise AlreadyFiled(known)
        whose = {name: checked.get(name, "") for name in ("developer", "deployer")}
        named = (checked["artifact_kind"], checked["artifact"], checked.get("version", ""))
        artifact, version = artifact_and_version(*named, **whose)
        refuse_other_family(confirmed_issue, artifact)
        code = new_code()
        report = save_report(
            checked,
            artifact=artifact,
            version=version,
            channel=channel,
            actor=actor,
            source=source,
            source_type=source_type or source_type_of(checked, channel),
            confirms=confirmed_issue,
            voice={"network": network, "author": author},
            code=code,
            held_for=lane.held_for,
        )
        trip = Trip()
        evidence = save_words(report, checked, trip)
        told = {"channel": channel.value, "reference": report.reference, "words": vouched(evidence)}
        trip.add(*written_out("file", report, artifact, actor=actor.pseudonym, **told))
        trip.go()
        if draft is not None:
            attachments.move(draft, report)
        transaction.on_commit(lambda: report_filed.send(Report, report_id=report.pk))
    return Receipt(report, code, lane)


def source_name(checked: Mapping[str, Any], *, channel: Channel, actor: Actor) -> str:
    """Where the report says it comes from. Whoever may not name a source cannot take its keys: theirs are set apart,
    and so are keys without a source that are sent, for whoever counts from 1 is not the only one."""
    named: str = checked.get("source", "")
    is_of_the_house = channel in RELAXED and actor.user_id is None
    if is_of_the_house or ((named or channel in RELAXED) and allows(actor, Act.NAME_SOURCE)):
        return named or channel.value
    is_apart = named or channel in RELAXED or (channel is Channel.API and checked.get("source_key"))
    return source_apart(channel, actor.user_id, named) if is_apart else channel.value


def source_apart(channel: Channel, account_id: int | None, named: str) -> str:
    """The same source, of one account's own, or of all who have none."""
    return f"{channel.value}:{account_id or 'anonymous'}:{named}"


def source_type_of(checked: Mapping[str, Any], channel: Channel) -> SourceType:
    if checked.get("rule_id"):
        return SourceType.SCANNER
    return SourceType.IMPORT if channel is Channel.IMPORT else SourceType.FORM


def issue_to_confirm(number: str, actor: Actor) -> Issue | None:
    """The issue that the reporter says is theirs too. Raises :class:`Refused` if they may not see such a one."""
    if not number:
        return None
    issue = Issue.objects.visible_to(actor).filter(number=number).select_related("family").first()
    if issue is None:
        raise Refused({"confirms": [_("There is no such issue.")]})
    return issue


def refuse_other_family(issue: Issue | None, artifact: Artifact) -> None:
    """An issue is one failure in one family: a report on another's artifact cannot confirm it. Raises Refused."""
    if issue is not None and not artifact.is_unknown and issue.family_id != (artifact.family_id or artifact.pk):
        raise Refused({"confirms": [_("That issue is about %(family)s.") % {"family": issue.family}]})


def filed_before(source: str, source_key: str) -> Report | None:
    """The report of that source and key; while it is being filed elsewhere, waits until it is or is not."""
    if not source_key:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{source}\n{source_key}"])
    known_by = {"source__in": [source, ERASED_SOURCE], "source_key__in": [source_key, erased_key(source, source_key)]}
    return Report.objects.filter(**known_by).first()


def erased_key(source: str, source_key: str) -> str:
    """What is kept of the two once a report is erased: enough to know it by when it comes again."""
    return hmac.digest(settings.TOKEN_KEY, f"{source}\n{source_key}".encode(), hashlib.sha256).hex()[:48]


def save_report(
    checked: Mapping[str, Any],
    *,
    artifact: Artifact,
    version: Version | None,
    channel: Channel,
    actor: Actor,
    source: str,
    source_type: SourceType,
    confirms: Issue | None,
    voice: Mapping[str, str],
    code: str,
    held_for: str,
) -> Report:
    reference = new_reference()
    now = timezone.now()
    tried: Mapping[str, int] = checked.get("reproduction") or {}
    words = f"{checked.get('summary', '')}\n{checked.get('what_happened', '')}"
    reported_at: datetime | None = checked.get("reported_at")
    report = Report(
        reference=reference,
        receipt_digest=code_digest(code),
        reporter_id=actor.user_id,
        voice_key=voice_key(user_id=actor.user_id, source=source, reference=reference, **voice),
        artifact=artifact,
        version=version,
        also_affects=checked.get("also_affects", []),
        kind=checked.get("kind") or (confirms.kind if confirms else ""),
        context_of_use=checked.get("context_of_use", ""),
        harm_occurred=checked.get("harm_occurred", ""),
        severity=checked.get("severity") or Severity.NOT_SURE,
        found_by=checked.get("found_by") or FoundBy.USE,
        relation=checked.get("relation", ""),
        tries=tried.get("tries"),
        failures=tried.get("failures"),
        language=checked.get("language") or guess_language(words),
        observed_on=checked.get("observed_on"),
        settings=checked.get("settings", {}),
        visibility=checked.get("visibility") or Visibility.PUBLIC_AFTER_REVIEW,
        embargo_until=checked.get("embargo_until"),
        consent_version=CONSENT_VERSION,
        confirms=confirms,
        channel=channel,
        source_type=source_type,
        source=source,
        source_key=checked.get("source_key", ""),
        rule_id=checked.get("rule_id", ""),
        filed_at=now,
        held_at=now if held_for else None,
        held_for=held_for,
        reported_at=reported_at or now,
    )
    insert(report)
    return report


def save_words(report: Report, checked: Mapping[str, Any], trip: Trip) -> Evidence:
    """The evidence, the contact and the credit: what may be erased apart from the report."""
    summary, told = checked.get("summary", ""), checked.get("what_happened", "")
    if len(summary) > SUMMARY_MAX and not told.startswith(summary):  # an imported one is kept whole where there is room
        told = f"{summary}\n\n{told}"
    evidence = keep_words(
        report,
        trip,
        summary=cut_at_word(summary or told),
        what_happened=told,
        expected=checked.get("expected", ""),
        transcript=[dict(turn) for turn in checked.get("transcript", [])],
    )
    if email := checked.get("contact_email"):
        Contact.objects.create(report=report, sealed_email=seal(email))
    if name := checked.get("credit_name"):
        Credit.objects.create(report=report, name=name)
    return evidence
