"""Forms of the second factor that take whatever a browser sends: what is no answer of a key is a wrong answer."""

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, ReauthenticateWebAuthnForm

BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)  # of an answer that is put together wrongly


class AddKeyForm(AddWebAuthnForm):  # type: ignore[misc] # untyped in the library
    def clean(self) -> dict[str, Any]:
        try:
            told: dict[str, Any] = super().clean()
        except BROKEN:
            raise get_adapter().validation_error("incorrect_code") from None
        return told

    def clean_name(self) -> str:
        name: str = super().clean_name()
        return name[:100]


class UseKeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc] # untyped in the library
    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except BROKEN:
            raise get_adapter().validation_error("incorrect_code") from None


class UseKeyAgainForm(ReauthenticateWebAuthnForm):  # type: ignore[misc] # untyped in the library
    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except BROKEN:
            raise get_adapter().validation_error("incorrect_code") from None
