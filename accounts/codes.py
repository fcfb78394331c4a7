"""The form that takes a sign-in code, which says for how long the code is good."""

from typing import Any

from allauth.account import app_settings
from allauth.account.forms import ConfirmLoginCodeForm
from django.utils.translation import ngettext


class SignInCodeForm(ConfirmLoginCodeForm):  # type: ignore[misc] # untyped in the library
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        minutes = app_settings.LOGIN_BY_CODE_TIMEOUT // 60
        good = ngettext("It is good for %(minutes)d minute.", "It is good for %(minutes)d minutes.", minutes)
        self.fields["code"].help_text = good % {"minutes": minutes}
