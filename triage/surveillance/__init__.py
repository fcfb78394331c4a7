"""Telling when reports form a pattern. Pure: days and counts in, frozen answers out, no Django, no clock."""
