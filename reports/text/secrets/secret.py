"""What was found: a kind and where it stands."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds in the order in which they are believed: where two overlap, the earlier stands."""

    TOKEN = "token"  # noqa: S105 -- the name of a kind: keys, passwords, bearer tokens, private keys
    EMAIL = "email"
    IBAN = "iban"
    CN_ID = "cn_id"
    CARD = "card"
    CN_MOBILE = "cn_mobile"
    IP = "ip"
    PHONE = "phone"

    @property
    def mark(self) -> str:
        """What stands in a masked text where one of this kind stood."""
        return f"[{self.value}]"


@dataclass(frozen=True, slots=True)
class Secret:
    """One thing to mask: ``text[start:end]``, counted in characters as Python counts them."""

    kind: Kind
    start: int
    end: int
