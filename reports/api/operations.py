"""How a view is described: what drf-spectacular cannot see by itself."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from accounts.policy import ANONYMOUS, allows


class Operation(AutoSchema):
    """Says of what anybody may do that it takes no token: policy knows, and the library asks permissions of its own."""

    def get_description(self) -> str:  # type: ignore[override] # as AutoSchema has it, which comes without types
        """Nothing but what ``extend_schema`` says: a docstring speaks to whoever changes the view."""
        return ""

    def get_auth(self) -> list[dict[str, Any]]:
        ways: list[dict[str, Any]] = super().get_auth()
        act: Any = getattr(self.view, "act", None)
        is_open = act is not None and allows(ANONYMOUS, act)
        return [{}, *ways] if is_open and ways else ways
