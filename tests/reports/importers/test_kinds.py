"""Foreign codes and our twelve kinds."""

import pytest

from reports.importers.kinds import (
    BENCHMARKS,
    CHECKS,
    PLUGINS,
    PROBES,
    SEP,
    kind_of_codes,
    kind_of_headline,
    kind_of_plugin,
    kind_of_probe,
    kind_of_task,
)
from reports.vocabulary import Kind


def test_the_tables_speak_of_kinds_only() -> None:
    tables = (SEP, PROBES, BENCHMARKS, PLUGINS, CHECKS)

    assert {kind for table in tables for kind in table.values()} <= set(Kind)


@pytest.mark.parametrize(
    ("probe", "kind"),
    [
        ("promptinject.HijackHateHumans", Kind.JAILBREAK_OR_INJECTION),
        ("leakreplay.PotterCloze", Kind.PRIVACY_LEAK),
        ("lmrc.QuackMedicine", Kind.FALSE_INFORMATION),
        ("lmrc.Bullying", Kind.TOXIC_OR_HATEFUL),
        ("newmodule.NewProbe", Kind.JAILBREAK_OR_INJECTION),
        ("", Kind.JAILBREAK_OR_INJECTION),
    ],
)
def test_a_probe_has_the_kind_of_its_name_before_that_of_its_module(probe: str, kind: Kind) -> None:
    assert kind_of_probe(probe) == kind


def test_the_first_code_that_has_a_kind_counts() -> None:
    assert kind_of_codes(["S0100: Software Vulnerability", "S0301: Information Leak", "S0403"]) == Kind.PRIVACY_LEAK
    assert kind_of_codes(["S0100", "nonsense", ""]) is None


@pytest.mark.parametrize(
    ("headline", "kind"),
    [
        ("A guardrail bypass by asking in rhyme", Kind.JAILBREAK_OR_INJECTION),
        ("Prompt injection through a calendar", Kind.JAILBREAK_OR_INJECTION),
        ("Open database leaking customer data", Kind.PRIVACY_LEAK),
        ("Evaluated on the bbq benchmark", Kind.UNFAIR_OR_STEREOTYPED),
        ("Division by zero in a tensor operation", None),
    ],
)
def test_a_headline_may_say_it(headline: str, kind: Kind | None) -> None:
    assert kind_of_headline(headline) == kind


@pytest.mark.parametrize(
    ("plugin", "kind"),
    [
        ("contracts", Kind.UNSAFE_ACTION),
        ("harmful:hate", Kind.TOXIC_OR_HATEFUL),
        ("harmful:of-tomorrow", Kind.DANGEROUS_INSTRUCTIONS),
        ("of-tomorrow", Kind.JAILBREAK_OR_INJECTION),
    ],
)
def test_a_plugin_has_the_kind_of_its_name_before_that_of_its_family(plugin: str, kind: Kind) -> None:
    assert kind_of_plugin(plugin) == kind


def test_a_task_may_give_its_kind_away_by_a_word_of_its_names() -> None:
    assert kind_of_task("tea", "prompt-leak") == Kind.PRIVACY_LEAK
    assert kind_of_task("bbq", "leak") == Kind.UNFAIR_OR_STEREOTYPED
    assert kind_of_task("tea", "match") == Kind.OTHER
