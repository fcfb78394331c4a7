"""What the operator says of each context of use: how much more it weighs, and how soon somebody must answer."""

from django.db import models
from django.db.models import Q

from reports.vocabulary import ContextOfUse

ACKNOWLEDGE_WITHIN = 3  # working days, where no ContextRule says otherwise


class ContextRule(models.Model):
    """One context of use as this site weighs it. A context without a row weighs 1.

    ``weight`` multiplies the priority of an issue (EU AI Act, Annex III names the contexts that should weigh more);
    ``acknowledge_within`` is in working days, from the day a maintainer was told. How long an embargo lasts is in days;
    where nothing is said, the settings say it (``reports.disclosure``).
    """

    context = models.CharField(max_length=16, choices=ContextOfUse.choices, primary_key=True)
    weight = models.FloatField(default=1)
    acknowledge_within = models.PositiveSmallIntegerField(default=ACKNOWLEDGE_WITHIN)
    embargo_days = models.PositiveSmallIntegerField(null=True, blank=True)
    grace_days = models.PositiveSmallIntegerField(null=True, blank=True)  # more, where a fix is promised
    fix_days = models.PositiveSmallIntegerField(null=True, blank=True)  # from a fix to publication

    class Meta:
        ordering = ["context"]
        constraints = [models.CheckConstraint(name="context_weight_positive", condition=Q(weight__gt=0))]

    def __str__(self) -> str:
        return self.get_context_display()
