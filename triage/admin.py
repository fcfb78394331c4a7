"""The operator's table in the admin: how much each context of use weighs. Issues follow by a task."""

import math
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.actors import actor_of
from accounts.admin import Managed
from ledger.record import record
from reports.models import ContextRule
from triage.bell import bell
from triage.tasks import reprioritise

MOST_DAYS = 1_000  # of an embargo
LEAST, MOST = 0.01, 100.0  # times; beyond, nothing but the context would count


class RuleForm(forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    class Meta:
        model = ContextRule
        fields = ["context", "weight", "acknowledge_within", "embargo_days", "grace_days", "fix_days"]

    def clean_embargo_days(self) -> int | None:
        return self._days("embargo_days")

    def clean_grace_days(self) -> int | None:
        return self._days("grace_days")

    def clean_fix_days(self) -> int | None:
        return self._days("fix_days")

    def _days(self, name: str) -> int | None:
        days: int | None = self.cleaned_data[name]
        if days is not None and days > MOST_DAYS:
            raise ValidationError(_("That is more than %(most)d days."), code="days", params={"most": MOST_DAYS})
        return days

    def clean_weight(self) -> float:
        weight: float = self.cleaned_data["weight"]
        if not math.isfinite(weight) or not LEAST <= weight <= MOST:
            sentence = _("A weight lies between %(least)s and %(most)s.")
            raise ValidationError(sentence, code="weight", params={"least": LEAST, "most": MOST})
        return weight


@admin.register(ContextRule)
class ContextRuleAdmin(Managed, admin.ModelAdmin):  # type: ignore[type-arg] # generic in the stubs only
    form = RuleForm
    list_display = ("context", "weight", "acknowledge_within", "embargo_days", "grace_days", "fix_days")

    def save_model(self, request: HttpRequest, obj: ContextRule, form: Any, change: bool) -> None:
        """With an event; every issue's priority is written anew after it."""
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            record("weigh", obj, actor=actor_of(request).pseudonym, context=obj.context, weight=obj.weight)
            transaction.on_commit(lambda: bell.ring(reprioritise, 0))
