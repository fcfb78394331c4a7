"""The pages of the admins: nothing that axe finds, and no sideways scrolling on the narrowest phone."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from reports.maintaining import ask
from tests.browser.axe import faults
from tests.browser.walk import NARROW, WIDE

pytestmark = pytest.mark.django_db(transaction=True)
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def test_people_and_requests_can_be_read_by_everybody(
    visitor: Callable[..., Page], site: str, someone: Any, artifact: Any
) -> None:
    from django.conf import settings

    mina = someone("triager", email="mina.longer-than-most@research.university.example.org")
    asked = ask(mina, artifact, note="I train it, and am on its team page.")
    client = Client()
    client.force_login(someone("admin"))
    page = visitor(viewport=NARROW)
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": client.cookies[settings.SESSION_COOKIE_NAME].value,
                "url": site,
            }
        ]
    )

    for at, address in enumerate(
        ["/admin/people/", f"/admin/people/{mina.pk}/?artifact=chat", f"/maintainers/{asked.pk}/", "/account/sessions/"]
    ):
        page.goto(address)
        assert not page.evaluate(TOO_WIDE), address
        assert faults(page) == [], address
        if folder := os.environ.get("SCREENS"):
            page.screenshot(path=f"{folder}/people-{at}-narrow.png", full_page=True)
            page.set_viewport_size(WIDE)
            page.screenshot(path=f"{folder}/people-{at}.png", full_page=True)
            page.set_viewport_size(NARROW)
