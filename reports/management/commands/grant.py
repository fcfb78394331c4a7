"""Give somebody a role, and a way in."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from accounts.actors import actor_for, site_of
from accounts.granting import give
from accounts.models import Role, User
from accounts.policy import SCOPES, SYSTEM
from accounts.tokens import LONGEST, make_token, sign_in_code
from reports.models import Artifact
from reports.naming import find_artifact, parse
from reports.vocabulary import ArtifactKind


class Command(BaseCommand):
    help = "Grant a role, making the account if there is none yet, and print a link that signs in once within a day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", metavar="ROLE", choices=Role.values, help=", ".join(Role.values))
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("--artifact", metavar="ORG/NAME", default="", help="what a maintainer answers for")
        parser.add_argument("--token", metavar="SCOPES", help=f"make an API token too; scopes: {','.join(SCOPES)}")

    def handle(self, *args: Any, **options: Any) -> None:
        email = checked_email(options["email"])
        artifact = checked_artifact(options["role"], options["artifact"])
        scopes = checked_scopes(options["token"])
        with transaction.atomic():
            user = account(email)
            is_new = give(user, options["role"], by=SYSTEM, about=artifact) is not None
            token = made_token(user, scopes) if scopes else ""
        about = f" for {artifact}" if artifact else ""
        site = site_of(actor_for(user, is_inside=True))
        self.stdout.write(f"{user.email} {'is now' if is_new else 'was already'} {options['role']}{about}.")
        self.stdout.write(f"Sign in once, within a day: {site}{reverse('sign_in', args=[sign_in_code(user)])}")
        if token:
            self.stdout.write(f"token: {token}")


def made_token(user: User, scopes: list[str]) -> str:
    """For a year: whoever has the shell looks after it."""
    return make_token(user, scopes=scopes, name="made by the grant command", lasts=LONGEST, by=SYSTEM.pseudonym)


def checked_email(email: str) -> str:
    try:
        User._meta.get_field("email").clean(email, None)
    except ValidationError as error:
        raise CommandError(f"“{email}” is not an e-mail address.") from error
    return email.lower()


def checked_artifact(role: str, named: str) -> Artifact | None:
    """The artifact of a maintainer's grant; other roles are about none."""
    if role != Role.MAINTAINER:
        if named:
            raise CommandError(f"The role {role} is not about one artifact: leave --artifact out.")
        return None
    org, name = parse(named)
    if not (org and name):
        raise CommandError("A maintainer answers for an artifact: say which with --artifact ORG/NAME.")
    found = [artifact for kind in ArtifactKind.values if (artifact := find_artifact(kind, org, name))]
    if not found:
        raise CommandError(f"No artifact is called {org}/{name}.")
    if len(found) > 1:
        kinds = ", ".join(artifact.get_kind_display() for artifact in found)
        raise CommandError(f"{org}/{name} is the name of more than one artifact ({kinds}).")
    return found[0]


def checked_scopes(scopes: str | None) -> list[str]:
    if scopes is None:
        return []
    wanted = list(dict.fromkeys(scope.strip() for scope in scopes.split(",") if scope.strip()))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise CommandError(f"Unknown scope: {', '.join(unknown) or 'none given'}. Known: {', '.join(SCOPES)}.")
    return wanted


def account(email: str) -> User:
    """The account of that address, made if there is none. One that was closed stays closed."""
    user = User.objects.filter(email__iexact=email).first() or User.objects.create_user(email)
    if not user.is_active:
        raise CommandError(f"The account of {email} is closed.")
    return user
