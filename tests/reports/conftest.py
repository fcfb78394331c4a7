"""Who files: somebody with an account, and somebody with a receipt open."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client


@pytest.fixture
def rosa(client: Client, someone: Callable[..., Any]) -> Any:
    """Has an account and no role, and is signed in."""
    made = someone(email="rosa@reporters.example")
    client.force_login(made)
    return made


@pytest.fixture
def reader(client: Client, report: Any) -> Client:
    """Whoever opened the receipt of the module's ``report`` with its code."""
    from reports.models import Report
    from reports.receipts import code_digest, new_code

    code = new_code()
    Report.objects.filter(pk=report.pk).update(receipt_digest=code_digest(code))
    client.post(f"/reports/{report.reference}/", {"code": code})
    return client
