"""Telling which reports are about the same failure. Pure: texts and numbers in, frozen answers out, no Django."""
