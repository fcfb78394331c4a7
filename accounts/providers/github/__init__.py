"""GitHub, or an enterprise's own."""
