"""The API tried by its own description: whatever fits it and whatever does not, by everybody who may come.

Every answer has to be one that the description names, in the shape it names, and none may be the server's own failure.
"""

import json
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.config import SchemathesisConfig

from accounts.tokens import make_token
from reports.api.described import document

pytestmark = pytest.mark.django_db
# What fits the description and yet makes no sense together (more failures than tries) is 400 with a pointer; what was
# not read before it is changed is 412 or 428; what was withdrawn 410; a key that was used for something else 422.
TAKEN = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "422", "428", "429"]
REFUSED = ["3xx", "400", "401", "403", "404", "405", "406", "409", "410", "412", "413", "415", "422", "428"]
CHECKS: dict[str, Any] = {
    "positive_data_acceptance": {"expected-statuses": TAKEN},
    "negative_data_rejection": {"expected-statuses": REFUSED},
    "missing_required_header": {"expected-statuses": REFUSED},  # If-Match is asked for once one knows of what
}
# Many at once: each is taken or refused by itself, within an answer of 200
OF_MANY = CHECKS | {"negative_data_rejection": {"expected-statuses": [*REFUSED, "200"]}}
EXAMPLES = 60  # of each address for each who asks
SCOPES = {
    "anonymous": [],
    "reporter": ["report:write"],
    "triager": ["queue:read", "queue:write", "report:bulk", "decisions:read"],
}
SPOKEN = json.loads(document())
ADDRESSES = [f"{method.upper()} {path}" for path, spoken in SPOKEN["paths"].items() for method in spoken]


@pytest.fixture(scope="module")
def known(ground: Any) -> dict[str, Any]:
    """What addresses may name."""
    report = ground.file()
    issue = ground.make_issue()
    return {
        "number": issue.number,
        "kind": "models",
        "org": "acme",
        "name": "chat-7b",
        "reference": report.reference,
        "id": report.placements.get().issue_id,
    }


@pytest.fixture(scope="module")
def descriptions(ground: Any) -> dict[str, Any]:
    """The description as each of them calls by it: anybody, and two with a token."""
    accounts = {"reporter": ground.someone(email="reporter@tried.example.org"), "triager": ground.someone("triager")}
    tokens = {who: make_token(user, scopes=SCOPES[who]) for who, user in accounts.items()}
    return {who: described_to(tokens.get(who, "")) for who in SCOPES}


def described_to(token: str) -> Any:
    told: dict[str, Any] = {
        "checks": CHECKS,
        "operations": [{"include-path": "/api/v1/reports/bulk/", "checks": OF_MANY}],
        "base-url": "http://127.0.0.1:8000",
    }
    told |= {"auth": {"openapi": {"token": {"bearer": token}}}} if token else {}
    made = schemathesis.openapi.from_dict(SPOKEN, config=SchemathesisConfig.from_dict(told))
    made.app = WSGIHandler()
    return made


@pytest.fixture(autouse=True)
def room(no_limits: None) -> Iterator[None]:
    """Nobody is refused for asking often, and the end of a request leaves the test's own connection open."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def profile(examples: int, **more: Any) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        **more,
    )


def attempt(description: Any, address: str, known: dict[str, Any], *, examples: int) -> None:
    """Ask as the description says and as it does not; half of what it says names what is there."""
    method, path = address.split(" ", 1)
    operation = description[path][method]
    cases = st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in GenerationMode))

    @seed(20260503)
    @profile(examples)  # type: ignore[untyped-decorator] # what settings() makes, by way of profile()
    @given(case=cases, is_known=st.booleans())
    def asked(case: Any, is_known: bool) -> None:
        if is_known and case.meta.generation.mode is GenerationMode.POSITIVE:
            case.path_parameters.update({name: known.get(name, value) for name, value in case.path_parameters.items()})
        case.call_and_validate()

    asked()


def walk(description: Any, *, examples: int, steps: int) -> None:
    """What one answer told is asked for at another address, in whatever order; each walk finds what the first found.

    Else what can be asked next would follow from earlier walks, and Hypothesis could not tell what it drew.
    """
    machine: Any = description.as_state_machine()

    class Walk(machine):  # type: ignore[misc] # made when the description is read
        def setup(self) -> None:
            super().setup()
            self.walk = transaction.atomic()
            self.walk.__enter__()

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.walk.__exit__(None, None, None)
            super().teardown()

    Walk.run(settings=profile(examples, stateful_step_count=steps))


def test_each_address_is_tried_by_somebody(descriptions: dict[str, Any], known: dict[str, Any]) -> None:
    for address, who in zip(ADDRESSES, cycle(SCOPES), strict=False):
        attempt(descriptions[who], address, known, examples=1)


@pytest.mark.long
@pytest.mark.parametrize("who", SCOPES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_answers_as_it_is_described(
    address: str, who: str, descriptions: dict[str, Any], known: dict[str, Any]
) -> None:
    attempt(descriptions[who], address, known, examples=EXAMPLES)


@pytest.mark.long
@pytest.mark.parametrize("who", SCOPES)
def test_one_answer_leads_on_to_the_next(who: str, descriptions: dict[str, Any]) -> None:
    walk(descriptions[who], examples=EXAMPLES, steps=8)
