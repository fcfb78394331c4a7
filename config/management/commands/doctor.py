"""Looks a deployment over."""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.doctor import Finding, Verdict, examined

MARKS = {Verdict.WELL: "ok  ", Verdict.MIND: "mind", Verdict.MEND: "MEND"}


class Command(BaseCommand):
    help = (
        "Checks a deployment (database, broker, processes, folders, keys, address, mail …) and says what to mend. "
        "Ends with 0 if nothing has to be mended, else with 1. Changes nothing and sends nothing."
    )
    requires_system_checks = []  # it looks itself, and has more to say

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="for programs: one object with all findings")

    def handle(self, *args: Any, json: bool, **options: Any) -> None:
        findings = list(examined())
        self.stdout.write(document(findings) if json else "\n".join(map(line, findings)))
        if to_mend := [finding for finding in findings if finding.verdict is Verdict.MEND]:
            raise CommandError(f"To mend: {', '.join(finding.check for finding in to_mend)}.", returncode=1)


def line(finding: Finding) -> str:
    cure = f"\n     → {finding.cure}" if finding.cure else ""
    return f"{MARKS[finding.verdict]} {finding.check}: {finding.found}{cure}"


def document(findings: list[Finding]) -> str:
    is_well = all(finding.verdict is not Verdict.MEND for finding in findings)
    return json.dumps({"well": is_well, "findings": [asdict(finding) for finding in findings]}, ensure_ascii=False)
