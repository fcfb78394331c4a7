"""What a module makes once for all its tests, given to each as if it were made for that one."""

from copy import deepcopy
from typing import Any

import pytest


def anew(name: str) -> Any:
    """A fixture: what the module's ``standing`` holds by that name, a copy for each test.

    A copy, because one test would find in the rows what another had changed; what a test did to the database is taken
    back anyway.
    """

    @pytest.fixture
    def given(db: None, standing: dict[str, Any]) -> Any:
        return deepcopy(standing[name])

    return given
