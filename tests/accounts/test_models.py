"""Accounts."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_an_address_has_one_account_in_any_case() -> None:
    User.objects.create_user("Ann@Example.org")

    assert User.objects.get().email == "ann@example.org"
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.bulk_create([User(email="ANN@example.ORG")])


def test_pseudonyms_tell_nothing_and_never_meet() -> None:
    names = {User.objects.create_user(f"ann{number}@example.org").pseudonym for number in range(20)}

    assert len(names) == 20
    assert not any("ann" in name for name in names)


def test_a_person_is_called_by_their_name_else_their_address() -> None:
    user = User.objects.create_user("ann@example.org", name="Ann")

    assert (str(user), user.get_full_name(), user.get_short_name()) == ("Ann", "Ann", "Ann")
    assert str(User(email="bo@example.org")) == "bo@example.org"
