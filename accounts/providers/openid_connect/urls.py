"""Where signing in by OpenID Connect begins and comes back to."""

from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.providers.openid_connect.provider import StrictAdapter
from accounts.providers.views import guarded, onward


def login(request: HttpRequest, provider_id: str) -> HttpResponse:
    answer: HttpResponse = OAuth2LoginView.adapter_view(StrictAdapter(request, provider_id))(request)
    return answer


def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    answer: HttpResponse = OAuth2CallbackView.adapter_view(StrictAdapter(request, provider_id))(request)
    return answer


BEGIN = f"{OpenIDConnectProvider.id}_login"
BACK = f"{OpenIDConnectProvider.id}_callback"
urlpatterns = [
    path("oidc/<slug:provider_id>/login/", guarded(onward(login)), name=BEGIN),
    path("oidc/<slug:provider_id>/login/callback/", guarded(callback), name=BACK),
]
