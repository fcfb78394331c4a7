"""Turning texts into vectors whose cosine says how alike they are in meaning. Optional; no Django in here."""
