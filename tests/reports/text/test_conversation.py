"""Pasted conversations become turns; what is not one stays whole; nothing is lost, nothing raises."""

import json
from pathlib import Path
from typing import Any

import pytest

from reports.text.conversation import turns_of

SAMPLES = Path(__file__).parents[2] / "fixtures" / "conversations"
EXPECTED: dict[str, dict[str, Any]] = json.loads((SAMPLES / "expected.json").read_text())


def _pasted(name: str) -> str:
    return next(path for path in SAMPLES.glob(f"{name}.*")).read_text()


def _told(pasted: str) -> dict[str, Any]:
    conversation = turns_of(pasted)
    return {"form": conversation.form, "doubts": conversation.doubts, "turns": conversation.turns}


@pytest.mark.parametrize("name", EXPECTED)
def test_each_sample_holds_its_turns(name: str) -> None:
    assert _told(_pasted(name)) == EXPECTED[name]
