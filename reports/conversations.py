"""A conversation as the form was told it: its turns, the field each was written in, and what could not be told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from reports.text.conversation import Conversation, Doubt, Turn, turns_of

CANNOT_SHARE = "none"  # of ``shown_by``: nothing of the conversation is sent, whatever stands in its fields
WRITTEN_OUT = (("prompt", "user"), ("output", "assistant"))  # fields of one turn each

# Pastes that nobody meant to send as they are: of several conversations, which one; of something huge, what for.
REFUSED: Mapping[Doubt, Promise] = {
    Doubt.SEVERAL_CONVERSATIONS: _("This holds several conversations. Paste only the one that you mean."),
    Doubt.TOO_LARGE: _("This is too much to be one conversation. Paste only the part that matters."),
    Doubt.TOO_DEEP: _("This is nested too deeply to be read. Paste the conversation as text."),
    Doubt.TOO_MANY_TURNS: _("This is longer than 200 turns. Paste only the part that matters."),
    Doubt.TURN_TOO_LONG: _("One turn is longer than 20,000 characters. Paste only the part that matters."),
}
TOLD: Mapping[Doubt, Promise] = {
    Doubt.UNRECOGNISED: _("We could not tell who said what. It is kept as it is, as words of the model."),
    Doubt.BROKEN_JSON: _("It looks like a file that ends too early. It is kept as it is, as words of the model."),
    Doubt.EMPTY_TURN: _("One turn is empty."),
    Doubt.BRANCHES_LEFT_OUT: _("Answers that were tried again or edited are left out."),
    Doubt.HIDDEN_LEFT_OUT: _("Parts that the chat does not show, such as your profile, are left out."),
    Doubt.ATTACHMENTS_LEFT_OUT: _("Pictures and files are left out. A mark stands where they were."),
    Doubt.PARTS_LEFT_OUT: _("Parts of a kind that we do not know are left out."),
    Doubt.REASONING_KEPT: _("What the model wrote while thinking is part of it."),
    Doubt.UNKNOWN_ROLE: _("One speaker is neither you nor the model. Look at who says what."),
    Doubt.BEFORE_FIRST_SPEAKER: _("Something stands before the first speaker. Look at whose words it is."),
    Doubt.SPEAKER_GUESSED: _("We guessed who is who by the order. Look at who says what."),
    Doubt.LABELS_UNSURE: _("Some words look like a speaker’s name and may not be one. Look at where turns begin."),
    Doubt.ALTERNATED: _("Nobody is named in it. We took you to begin, and the model to answer in turn."),
    Doubt.OUTSIDE_MARKERS: _("Something stands outside the turns. Look at whose words it is."),
    Doubt.CHARACTERS_REPLACED: _("Characters that cannot be stored were replaced by “�”."),
}
KEPT_WHOLE = frozenset({Doubt.UNRECOGNISED, Doubt.BROKEN_JSON})


@dataclass(frozen=True, slots=True)
class Told:
    """The turns in their order and, in step with them, the field of the form that each stands in."""

    turns: tuple[Turn, ...]
    fields: tuple[str, ...]
    doubts: tuple[Promise, ...] = ()
    refusals: tuple[Promise, ...] = ()


def conversation_told(written: Callable[[str], str]) -> Told:
    """What the fields say of the conversation; ``written`` gives the text of a field by its name."""
    if written("shown_by") == CANNOT_SHARE:
        return Told((), ())
    pasted = read(written("conversation"))
    found: list[tuple[str, Turn]] = [("conversation", turn) for turn in pasted.turns]
    if system := written("system_prompt").strip():
        found.insert(0, ("system_prompt", {"role": "system", "content": system}))
    for name, role in WRITTEN_OUT:
        if written(name).strip():
            found.append((name, {"role": role, "content": written(name)}))  # type: ignore[typeddict-item] # one of two
    return Told(
        tuple(turn for _name, turn in found),
        tuple(name for name, _turn in found),
        tuple(TOLD[doubt] for doubt in pasted.doubts if doubt in TOLD),
        tuple(REFUSED[doubt] for doubt in pasted.doubts if doubt in REFUSED),
    )


def read(pasted: str) -> Conversation:
    """The paste in turns; one that nobody can tell apart is one turn, word for word."""
    if not pasted.strip():
        return Conversation()
    conversation = turns_of(pasted)
    if conversation.turns or not KEPT_WHOLE.intersection(conversation.doubts):
        return conversation
    return Conversation([{"role": "assistant", "content": pasted}], conversation.form, conversation.doubts)
