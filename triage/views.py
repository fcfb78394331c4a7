"""Views: searches with a name. The house's own come first, then one's own, then those that others share."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import EmptyResultSet, ValidationError
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.policy import Actor
from triage import search
from triage.forms.base import WordedForm
from triage.models import View
from triage.search import Query

HELD = "is:held -is:dismissed"
ANSWERED = "is:answered"
Written = tuple[int, str, tuple[Any, ...]]  # added or taken off, a statement and its parameters
MOST = 50  # of one person, and shared ones that are listed: each is counted whenever they are


@dataclass(frozen=True, slots=True)
class Default:
    """A view that everybody has. ``slug`` is what ``?state=`` called it."""

    slug: str
    name: Promise
    text: str


DEFAULTS = (
    Default("new", _("Waiting"), search.WAITING),
    Default("mine", _("Mine"), "is:open assigned:me"),
    Default("look", _("To look at"), "is:look"),
    Default("signals", _("With a signal"), "signal:any"),
    Default("regressions", _("Regressions"), "is:possible-regression"),
    Default("held", _("Held"), HELD),
    Default("answered", _("Answered"), ANSWERED),
    Default("disputed", _("Disputed"), "is:disputed"),
    Default("snoozed", _("Snoozed"), "is:snoozed"),
    Default("confirmed", _("Confirmed"), "is:confirmed"),
    Default("resolved", _("Resolved"), "is:resolved"),
    Default("dismissed", _("Dismissed"), "is:dismissed"),
    Default("all", _("All"), ""),
)
BY_SLUG = {view.slug: view for view in DEFAULTS}


@dataclass(frozen=True, slots=True)
class Shown:
    """A view as it is listed. ``view`` is None for one of the house's;"""

    name: str
    text: str
    view: View | None = None
    is_own: bool = False
    is_here: bool = False
    count: int = 0

    @property
    def is_waiting(self) -> bool:
        return self.text == search.WAITING

    @property
    def is_in_sight(self) -> bool:
        """Whether it stands beside the first ones: it is open, or holds what no list of its own would remind of."""
        return self.is_here or (self.text in {HELD, ANSWERED} and bool(self.count))


def seen_by(user: User) -> "QuerySet[View]":
    """One's own views and those that others share."""
    return View.objects.filter(Q(owner=user) | Q(is_shared=True)).select_related("owner")


def listed(
    user: User, actor: Actor, *, here: Query | None = None, known: Mapping[str, int] | None = None
) -> list[Shown]:
    """The views to choose from, with how many issues each finds, in three queries however many there are.

    ``known``: by the text of a search, what was counted already.
    """
    own = list(View.objects.filter(owner=user).order_by("name")[:MOST])
    others = View.objects.filter(is_shared=True).exclude(owner=user).select_related("owner").order_by("name", "pk")
    rows: list[tuple[str, str, View | None]] = [(str(default.name), default.text, None) for default in DEFAULTS]
    rows += [(view.name, view.query, view) for view in (*own, *others[:MOST])]
    queries = [search.parse(text) for _name, text, _view in rows]
    known = known or {}
    unknown = list(dict.fromkeys(query for query in queries if query.text not in known))
    counts = dict(zip(unknown, count_all(unknown, actor), strict=True))
    return [
        Shown(
            name=name,
            text=query.text,
            view=view,
            is_own=view is not None and view.owner_id == user.pk,
            is_here=here is not None and query.terms == here.terms,
            count=known[query.text] if query.text in known else counts[query],
        )
        for (name, _text, view), query in zip(rows, queries, strict=True)
    ]


def count_all(queries: Sequence[Query], actor: Actor) -> list[int]:
    """How many issues each search finds, counted by one statement."""
    parts: list[str] = []
    values: list[Any] = []
    for at, query in enumerate(queries):
        for sign, sql, parameters in _written_once(query, actor) if query.text in _HOUSE else _written(query, actor):
            parts.append(f"SELECT {at}, {sign} * count(*) FROM ({sql}) AS found")  # noqa: S608 -- the compiler's own
            values += parameters
    if not parts:
        return [0] * len(queries)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), values)
        counts = Counter[int]()
        for at, count in cursor.fetchall():
            counts[at] += count
    return [counts[at] for at in range(len(queries))]


def _written(query: Query, actor: Actor) -> tuple[Written, ...]:
    """The statements whose rows, added and taken off, are what the search finds."""
    written = []
    for sign, issues in zip((1, -1), search.sums(query, actor), strict=True):
        try:
            sql, parameters = issues.order_by().values("pk").query.get_compiler(connection=connection).as_sql()
        except EmptyResultSet:
            continue
        written.append((sign, sql, tuple(parameters)))
    return tuple(written)


# The house's own views ask for no words and no day, so their statements hang on who asks and on nothing that changes;
# to write them takes longer than to answer them.
_written_once = lru_cache(maxsize=512)(_written)
_HOUSE = frozenset(default.text for default in DEFAULTS)


def copied(view: View, *, by: User) -> View:
    """One's own copy of a view that somebody shares, under a name that one has not given yet.

    Raises ValidationError if one has too many.
    """
    if View.objects.filter(owner=by).count() >= MOST:
        raise too_many()
    taken = {name.casefold() for name in View.objects.filter(owner=by).values_list("name", flat=True)}
    length = View._meta.get_field("name").max_length or 0
    names = [view.name, *(f"{view.name[: length - 5]} ({number})" for number in range(2, MOST + 2))]
    name = next(name for name in names if name.casefold() not in taken)
    return View.objects.create(owner=by, name=name, query=view.query)


class ViewForm(WordedForm, forms.ModelForm):  # type: ignore[type-arg] # generic in the stubs only
    """A search to keep: under which name, and whether others see it."""

    query = forms.CharField(
        label=_("Search"),
        required=False,
        max_length=search.LONGEST,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("As it stands in the search field of the queue."),
    )

    class Meta:
        model = View
        fields = ["name", "query", "is_shared"]
        labels = {"name": _("Name"), "is_shared": _("Others on the desk see it too")}
        help_texts = {"is_shared": _("Only you can change it. Others can copy it.")}

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        same = View.objects.filter(owner=self.instance.owner, name__iexact=name).exclude(pk=self.instance.pk)
        if same.exists():
            raise forms.ValidationError(gettext("You have a view of this name."), code="name")
        return name

    def clean_query(self) -> str:
        query = search.parse(self.cleaned_data["query"])
        if query.errors:
            raise forms.ValidationError([sentence for _word, sentence in query.errors], code="query")
        return query.text

    def clean(self) -> None:
        if self.instance.pk is None and View.objects.filter(owner=self.instance.owner).count() >= MOST:
            raise too_many()


def too_many() -> ValidationError:
    sentence = gettext("You have %(most)d views. Delete one first.") % {"most": MOST}
    return ValidationError(sentence, code="too_many")
