"""A provider that speaks OpenID Connect on loopback: it signs id_tokens, gives a code once, and lies when told to."""

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

CLIENT, SECRET = "telltale-here", "a secret of theirs"


@dataclass
class Provider:
    """What it says of whoever signs in there; ``claims`` and ``header`` go over what is right."""

    key: RSAPrivateKey = field(default_factory=lambda: generate_private_key(65537, 2048))
    signs_with: Any = None
    algorithm: str = "RS256"
    claims: dict[str, Any] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)  # by the userinfo endpoint
    issuer: str = ""
    claimed_issuer: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    is_down: bool = False
    has_id_token: bool = True

    def begin(self) -> None:
        self.signs_with, self.algorithm, self.claims, self.told, self.claimed_issuer = None, "RS256", {}, {}, ""
        self.is_down, self.has_id_token = False, True

    def authorize(self, address: str) -> str:
        """As a browser that was sent to ``address``, and whose owner said yes; the code that it comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return code

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.claimed_issuer or self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def keys(self) -> dict[str, Any]:
        told = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [{**told, "kid": "k1", "alg": "RS256", "use": "sig"}]}

    def exchange(self, posted: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """RFC 6749 4.1.3 and RFC 7636 4.6: a code once, for the client and the verifier it was given for."""
        asked = self.codes.pop(posted.get("code", ""), None)
        proof = (
            urlsafe_b64encode(hashlib.sha256(posted.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        )
        is_good = asked and asked["code_challenge"] == proof and asked["redirect_uri"] == posted.get("redirect_uri")
        if not (asked and is_good and posted.get("client_secret") == SECRET):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "sub": "u1", "nonce": asked["nonce"]}
        token = jwt.encode(
            {name: value for name, value in {**claims, **self.claims}.items() if value is not None},
            self.signs_with or self.key,
            algorithm=self.algorithm,
            headers={"kid": "k1"},
        )
        return 200, {"access_token": "at", "token_type": "Bearer"} | ({"id_token": token} if self.has_id_token else {})


def serving(provider: Provider) -> ThreadingHTTPServer:
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths: dict[str, Callable[[], dict[str, Any]]] = {
                "/.well-known/openid-configuration": provider.configuration,
                "/keys": provider.keys,
                "/userinfo": lambda: provider.told,
            }
            answer = paths.get(urlsplit(self.path).path)
            self.told(200 if answer else 404, answer() if answer else {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted = {name: values[0] for name, values in parse_qs(body).items()}
            self.told(*provider.exchange(posted))

        def told(self, status: int, document: dict[str, Any]) -> None:
            if provider.is_down:
                status, document = 503, {}
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server
