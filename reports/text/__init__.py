"""Reading text without knowing anything else: normalising, masking, terms, language. Standard library only."""

from reports.text.analysis import Token, terms, tokens
from reports.text.language import guess_language
from reports.text.masking import is_everyday, mask
from reports.text.normalising import normalise, normalise_with_offsets

__all__ = ["Token", "guess_language", "is_everyday", "mask", "normalise", "normalise_with_offsets", "terms", "tokens"]
