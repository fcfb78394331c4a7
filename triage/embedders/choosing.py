"""From the setting EMBEDDER to an embedder. What an embedder needs is imported only when one is named."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path

from triage.embedders.protocol import Embedder, EmbedderUnavailable

MAKERS = {"onnx": "triage.embedders.onnx", "http": "triage.embedders.http"}


def embedder_of(spec: str, *, languages: frozenset[str] | None, hub: Path, api_key: str = "") -> Embedder:
    """The embedder that ``spec`` names: ``onnx:PATH``, ``onnx:ORG/NAME`` out of ``hub``, or ``http:URL``.

    ``hub`` is the folder where the model hub's own tools keep what they fetched. ``languages`` of None: what its card
    says, else English. Raises EmbedderUnavailable.
    """
    kind, _, place = spec.partition(":")
    if kind not in MAKERS or not place:
        raise EmbedderUnavailable(f"EMBEDDER must be onnx:FOLDER or http:URL, not “{spec}”.")
    make: Callable[..., Embedder] = import_module(MAKERS[kind]).make
    source = {"onnx": partial(make, hub=hub), "http": partial(make, api_key=api_key)}[kind]
    return source(place, languages=languages)
