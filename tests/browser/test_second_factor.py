"""A passkey in a browser, under the policy that every page is sent with: set up, asked for, and needed."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import faults
from tests.browser.walk import WIDE

pytestmark = pytest.mark.django_db(transaction=True)
KEY = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def sign_in(page: Page, user: Any) -> None:
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill("a long password")
    page.locator("form:has([name=password]) button[type=submit]").click()
    page.wait_for_load_state()


def test_a_role_wakes_with_a_passkey_which_is_asked_for_from_then_on(
    visitor: Callable[..., Page], settings: Any, triager: Any
) -> None:
    settings.REQUIRE_MFA = True
    page = visitor(viewport=WIDE)
    keys = page.context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})

    sign_in(page, triager)
    page.goto("/triage/")
    expect(page).to_have_url("/accounts/2fa/")
    assert faults(page) == []

    page.goto("/accounts/2fa/webauthn/add/")  # which asks for the password once more
    page.locator("[name=password]").fill("a long password")
    page.locator("form:has([name=password]) button[type=submit]").click()
    page.locator("[name=name]").fill("My laptop")
    page.wait_for_load_state()  # before its script has come the button does nothing
    page.locator("#mfa_webauthn_add").click()
    expect(page).to_have_url("/accounts/2fa/recovery-codes/")
    page.goto("/triage/")
    expect(page).to_have_url("/triage/")
    page.goto("/accounts/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("My laptop")

    page.context.clear_cookies()
    sign_in(page, triager)
    expect(page).to_have_url("/accounts/2fa/authenticate/")
    page.locator("#mfa_webauthn_authenticate").click()
    expect(page).to_have_url("/")
    page.goto("/triage/")
    expect(page).to_have_url("/triage/")
