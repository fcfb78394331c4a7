"""A pasted conversation, in whatever form chats and tools give it, read into turns.

Nothing is lost on the way: of text, every character but the speakers' names stands in some turn; of an export, what was
left out is told by a doubt. Where nothing is recognised there are no turns, and the paste stays what it was.
"""

import re

from reports.text.conversation.blocks import read_blocks
from reports.text.conversation.exports import read_json
from reports.text.conversation.fences import unwrapped
from reports.text.conversation.speakers import read_speakers
from reports.text.conversation.special_tokens import read_special_tokens
from reports.text.conversation.turns import (
    LONGEST_TURN,
    MOST_CHARACTERS,
    MOST_TURNS,
    Conversation,
    Doubt,
    Form,
    Turn,
    concluded,
    refused,
)

__all__ = ["LONGEST_TURN", "MOST_TURNS", "Conversation", "Doubt", "Form", "Turn", "turns_of"]

_LINE_END = re.compile("\r\n?")
_INVISIBLE = " \t\n\u00a0\u200b\u200e\u200f\u2060\ufeff"


def turns_of(pasted: str) -> Conversation:
    """The conversation that was pasted. Never raises; time is linear in the text.

    >>> turns_of("User: 2+2?\\nAssistant: 5").turns
    [{'role': 'user', 'content': '2+2?'}, {'role': 'assistant', 'content': '5'}]
    >>> [str(doubt) for doubt in turns_of("Note: it was wrong.").doubts]
    ['unrecognised']
    """
    if len(pasted) > MOST_CHARACTERS:
        return refused(Doubt.TOO_LARGE)
    text = unwrapped(_LINE_END.sub("\n", pasted.lstrip("\ufeff")))
    bare = text.strip(_INVISIBLE)
    if not bare:
        return refused(Doubt.EMPTY)
    if conversation := read_json(bare):
        return conversation
    for read in (read_special_tokens, read_speakers, read_blocks):
        if found := read(text):
            form, turns, doubts = found
            return concluded(form, turns, doubts)
    return refused(Doubt.UNRECOGNISED)
