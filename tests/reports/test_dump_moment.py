"""A dump tells of one moment, however long it takes: what happens meanwhile is in it whole or not at all."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from reports import dump
from reports.exporters.tables import Line
from reports.exporters.tables import lines as dump_lines
from reports.models import Artifact


@pytest.mark.django_db(transaction=True)
def test_all_files_tell_of_one_moment(
    make_issue: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path
) -> None:
    """What is published while it is being written is not half in it."""
    settings.DUMPS_DIR = tmp_path
    make_issue("Invents rulings")
    real = dump_lines

    def publish() -> None:
        Artifact.objects.create(kind="model", org="acme", name="late", confirmed_at=timezone.now())
        connection.close()

    def slowly() -> Iterator[Line]:
        for line in real():
            if line.table == "issues":
                with ThreadPoolExecutor(1) as elsewhere:
                    elsewhere.submit(publish).result()
            yield line

    monkeypatch.setattr(dump, "lines", slowly)

    dump.write_dump()

    assert Artifact.objects.filter(name="late").exists()
    written = (tmp_path / "LATEST" / "artifacts.jsonl").read_text()
    assert "acme/chat-7b" in written
    assert "acme/late" not in written
