"""Text in which speakers are named at the start of lines.

What makes a line a turn is not its own look but the paste's: the person's name and the answering one's are found once,
with the way they are set ("### User"), and only those open turns. Any other "Note:" or "AI:" is somebody's words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reports.text.conversation.fences import Quotes, fenced, numbered
from reports.text.conversation.labels import THE_MODEL, Label, Style, label_of
from reports.text.conversation.turns import Doubt, Form, Role, Turn

Found = tuple[Form, list[Turn], set[Doubt]]
_VALUE = re.compile(r"[ \t]{0,9}[A-Za-z][\w.]{0,80}(?:[/-][\w.:]{1,80}){1,9}[ \t]{0,9}(?:\n|\Z)")
_FEWEST_GUESSED = 2  # times a name that nobody knows must answer in turn


@dataclass(frozen=True, slots=True)
class Spoken:
    """A label and how it stands."""

    label: Label
    is_apart: bool  # after an empty line, or first
    is_first: bool  # nothing before it but space

    @property
    def role(self) -> Role | None:
        return self.label.role


def read_speakers(text: str) -> Found | None:
    """The turns of the text and what was unsure, or None where no two speakers are named."""
    spoken = _spoken(text)
    for styles in _styles(spoken):
        if chosen := _chosen([each for each in spoken if each.label.style in styles]):
            marks, doubts = chosen
            turns = _turns(text, marks)
            if marks[0].is_first:
                return _form(marks), turns, doubts
            opening: Turn = {"role": _opener(marks), "content": text[: marks[0].label.start].strip()}
            return _form(marks), [opening, *turns], doubts | {Doubt.BEFORE_FIRST_SPEAKER}
    return None


def _styles(spoken: Sequence[Spoken]) -> Iterable[set[Style]]:
    """Each way of setting names, the first one first; then all together, but for bare lines, which are easily words."""
    for style in dict.fromkeys(each.label.style for each in spoken if each.role):
        yield {style}
    yield set(Style) - {Style.BARE}


def _spoken(text: str) -> list[Spoken]:
    """Every line that may name a speaker, but for those in code and in quotations."""
    lines, quotes = text.split("\n"), Quotes(text)
    found: list[Spoken] = []
    is_apart = is_first = True
    for (place, line), is_fenced in zip(numbered(lines), fenced(lines), strict=True):
        if not is_fenced and place not in quotes and (label := label_of(line, place)):
            found.append(Spoken(label, is_apart, is_first))
        is_apart = not line.strip()
        is_first = is_first and is_apart
    return _without_settings(found, text)


def _without_settings(spoken: list[Spoken], text: str) -> list[Spoken]:
    """Without the one line that tells which model it was: "Model: kelp-labs/harbor-7b"."""
    names = Counter(each.label.name for each in spoken)

    def is_setting(label: Label) -> bool:
        value = _VALUE.match(text, label.end)
        return label.name in THE_MODEL and names[label.name] == 1 and value is not None

    return [each for each in spoken if not is_setting(each.label)]


def _chosen(spoken: Sequence[Spoken]) -> tuple[list[Spoken], set[Doubt]] | None:
    """The labels that open turns."""
    doubts: set[Doubt] = set()
    pair = _pair(spoken)
    if pair is None:
        spoken, pair = _with_guessed(spoken)
        doubts.add(Doubt.SPEAKER_GUESSED)
    if pair is None:
        return None
    user, assistant = pair
    if user.label.is_weak or assistant.label.is_weak:
        doubts.add(Doubt.LABELS_UNSURE)
    main = _without_asides([each for each in spoken if _is_like(each, user) or _is_like(each, assistant)])
    is_close = not any(each.is_apart for each in main[1:])
    if _is_uneven(main[1:]):
        doubts.add(Doubt.LABELS_UNSURE)
    minor = [
        each
        for each in spoken
        if (each.role == "system" and _place(each) < _place(main[0]))
        or (each.role == "tool" and _place(each) > _place(main[0]) and (each.is_apart or is_close))
    ]
    return sorted([*main, *minor], key=_place), doubts


def _is_uneven(main: Sequence[Spoken]) -> bool:
    """Whether one speaker is named now after an empty line, now not: some may be lines of a dialogue in an answer."""
    ways = {(each.role, each.is_apart) for each in main if not each.label.is_said}
    return len(ways) > len({role for role, _is_apart in ways})


def _place(each: Spoken) -> int:
    return each.label.start


def _pair(spoken: Sequence[Spoken]) -> tuple[Spoken, Spoken] | None:
    """The first label of the person and the one that answers it: the next of a model, or else the one just before."""
    user = _strong_first(each for each in spoken if each.role == "user" and (each.is_first or not each.label.is_weak))
    if user is None:
        return None
    answers = [each for each in spoken if each.role == "assistant" and (user.is_first or not each.label.is_weak)]
    after = _strong_first(each for each in answers if each.label.start > user.label.start)
    before = _strong_first(each for each in reversed(answers) if each.label.start < user.label.start)
    answer = after or before
    return (user, answer) if answer else None


def _strong_first(answers: Iterable[Spoken]) -> Spoken | None:
    found = list(answers)
    return next((each for each in found if not each.label.is_weak), found[0] if found else None)


def _is_like(each: Spoken, chosen: Spoken) -> bool:
    """The same name, or the same page's way of naming a model, which may change with the version in a long chat."""
    if each.label.name == chosen.label.name:
        return True
    return each.label.is_said and chosen.label.is_said and each.role == chosen.role


def _without_asides(main: list[Spoken]) -> list[Spoken]:
    """A speaker named twice in a row opens a turn only if set like the others: apart, or all of them close together."""
    changes = [after.is_apart for before, after in pairwise(main) if before.role != after.role]
    if not changes or not all(changes):
        return main
    kept = main[:1]
    for each in main[1:]:
        if each.role != kept[-1].role or each.is_apart:
            kept.append(each)
    return kept


def _with_guessed(spoken: Sequence[Spoken]) -> tuple[list[Spoken], tuple[Spoken, Spoken] | None]:
    """Where one speaker is known, the name that takes turns with it is the other one's: "Me:", "Harbor-7B:"."""
    sides: tuple[tuple[Role, Role], ...] = (("user", "assistant"), ("assistant", "user"))
    for role, other in sides:
        known = next((each for each in spoken if each.role == role and not each.label.is_weak), None)
        if known is None:
            continue
        if name := _name_in_turn(spoken, known.label.name):
            named = [_as(each, other) if each.label.name == name else each for each in spoken]
            partner = next(each for each in named if each.label.name == name)
            return named, ((known, partner) if role == "user" else (partner, known))
    return list(spoken), None


def _name_in_turn(spoken: Sequence[Spoken], known: str) -> str | None:
    """The unknown name that stands once between any two of the known one."""
    rows: dict[str, list[Spoken]] = defaultdict(list)
    for each in spoken:
        if each.role is None or each.label.name == known:
            rows[each.label.name].append(each)
    row = rows.pop(known)
    for name, others in rows.items():
        if len(others) >= _FEWEST_GUESSED and abs(len(others) - len(row)) <= 1 and _alternates([*row, *others]):
            return name
    return None


def _as(each: Spoken, role: Role) -> Spoken:
    return replace(each, label=each.label._replace(role=role))


def _alternates(both: list[Spoken]) -> bool:
    row = sorted(both, key=_place)
    return row[0].is_first and all(one.label.name != next_.label.name for one, next_ in pairwise(row))


def _turns(text: str, marks: Sequence[Spoken]) -> list[Turn]:
    ends = [*(mark.label.start for mark in marks[1:]), len(text)]
    return [
        {"role": mark.role or "tool", "content": text[mark.label.end : end].strip()}
        for mark, end in zip(marks, ends, strict=True)
    ]


def _opener(marks: Sequence[Spoken]) -> Role:
    """Whose words stand before anybody is named: a question if an answer follows, or else a heading or a setting."""
    return "user" if marks[0].role == "assistant" else "system"


def _form(marks: Sequence[Spoken]) -> Form:
    if any(mark.label.is_said for mark in marks) or marks[0].label.style is Style.BARE:
        return Form.WEB_PAGE
    return Form.HEADINGS if marks[0].label.style is Style.HEADING else Form.SPEAKERS
