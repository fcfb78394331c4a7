"""What every answer carries, whoever asks and whatever becomes of it. Any test may hand one in."""

from typing import Any

POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
    "manifest-src": ["'self'"],
}
LOCKED_UP = {name: ["'none'"] for name in ("default-src", "base-uri", "form-action", "frame-ancestors")} | {
    "sandbox": []
}
EMBEDDED = "cross-origin"  # what is made for other people's pages says so: badges
POWERFUL = ("camera", "microphone", "geolocation", "payment", "usb", "display-capture")
NEVER_SAID = ("Server", "X-Powered-By", "Access-Control-Allow-Origin")


def policy_of(response: Any) -> dict[str, list[str]]:
    told = [part.split() for part in response["Content-Security-Policy"].split(";") if part.strip()]
    return {name: sources for name, *sources in told}


def guarded(response: Any) -> None:
    """The policy of the house, or nothing at all allowed; and the rest."""
    assert policy_of(response) in (POLICY, LOCKED_UP)
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["Cross-Origin-Resource-Policy"] in ("same-origin", EMBEDDED)
    assert all(f"{name}=()" in response["Permissions-Policy"].split(", ") for name in POWERFUL)
    assert not any(name in response for name in NEVER_SAID)
    for cookie in response.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


def kept_by_nobody(response: Any) -> bool:
    """Whether it is for its reader alone, and stays with nobody: not with a proxy, nor in their own browser."""
    return {"private", "no-store"} <= set(response.get("Cache-Control", "").replace(" ", "").split(","))
