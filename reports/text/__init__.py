"""Reading text without knowing anything else: normalising, masking, terms, language. Standard library only."""

from reports.text.analysis import Token, terms, tokens
from reports.text.language import guess_language
from reports.text.masking import mask
from reports.text.normalising import normalise, normalise_with_offsets

__all__ = ["Token", "guess_language", "mask", "normalise", "normalise_with_offsets", "terms", "tokens"]
