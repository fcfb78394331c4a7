"""What is so grave that one report is enough."""

from datetime import date

import pytest

from reports.vocabulary import ContextOfUse, Harm, Kind
from triage.surveillance.severity import ANY, DESIGNATED, Account, Grave, gravity


def account(report: int = 1, **said: object) -> Account:
    answers: dict[str, object] = {
        "kind": "false_information",
        "harm": "no",
        "context": "work",
        "hazard": 0,
        "reported_on": date(2026, 11, report),
        "is_credible": True,
    }
    return Account(report=report, **{**answers, **said})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "dangerous_instructions", "harm": "nearly"},
        {"kind": "privacy_leak", "harm": "yes"},
        {"kind": "unsafe_action", "harm": "yes"},
        {"harm": "yes", "context": "health"},
        {"hazard": 3},
    ],
)
def test_one_credible_report_of_a_designated_harm_is_enough(said: dict[str, object]) -> None:
    found = gravity([account(3), account(5, **said)])

    assert found is not None
    assert (found.reports, found.since) == ((5,), date(2026, 11, 5))
    assert gravity([account(3), account(5, **said, is_credible=False)]) is None


def test_what_is_not_designated_waits_for_its_counts() -> None:
    assert gravity([account(number, harm="unsure") for number in range(1, 20)]) is None


def test_the_list_is_the_operators() -> None:
    assert gravity([account(kind="other")], [Grave(kind="other")]) is not None
    assert gravity([account(hazard=3)], []) is None


def test_the_list_names_what_the_form_asks() -> None:
    assert {line.kind for line in DESIGNATED} <= {*Kind.values, ANY}
    assert {line.harm for line in DESIGNATED} <= {*Harm.values, ANY}
    assert {line.context for line in DESIGNATED} <= {*ContextOfUse.values, ANY}
