"""Measures how well reports are grouped, on labelled streams: ``python -m bench.quality FOLDER``."""
