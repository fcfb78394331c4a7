"""Flaw reports as FLARE's JSON-LD, invented ones."""

import io
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.filing import Refused, check
from reports.importers import found_in
from reports.importers.flare import NO_TYPE, READ_AS
from reports.importers.options import Options
from reports.importers.sources import Source
from reports.importers.units import Found, Rejected, Unit
from reports.vocabulary import Channel, Kind
from tests.reports.importers.strange import STRANGE, changed

FLAW: dict[str, Any] = {
    "@context": ["https://schema.org", {"flare": "https://ai-reports.org/schema/"}],
    "@type": "flare:AIFlawReport",
    "identifier": "FLARE-1",
    "name": "Bot shows a bias against tea drinkers",
    "description": {"@value": "It refuses to serve them."},
    "aiSystem": [
        {"name": "Chat 7B", "platform": "Acme Labs", "version": "2021-04"},
        {"name": "acme/other"},
    ],
    "severity": "Negligible",
    "flare:prevalence": "Common",
    "impacts": ["Discrimination"],
    "reportType": "real_world_harm",
    "dateCreated": "2021-05-01",
    "flare:evidence": {"stepsToReproduce": "Ask for tea.", "attachments": []},
    "flare:disclosure": {"publicDisclosureIntent": "no"},
    "flare:tomorrow": {},
}


def found(content: Any) -> list[Found]:
    raw = content if isinstance(content, str) else json.dumps(content)
    return list(found_in(Source(io.BytesIO(raw.encode())), "flare", Options()))


def test_a_flaw_is_a_report_marked_as_read_provisionally() -> None:
    [unit] = found(FLAW)

    assert isinstance(unit, Unit)
    assert unit.answers == {
        "artifact": "acme-labs/Chat 7B",
        "artifact_kind": "model",
        "version": "2021-04",
        "also_affects": ["acme/other"],
        "summary": "Bot shows a bias against tea drinkers",
        "what_happened": (
            "It refuses to serve them.\n\nSteps to reproduce: Ask for tea.\n\nPrevalence: Common\n\n"
            "Impacts: Discrimination"
        ),
        "expected": "",
        "kind": Kind.UNFAIR_OR_STEREOTYPED,
        "severity": "low",
        "harm_occurred": "yes",
        "found_by": "",
        "visibility": "private",
        "settings": {"read_as": READ_AS},
        "reported_at": "2021-05-01",
        "source": "flare",
        "source_key": "FLARE-1",
        "consent": True,
    }


@pytest.mark.parametrize(
    "content",
    [
        [FLAW, FLAW],
        {"@graph": [FLAW, FLAW]},
        f"{json.dumps(FLAW)}\n{json.dumps(FLAW)}\n",
        json.dumps([FLAW, FLAW], indent=1),
    ],
)
def test_several_stand_in_a_list_a_graph_or_line_by_line(content: Any) -> None:
    assert [type(each) for each in found(content)] == [Unit, Unit]


def test_what_is_no_flaw_or_about_nothing_is_refused_aloud() -> None:
    nameless, silent = FLAW | {"aiSystem": []}, FLAW | {"name": "", "description": None}

    reasons = [each.reason for each in found([{"@type": "Person"}, 5, nameless, silent]) if isinstance(each, Rejected)]
    assert reasons == [
        NO_TYPE,
        NO_TYPE,
        "names no AI system: say which it was with --artifact ORG/NAME",
        "has no description",
    ]
    assert isinstance(found(FLAW | {"aiSystem": "unknown"})[0], Unit)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_filed_or_refused_in_words(data: st.DataObject) -> None:
    for each in found(changed(FLAW, data.draw(st.randoms(use_true_random=False)), data.draw(STRANGE))):
        if isinstance(each, Unit):
            with suppress(Refused):
                check(each.answers, channel=Channel.IMPORT)
        else:
            assert isinstance(each, Rejected)
            assert each.reason
