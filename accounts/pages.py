"""The one-time sign-in link that `manage.py grant` prints."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actors import actor_for, awaits_second_factor, open_to_all
from accounts.policy import Act, allows
from accounts.tokens import user_of_code


@open_to_all
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, code: str) -> HttpResponse:
    """GET shows a button, so that a preview of the link does not use it up; POST signs in."""
    user = user_of_code(code)
    if user is None:
        if request.user.is_authenticated:
            messages.warning(request, _("That sign-in link was used or is too old. You are signed in already."))
            return redirect("home")
        messages.error(request, _("This sign-in link was used or is too old. Ask for a new one, or sign in by e-mail."))
        return redirect("account_login")
    if request.method != "POST":
        return render(request, "accounts/sign_in.html", {"invited": user})
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    decides = allows(actor_for(user), Act.DECIDE) or awaits_second_factor(user, Act.DECIDE)
    return redirect("queue" if decides else "home")
