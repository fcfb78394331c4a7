"""Cases as Inspect AI runs them: a zip of a task and its samples.

The task is one and the same file for every issue. What people wrote is only in the samples, which are read as JSON, so
no words can become code.
"""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from reports.exporters.records import Record, facts_of, given
from reports.exporters.reruns.published import Rerun

TASK = Path(__file__).with_name("task.py.txt")
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same cases give the same archive, whenever it is fetched


def archive(record: Record, cases: Sequence[Rerun]) -> bytes:
    """``<number>/task.py`` and ``<number>/cases.jsonl``."""
    samples = "".join(json.dumps(sample(record, case), ensure_ascii=False) + "\n" for case in cases)
    held = BytesIO()
    with ZipFile(held, "w") as made:
        for name, text in (("task.py", TASK.read_text()), ("cases.jsonl", samples)):
            place = ZipInfo(f"{record.number}/{name}", ZIP_EPOCH)
            place.compress_type = ZIP_DEFLATED
            made.writestr(place, text)
    return held.getvalue()


def sample(record: Record, case: Rerun) -> dict[str, object]:
    """``target`` describes the failure, for whoever or whatever judges the answer."""
    return {
        "id": case.name,
        "input": [{"role": role, "content": words} for role, words in case.messages],
        "target": "\n\n".join(filter(None, [record.title, record.summary])),
        "metadata": {
            "issue": record.number,
            "url": record.url,
            "kind": record.kind,
            "severity": record.severity,
            "artifacts": [given(name=each.full_name, kind=each.kind) | facts_of(each) for each in record.standings],
            "passages": [list(pieces) for pieces in case.passages],
            "prompt_is_whole": case.is_whole,
            "language": case.language,
        },
    }
