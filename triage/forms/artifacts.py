"""What the artifact desk asks. Every form carries ``shown``: what stood in its section when the page was made."""

import re
from typing import Any
from urllib.parse import unquote

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from reports.models import Artifact, Version
from reports.naming import find_artifact, parse, tidy
from reports.vocabulary import Access, ArtifactKind, Relation
from triage.catalogue import FACTS, ON_THE_WEB
from triage.forms.base import NotedForm

TEXT = 4_000  # characters of what a card says on one matter
DESK_ADDRESS = re.compile(r"/triage/artifacts/(\d{1,18})(?:/|$)")
PAGE_ADDRESS = re.compile(r"/(model|system|dataset)s/([^/]+)/([^/]+)/?$")
WRITTEN = {"dir": "auto", "autocomplete": "off"}


class CatalogueForm(NotedForm):
    """What they share. ``told`` is handed to the act in ``triage.catalogue``."""

    use_required_attribute = False
    shown = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)

    def __init__(self, *args: Any, artifact: Artifact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.artifact = artifact

    def told(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class PressForm(CatalogueForm):
    """A button, with nothing to be said."""


class FactsForm(CatalogueForm):
    title = forms.CharField(label=_("Title"), max_length=200, required=False, widget=forms.TextInput(attrs=WRITTEN))
    developer = forms.CharField(
        label=_("Developer"),
        help_text=_("Who makes it."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=WRITTEN),
    )
    deployer = forms.CharField(
        label=_("Deployer"),
        help_text=_("Who offers it."),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=WRITTEN),
    )
    access = forms.ChoiceField(label=_("Access"), choices=[("", _("Not known")), *Access.choices], required=False)
    intended_use = forms.CharField(label=_("Intended use"), max_length=TEXT, required=False)
    known_limitations = forms.CharField(label=_("Known limitations"), max_length=TEXT, required=False)
    data_collection = forms.CharField(label=_("Data collection"), max_length=TEXT, required=False)
    card_url = forms.CharField(
        label=_("Address of its card"),
        help_text=_("Where it says so, beginning with https://"),
        max_length=500,
        required=False,
        validators=[ON_THE_WEB],
        widget=forms.URLInput(attrs={"dir": "ltr"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FACTS:
            self.fields[name].initial = getattr(self.artifact, name)
        for name in ("intended_use", "known_limitations", "data_collection"):
            self.fields[name].widget = forms.Textarea(attrs={"rows": 3, "dir": "auto", "maxlength": TEXT})


class AliasForm(CatalogueForm):
    name = forms.CharField(
        label=_("Another name"),
        help_text=_("As people write it. Reports filed under it are about this artifact."),
        max_length=200,
        widget=forms.TextInput(attrs=WRITTEN),
    )


class VersionForm(CatalogueForm):
    """For a version that is there (``version``) or a new one."""

    name = forms.CharField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs=WRITTEN))
    released_on = forms.DateField(
        label=_("Released on"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    is_alias = forms.BooleanField(
        label=_("A moving name, like “latest”"),
        help_text=_("It points to another release as time goes by, and has no place in the order."),
        required=False,
    )

    def __init__(self, *args: Any, version: Version | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if version is not None:
            for name in ("name", "released_on", "is_alias"):
                self.fields[name].initial = getattr(version, name)


class OrderForm(CatalogueForm):
    to = forms.ChoiceField(choices=[(each, each) for each in ("newer", "older", "in", "out")])


class OtherForm(CatalogueForm):
    """Asks for another artifact by name or address."""

    other = forms.CharField(
        label=_("The other artifact"),
        help_text=_("Its name, as in acme/chat-7b, or the address of its page."),
        max_length=500,
        widget=forms.TextInput(attrs=WRITTEN),
    )
    kinds: tuple[str, ...] = tuple(ArtifactKind.values)

    def clean_other(self) -> Artifact:
        typed = self.cleaned_data["other"].strip()
        found = self.meant(typed)
        if found is None:
            raise ValidationError(
                _("No artifact is called so, or more than one is. Write its full name."), code="unknown"
            )
        return found

    def meant(self, typed: str) -> Artifact | None:
        known = Artifact.objects.visible_to(self.actor)
        path = re.split("[?#]", typed, maxsplit=1)[0]  # of whatever was typed, an address or not
        if desk := DESK_ADDRESS.search(path):
            return known.filter(pk=int(desk[1])).first()
        if page := PAGE_ADDRESS.search(path):
            kind, *named = page.groups()
            return find_artifact(kind, *(tidy(unquote(part)) for part in named))  # as browsers copy letters
        for kind in self.kinds:
            if found := find_artifact(kind, *parse(typed)):
                return found
        return None


class MergeForm(OtherForm):
    """Whichever ``way``: "in" makes the other one the survivor."""

    way = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = (self.artifact.kind, *(kind for kind in ArtifactKind.values if kind != self.artifact.kind))


class StepForm(OtherForm):
    relation = forms.ChoiceField(label=_("It is"), choices=Relation.choices)
    field_order = ("relation", "other")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.data.get("relation") == Relation.TRAINED_ON:  # data more often than a model of that name
            self.kinds = (ArtifactKind.DATASET, ArtifactKind.MODEL, ArtifactKind.SYSTEM)

    def told(self) -> dict[str, Any]:
        told = super().told()
        return {"parent": told.pop("other"), **told}
