"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out  # noqa: PLC0415 -- after the models

        from accounts import sessions  # noqa: PLC0415 -- needs the models, which are loaded by now

        user_logged_in.connect(sessions.on_sign_in)
        user_logged_out.connect(sessions.on_sign_out)
