"""Which method of grouping is in force: the newest fitted here, else the one that came with the code."""

from triage.grouping.method import LEXICAL, MEANINGFUL, Method, shipped


def in_force(*, by_meaning: bool) -> Method:
    """The method for reports that an embedder has read, or for those that are compared by words alone."""
    return shipped(MEANINGFUL if by_meaning else LEXICAL)
