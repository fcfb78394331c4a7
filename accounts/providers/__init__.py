"""Signing in by way of somebody else, where the operator has set it up: OpenID Connect, and GitHub."""
