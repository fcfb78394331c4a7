"""OpenID Connect, with a nonce and checked signatures."""
