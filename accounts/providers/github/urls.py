"""Where signing in by GitHub begins and comes back to."""

from allauth.socialaccount.providers.github.views import oauth2_callback, oauth2_login
from django.urls import path

from accounts.providers.views import guarded, onward

urlpatterns = [
    path("github/login/", guarded(onward(oauth2_login)), name="github_login"),
    path("github/login/callback/", guarded(oauth2_callback), name="github_callback"),
]
