"""GitHub as allauth speaks it; of the profile nothing is kept."""

from typing import Any

from allauth.socialaccount.providers.github.provider import GitHubProvider
from django.http import HttpRequest


class SparingProvider(GitHubProvider):  # type: ignore[misc] # untyped in the library
    def get_auth_params_from_request(self, request: HttpRequest, action: str) -> dict[str, Any]:
        params: dict[str, Any] = self.get_auth_params()
        return params

    def get_scope_from_request(self, request: HttpRequest) -> list[str]:
        scope: list[str] = self.get_scope()
        return scope

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        return {}


provider_classes = [SparingProvider]
