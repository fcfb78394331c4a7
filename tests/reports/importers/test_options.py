"""What whoever imports says of a file."""

from typing import Any

import pytest

from reports.importers import FORMATS, check_options
from reports.importers.options import BadOption, Options


@pytest.mark.parametrize(
    "given",
    [
        {"artifact": "chat-7b"},
        {"artifact": 5},
        {"fails": "both"},
        {"scorer": []},
        {"threshold": "5"},
        {"threshold": float("nan")},
        {"threshold": True},
        {"mapping": []},
        {"colour": "red"},
    ],
)
def test_an_option_that_cannot_be_followed_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(BadOption) as refusal:
        Options.of(given)

    assert refusal.value.name == next(iter(given))


@pytest.mark.parametrize("format_name", sorted(FORMATS))
def test_an_option_that_says_nothing_of_a_format_is_refused_and_the_artifact_never_is(format_name: str) -> None:
    mapping = {"columns": {"a": "what_happened", "b": "kind"}} if format_name == "csv" else None
    check_options(format_name, Options(artifact="acme/chat-7b", mapping=mapping))

    with pytest.raises(BadOption):
        check_options(format_name, Options(artifact="acme/chat-7b", scorer="a", mapping={"constants": {}}))
