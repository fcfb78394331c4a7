"""A login folder of the test's own, and no site or token from the environment."""

from pathlib import Path

import pytest
from telltale import keeping


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in (keeping.URL, keeping.TOKEN):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "config"
    monkeypatch.setattr(keeping, "place", lambda: folder / "telltale" / keeping.FILE)
    return folder
