"""Fill an empty site with the demo: invented artifacts, reports and decisions, told over the last six months."""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Grant, Role, User
from ledger.record import dated
from reports.filing import file_report
from reports.lineage import descend
from reports.models import Alias, Artifact, Issue, Placement, Report, Signal, Version
from reports.naming import artifact_named
from reports.vocabulary import Channel, Relation
from triage import themes
from triage.background import DEMO, demo_reports
from triage.bell import bell
from triage.decisions import decide
from triage.demo import TRIAGER
from triage.judging import judge
from triage.matching import match_report
from triage.models import Suggestion
from triage.moves import Verb
from triage.signals import night, touched

SOURCE = "demo"


class Command(BaseCommand):
    help = "Load the demo content into a site that holds no reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--anyway", action="store_true", help="also into a site that holds reports")

    def handle(self, *, anyway: bool, **_options: Any) -> None:
        if Report.objects.filter(source=SOURCE).exists():
            raise CommandError("The demo is here already.")
        if Report.objects.exists() and not anyway:
            raise CommandError("This site holds reports. Give --anyway to add the demo to them.")
        with bell.muted(), transaction.atomic():
            Told(timezone.now()).tell()
        self.stdout.write(f"Demo loaded: {Report.objects.count()} reports in {Issue.objects.count()} issues.")


class Told:
    """The demo as it happened, seen from ``now``: every act at its time, oldest first."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.triager = self.make_triager()

    def tell(self) -> None:
        for described in read("artifacts.json"):
            self.add_artifact(described)
        for at, act, described in sorted(self.acts(), key=lambda told: told[0]):
            with dated(at):
                act(described, at)
        themes.place_waiting(most=Issue.objects.count())
        themes.link(themes.changed_themes(since=self.now))
        night.watch(self.now.date())

    def acts(self) -> Iterator[tuple[datetime, Any, dict[str, Any]]]:
        for report in demo_reports():
            yield self.moment(report.pop("days_ago"), report.pop("at")), self.report, report
        for decision in read("decisions.json"):
            yield self.moment(decision["days_ago"], "23:30"), self.decision, decision
        for judgement in read("judgements.json"):
            yield self.moment(judgement["days_ago"], "23:45"), self.judgement, judgement

    def moment(self, days_ago: int, clock: str) -> datetime:
        day = (self.now - timedelta(days=days_ago)).date()
        return min(datetime.combine(day, time.fromisoformat(clock), tzinfo=self.now.tzinfo), self.now)

    def make_triager(self) -> User:
        user = User.objects.filter(email=TRIAGER).first() or User.objects.create_user(TRIAGER, name="Demo Triager")
        Grant.objects.get_or_create(user=user, role=Role.TRIAGER, artifact_id=None, ended_at=None)
        return user

    def add_artifact(self, described: dict[str, Any]) -> None:
        """An artifact with its names, versions and parents. Parents stand before their children in the file."""
        artifact = artifact_named(described["kind"], f"{described['org']}/{described['name']}")
        for name in ("title", "developer", "deployer", "access"):
            setattr(artifact, name, described.get(name, ""))
        for name, text in described.get("card", {}).items():
            setattr(artifact, name, text)
        artifact.confirmed_at = artifact.added_at = self.now - timedelta(days=190)
        artifact.save()
        Alias.objects.bulk_create(Alias(artifact=artifact, name=name) for name in described["aliases"])
        Version.objects.bulk_create(self.versions(artifact, described["versions"]))
        for position, step in enumerate(described["lineage"]):
            org, name = step["parent"].split("/")
            parent = Artifact.objects.get(org=org, name=name)
            descend(artifact, parent, Relation(step["relation"]), position=position)

    def versions(self, artifact: Artifact, described: list[dict[str, Any]]) -> Iterator[Version]:
        for position, version in enumerate(described):
            days_ago = version.get("released_days_ago")
            yield Version(
                artifact=artifact,
                name=version["name"],
                released_on=None if days_ago is None else (self.now - timedelta(days=days_ago)).date(),
                position=None if version["is_alias"] else position,
                is_alias=version["is_alias"],
            )

    def report(self, answers: dict[str, Any], at: datetime) -> None:
        author = answers.pop("author", None) or ""
        answers = {**answers, "source": SOURCE, "reported_at": at.isoformat()}
        report = file_report(answers, channel=Channel.DEMO, author=author).report
        match_report(report.pk)
        Report.objects.filter(pk=report.pk).update(filed_at=at, grouped_at=at)
        Placement.objects.filter(report=report).update(placed_at=at)
        Suggestion.objects.filter(report=report).update(made_at=at)
        Issue.objects.filter(placements__report=report, report_count=1).update(opened_at=at)
        touched.look([report.pk], at.date())
        Signal.objects.filter(opened_at__gt=self.now).update(opened_at=at, changed_at=at)

    def decision(self, described: dict[str, Any], at: datetime) -> None:
        """One decision about the issue that holds the report it names; how something ended is told in public."""
        placed = Placement.objects.active().select_related("issue", "report__artifact")
        placement = placed.get(report__source=SOURCE, report__source_key=described["report"])
        reason = described.get("resolution") or described.get("dismissal") or ""
        taken = ("public_title", "public_summary", "severity", "fixed_in")
        details = {name: described[name] for name in taken if described.get(name)}
        if described["verb"] == Verb.RESOLVE:
            details["statement"] = described["reason"]
        else:
            details["note"] = described["reason"]
        if tried := described.get("reproduction"):
            fixed = {"artifact": placement.report.artifact, "version": described["fixed_in"]}
            decide(placement.issue, Verb.REPRODUCE, by=self.triager, at=at, **fixed, **tried)
        decide(placement.issue, described["verb"], by=self.triager, reason=reason, at=at, **details)

    def judgement(self, described: dict[str, Any], at: datetime) -> None:
        """What was said of an early warning about the issue that holds the report it names."""
        placed = Placement.objects.active().filter(report__source=SOURCE, report__source_key=described["report"])
        signal = Signal.objects.get(issue__in=placed.values("issue"), detector=described["detector"])
        judge(
            signal, described["judgement"], by=self.triager, reason=described["reason"], note=described["note"], at=at
        )


def read(name: str) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = json.loads((DEMO / name).read_text())
    return described
