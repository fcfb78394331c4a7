"""The demo content keeps its promises: what the engine is tuned on, and what a first visitor reads."""

import json
import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "triage" / "demo"
WRITTEN_ON = date(2026, 11, 22)  # released_on counts from here; a loader counts released_days_ago from its own day

KINDS = {
    "false_information",
    "unfair_or_stereotyped",
    "toxic_or_hateful",
    "dangerous_instructions",
    "privacy_leak",
    "refuses_harmless",
    "ignores_instructions",
    "unsafe_action",
    "jailbreak_or_injection",
    "quality_regression",
    "language_or_access",
    "other",
}
VOCABULARY = {
    "kind": KINDS,
    "artifact_kind": {"model", "system", "dataset"},
    "context_of_use": {
        "education",
        "health",
        "work",
        "public_service",
        "finance",
        "justice",
        "media",
        "private",
        "other",
    },
    "harm_occurred": {"no", "nearly", "yes", "unsure"},
    "severity": {"not_sure", "low", "medium", "high", "critical"},
    "visibility": {"public_after_review", "public_without_transcript", "private"},
    "found_by": {"use", "research", "evaluation", "monitoring", "audit"},
    "relation": {"user", "affected", "on_behalf", "researcher", "journalist", "regulator", "developer", "other"},
    "language": {"en", "zh", "es", "ar"},
}
REQUIRED = {"source_key", "days_ago", "at", "author", "artifact", "summary", "what_happened", "kind", "consent"}
ALLOWED = (
    REQUIRED
    | set(VOCABULARY)
    | {"version", "expected", "transcript", "reproduction", "settings", "also_affects", "rule_id"}
)
UNLISTED = {"pocketsage/penny"}
FAMILY_RELATIONS = {"fine_tuned_from", "quantised_from", "merged_from"}

Document = dict[str, Any]


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def name_of(artifact: Document) -> str:
    return f"{artifact['org']}/{artifact['name']}"


ARTIFACTS: dict[str, Document] = {name_of(a): a for a in read(DEMO / "artifacts.json")}
REPORTS: list[Document] = [r for path in sorted(DEMO.glob("reports*.json")) for r in read(path)]
DECISIONS: list[Document] = read(DEMO / "decisions.json")
GROUPS: dict[str, str] = read(ROOT / "tests" / "fixtures" / "demo_groups.json")
BY_KEY: dict[str, Document] = {r["source_key"]: r for r in REPORTS}


def family(name: str) -> str:
    """The root of the family, by the first parent that passes it on."""
    for step in ARTIFACTS[name]["lineage"] if name in ARTIFACTS else []:
        if step["relation"] in FAMILY_RELATIONS:
            return family(step["parent"])
    return name


def members(group: str) -> list[Document]:
    return [BY_KEY[key] for key, its_group in GROUPS.items() if its_group == group]


def largest_within(reports: list[Document], days: int) -> int:
    """The most of these reports that lie within so many consecutive days."""
    return max(sum(r["days_ago"] in range(start, start + days) for r in reports) for start in range(186))


def test_every_report_has_one_key_and_one_group() -> None:
    assert len(BY_KEY) == len(REPORTS)
    assert set(GROUPS) == set(BY_KEY)


@pytest.mark.parametrize("report", REPORTS, ids=lambda r: r["source_key"])
def test_report_keeps_to_the_api_document(report: Document) -> None:
    assert set(report) >= REQUIRED
    assert set(report) <= ALLOWED
    assert report["consent"] is True
    assert re.fullmatch(r"demo-\d{3}", report["source_key"])
    assert 10 <= len(report["summary"]) <= 120
    assert 30 <= len(report["what_happened"]) <= 20_000
    assert 1 <= report["days_ago"] <= 185
    assert re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", report["at"])
    for field, words in VOCABULARY.items():
        assert field not in report or report[field] in words, field
    if "reproduction" in report:
        assert 0 <= report["reproduction"]["failures"] <= report["reproduction"]["tries"]
    for turn in report.get("transcript", []):
        assert set(turn) == {"role", "content"}
        assert turn["role"] in {"system", "user", "assistant", "tool"}
        assert turn["content"].strip()


@pytest.mark.parametrize("report", REPORTS, ids=lambda r: r["source_key"])
def test_artifact_and_version_exist_and_were_out(report: Document) -> None:
    if report["artifact"] in UNLISTED | {"unknown"}:
        return
    artifact = ARTIFACTS[report["artifact"]]
    assert report["artifact_kind"] == artifact["kind"]
    assert set(report.get("also_affects", [])) <= set(ARTIFACTS)

    if "version" in report:
        released = {v["name"]: v["released_days_ago"] for v in artifact["versions"]}
        assert report["version"] in released
        days_out = released[report["version"]]
        assert days_out is None or report["days_ago"] < days_out


def test_artifacts_are_a_dozen_or_so_with_a_family_of_four() -> None:
    kinds = Counter(a["kind"] for a in ARTIFACTS.values())
    sizes = Counter(family(name) for name in ARTIFACTS)

    assert 12 <= len(ARTIFACTS) <= 16
    assert kinds["system"] >= 2
    assert kinds["dataset"] == 2
    assert len({a["org"] for a in ARTIFACTS.values()}) >= 3
    assert sizes.most_common(1) == [("northlight/harbor-base", 4)]
    assert any(a["kind"] == "system" and a["access"] == "closed" for a in ARTIFACTS.values())
    assert any(v["is_alias"] and v["name"] == "latest" for a in ARTIFACTS.values() for v in a["versions"])


@pytest.mark.parametrize("artifact", ARTIFACTS.values(), ids=name_of)
def test_artifact_is_whole(artifact: Document) -> None:
    assert set(artifact) == {
        "kind",
        "org",
        "name",
        "title",
        "developer",
        "deployer",
        "access",
        "aliases",
        "versions",
        "lineage",
        "card",
    }
    assert artifact["access"] in {"open", "gated", "closed"}
    assert set(artifact["card"]) == {"intended_use", "known_limitations", "data_collection"}
    assert {step["parent"] for step in artifact["lineage"]} <= set(ARTIFACTS)
    assert {s["relation"] for s in artifact["lineage"]} <= FAMILY_RELATIONS | {"trained_on", "built_on"}
    for version in artifact["versions"]:
        if version["is_alias"]:
            assert version["released_on"] is version["released_days_ago"] is None
        else:
            day = WRITTEN_ON - timedelta(days=version["released_days_ago"])
            assert version["released_on"] == day.isoformat()


def test_all_kinds_and_languages_are_there() -> None:
    languages = Counter(r["language"] for r in REPORTS)

    assert 115 <= len(REPORTS) <= 130
    assert {r["kind"] for r in REPORTS} == KINDS
    assert 0.58 <= languages["en"] / len(REPORTS) <= 0.70
    assert min(languages[code] for code in ("zh", "es", "ar")) >= 8


def test_script_agrees_with_the_stated_language() -> None:
    for report in REPORTS:
        is_chinese = bool(re.search(r"[\u4e00-\u9fff]", report["summary"]))
        is_arabic = bool(re.search(r"[\u0620-\u064a]", report["summary"]))
        assert (is_chinese, is_arabic) == (report["language"] == "zh", report["language"] == "ar")


def test_groups_are_uneven_and_each_within_one_family() -> None:
    sizes = Counter(GROUPS.values())

    assert [size for _, size in sizes.most_common(6)] == [14, 11, 9, 8, 7, 6]
    assert 25 <= sum(size > 1 for size in sizes.values()) <= 35
    assert 10 <= sum(size == 1 for size in sizes.values()) <= 16
    for group in sizes:
        assert len({family(r["artifact"]) for r in members(group)}) == 1, group


def test_near_misses_share_artifact_and_kind_but_not_the_group() -> None:
    groups_of: dict[tuple[str, str], set[str]] = {}
    for report in REPORTS:
        groups_of.setdefault((report["artifact"], report["kind"]), set()).add(GROUPS[report["source_key"]])

    assert sum(len(groups) > 1 for groups in groups_of.values()) >= 8


def test_same_quoted_output_stands_in_several_families_as_several_groups() -> None:
    quoting = {GROUPS[r["source_key"]] for r in REPORTS if "Faro Azul" in r["what_happened"]}

    assert len(quoting) == 3


def test_keys_do_not_leak_the_groups() -> None:
    keys = sorted(GROUPS)
    neighbours = sum(GROUPS[a] == GROUPS[b] for a, b in pairwise(keys))
    in_order_of_time = sum(BY_KEY[a]["days_ago"] >= BY_KEY[b]["days_ago"] for a, b in pairwise(keys))

    assert neighbours <= 6
    assert 0.35 <= in_order_of_time / len(keys) <= 0.65


def test_two_bursts_are_there() -> None:
    bursts = [group for group in set(GROUPS.values()) if largest_within(members(group), 6) >= 9]
    after_release = [
        r for r in REPORTS if r["artifact"] == "tidewell/deckhand" and r["version"] == "3.2" and r["days_ago"] >= 66
    ]
    released = next(v for v in ARTIFACTS["tidewell/deckhand"]["versions"] if v["name"] == "3.2")["released_days_ago"]
    by_group = Counter(GROUPS[r["source_key"]] for r in after_release)

    assert len(bursts) == 1
    assert by_group.most_common(1)[0][1] == 7
    assert released - 66 <= 8


def test_six_months_with_a_weekly_rhythm() -> None:
    days = [r["days_ago"] for r in REPORTS]
    weekend = sum((WRITTEN_ON - timedelta(days=day)).weekday() >= 5 for day in days)

    assert max(days) - min(days) >= 150
    assert weekend / len(days) < 0.15


def test_some_authors_file_twice_and_some_are_nobody() -> None:
    authors = Counter(r["author"] for r in REPORTS if r["author"])

    assert sum(count > 1 for count in authors.values()) >= 6
    assert sum(r["author"] is None for r in REPORTS) >= 20


def test_shy_unknown_and_scanner_like_reports_are_among_them() -> None:
    assert sum(r["visibility"] != "public_after_review" for r in REPORTS) >= 8
    assert sum(r["artifact"] == "unknown" for r in REPORTS) >= 2
    assert {r["artifact"] for r in REPORTS} - set(ARTIFACTS) == {"unknown"} | UNLISTED
    assert sum("rule_id" in r for r in REPORTS) >= 5
    assert sum("transcript" in r for r in REPORTS) >= 30
    assert {r["harm_occurred"] for r in REPORTS} == VOCABULARY["harm_occurred"]


def test_lengths_run_from_two_lines_to_a_page() -> None:
    lengths = sorted(len(r["what_happened"]) for r in REPORTS if r["language"] in {"en", "es"})

    assert lengths[0] < 120
    assert lengths[-1] > 1800


def test_telephone_numbers_are_fictional() -> None:
    text = json.dumps(REPORTS, ensure_ascii=False)

    for found in re.findall(r"555-?\d{2,4}", text):
        assert re.fullmatch(r"555-?01\d{0,2}", found), found


def test_decisions_are_well_formed_and_in_order() -> None:
    fields = {
        "confirm": {"severity", "public_title", "public_summary"},
        "resolve": {"resolution"},
        "dismiss": {"dismissal"},
    }
    days = [d["days_ago"] for d in DECISIONS]

    assert days == sorted(days, reverse=True)
    for decision in DECISIONS:
        report = BY_KEY[decision["report"]]
        told = {"verb", "report", "days_ago", "reason"} | fields[decision["verb"]]
        assert set(decision) - {"fixed_in", "reproduction"} == told
        assert decision["days_ago"] < report["days_ago"]
        assert decision["reason"]


def test_decisions_leave_a_queue_to_work_on() -> None:
    verbs = Counter(d["verb"] for d in DECISIONS)
    decided = {GROUPS[d["report"]] for d in DECISIONS}

    assert verbs == {"confirm": 14, "resolve": 7, "dismiss": 3}
    assert len(decided) == 17
    assert len(set(GROUPS.values()) - decided) >= 20


def test_resolved_issues_were_confirmed_and_name_a_version_that_exists() -> None:
    confirmed = {d["report"]: d["days_ago"] for d in DECISIONS if d["verb"] == "confirm"}
    resolved = [d for d in DECISIONS if d["verb"] == "resolve"]

    assert {d["resolution"] for d in resolved} == {
        "fixed",
        "mitigated",
        "documented",
        "not_reproducible",
        "works_as_intended",
    }
    for decision in resolved:
        artifact = ARTIFACTS[BY_KEY[decision["report"]]["artifact"]]
        released = {v["name"]: v["released_days_ago"] for v in artifact["versions"]}
        assert decision["days_ago"] < confirmed[decision["report"]]
        assert ("fixed_in" in decision) == ("reproduction" in decision) == (decision["resolution"] == "fixed")
        assert decision.get("fixed_in") is None or decision["days_ago"] < released[decision["fixed_in"]]
    assert {d["dismissal"] for d in DECISIONS if d["verb"] == "dismiss"} == {"spam", "not_about_ai", "insufficient"}


def test_public_words_fit_and_repeat_no_number_nor_name() -> None:
    for decision in DECISIONS:
        if decision["verb"] == "confirm":
            public = decision["public_title"] + decision["public_summary"]
            assert 10 <= len(decision["public_title"]) <= 120
            assert 100 <= len(decision["public_summary"]) <= 600
            assert "Varga" not in public
            assert "555" not in public
