"""A sentence-transformers folder with an ONNX file, run here by onnxruntime. Nothing is downloaded.

Texts are run one by one. On a processor a batch is no faster, and where the model is quantised
its arithmetic spans the whole batch: a text's vector would hang on its neighbours.
"""

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as failures
from tokenizers import Tokenizer

from triage.embedders.languages import languages_of_card
from triage.embedders.protocol import EmbedderUnavailable, Vectors, unit_rows

# The first that is there. Eight-bit numbers take a third of the time, and cost nothing that could be measured.
GRAPHS = ("onnx/model_quantized.onnx", "onnx/model_int8.onnx", "onnx/model.onnx", "model_quantized.onnx", "model.onnx")
MOST_TOKENS = 128  # 256 take up to twice as long and find no more, see docs/decisions/0009-embedders-are-guests.md
ENGLISH = frozenset({"en"})
REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")
REFUSALS = (
    failures.EPFail,
    failures.Fail,
    failures.InvalidArgument,
    failures.InvalidGraph,
    failures.InvalidProtobuf,
    failures.NoSuchFile,
    failures.NotImplemented,
    failures.RuntimeException,
)

Pool = Callable[[NDArray[np.float32]], NDArray[np.float32]]
# From (tokens, d) to (d,). A text is run alone, so every token of it counts.
POOLS: dict[str, Pool] = {
    "mean": lambda tokens: tokens.mean(axis=0),
    "cls": lambda tokens: tokens[0],
    "max": lambda tokens: tokens.max(axis=0),
    "lasttoken": lambda tokens: tokens[-1],
}
POOL_FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_lasttoken": "lasttoken",
}
STEPS = {
    "Transformer",
    "Pooling",
    "Normalize",
}  # of modules.json; rows are of unit length here with or without the last


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a folder says of how its model is to be used."""

    graph: Path
    pooling: str
    max_tokens: int
    prompt: str
    languages: frozenset[str] | None


class OnnxEmbedder:
    """The model of one folder, loaded."""

    def __init__(self, folder: Path, *, languages: frozenset[str] | None = None) -> None:
        recipe = read_recipe(folder)
        self.max_tokens = recipe.max_tokens
        self.languages = next(said for said in (languages, recipe.languages, ENGLISH) if said is not None)
        self.id = f"onnx:{named(folder)}@{fingerprint(folder, recipe)}"
        self._prompt = recipe.prompt
        self._pool = POOLS[recipe.pooling]
        self._tokenizer = load_tokenizer(folder, recipe.max_tokens)
        self._session = load_session(recipe.graph)
        self._wanted = [wanted.name for wanted in self._session.get_inputs()]
        self._answer = answer_of(self._session)
        self.dimension = len(self._vector("one"))

    def encode(self, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        return unit_rows([self._vector(text) for text in texts], len(texts))

    def _vector(self, text: str) -> NDArray[np.float32]:
        read = self._tokenizer.encode(self._prompt + text)
        known = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        try:
            given = {name: np.array([known[name]], dtype=np.int64) for name in self._wanted}
            (answer,) = self._session.run([self._answer], given)
        except KeyError as error:
            raise EmbedderUnavailable(f"The model wants an input that we do not know: {error}.") from error
        except REFUSALS as error:
            raise EmbedderUnavailable(f"The model could not be run: {error}") from error
        vector: NDArray[np.float32] = self._pool(answer[0]) if answer.ndim == 3 else answer[0]
        return vector


def make(place: str, *, hub: Path, languages: frozenset[str] | None) -> OnnxEmbedder:
    return OnnxEmbedder(find_folder(place, hub), languages=languages)


def find_folder(place: str, hub: Path) -> Path:
    """The folder that ``place`` names: itself, or the fetched repository in the hub's cache."""
    folder = Path(place).expanduser()
    if not folder.is_dir() and REPOSITORY.fullmatch(place):
        folder = hub / f"models--{place.replace('/', '--')}"
    if not folder.is_dir():
        raise EmbedderUnavailable(
            f"“{place}” is no folder, and {hub} holds no repository of that name. Nothing is downloaded from here: "
            f"fetch it, for instance with “hf download {place}”, and say its name or its folder again."
        )
    snapshots = folder / "snapshots"
    if not snapshots.is_dir():
        return folder
    main = folder / "refs" / "main"
    if main.is_file():
        return snapshots / main.read_text().strip()
    return max(snapshots.iterdir(), key=lambda snapshot: (snapshot.stat().st_mtime, snapshot.name), default=folder)


def named(folder: Path) -> str:
    """What people call the model: the repository of a folder in the hub's cache, else the folder's own name."""
    if folder.parent.name == "snapshots":
        return folder.parent.parent.name.removeprefix("models--").replace("--", "/")
    return folder.resolve().name


def read_recipe(folder: Path) -> Recipe:
    steps = [str(step.get("type", "")).rpartition(".")[2] for step in read_json(folder / "modules.json", default=[])]
    if unknown := set(steps) - STEPS:
        raise EmbedderUnavailable(f"{folder} wants steps after the model that are not known here: {sorted(unknown)}.")
    prompts = read_json(folder / "config_sentence_transformers.json")
    card = folder / "README.md"
    return Recipe(
        graph=find_graph(folder),
        pooling=read_pooling(folder),
        max_tokens=read_max_tokens(folder),
        prompt=str((prompts.get("prompts") or {}).get(prompts.get("default_prompt_name"), "")),
        languages=languages_of_card(card.read_text(errors="replace")) if card.is_file() else None,
    )


def find_graph(folder: Path) -> Path:
    found = [folder / name for name in GRAPHS if (folder / name).is_file()]
    others = sorted([*folder.glob("onnx/*.onnx"), *folder.glob("*.onnx")])
    if not found and len(others) != 1:
        raise EmbedderUnavailable(f"{folder} must hold one of {', '.join(GRAPHS)}; it holds {len(others)} other .onnx.")
    return (found or others)[0]


def read_pooling(folder: Path) -> str:
    """How the folder makes one vector of many; the mean, if it does not say."""
    modes = read_json(folder / "1_Pooling" / "config.json")
    asked = [mode for name, mode in POOL_FLAGS.items() if modes.get(name)]
    asked += [str(modes["pooling_mode"])] if "pooling_mode" in modes else []
    others = [name for name, value in modes.items() if name.startswith("pooling_mode_") and value is True]
    if len(asked) > 1 or set(asked) - set(POOLS) or set(others) - set(POOL_FLAGS):
        raise EmbedderUnavailable(f"{folder} pools in a way that is not known here: {', '.join(asked + others)}.")
    return asked[0] if asked else "mean"


def read_max_tokens(folder: Path) -> int:
    said = [
        read_json(folder / "sentence_bert_config.json").get("max_seq_length"),
        read_json(folder / "tokenizer_config.json").get("model_max_length"),
        read_json(folder / "config.json").get("max_position_embeddings"),
    ]
    return int(min([MOST_TOKENS, *(limit for limit in said if isinstance(limit, int | float) and limit > 0)]))


def read_json(path: Path, *, default: Any = None) -> Any:
    """What a file of the folder says; an empty one of its kind if it is not there."""
    empty = {} if default is None else default
    if not path.is_file():
        return empty
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise EmbedderUnavailable(f"{path} cannot be read: {error}") from error
    if not isinstance(found, type(empty)):
        raise EmbedderUnavailable(f"{path} holds something other than expected.")
    return found


def fingerprint(folder: Path, recipe: Recipe) -> str:
    """Twelve digits that change with whatever changes a vector."""
    whole = hashlib.sha256(f"{recipe.pooling} {recipe.max_tokens} {recipe.prompt}".encode())
    weights = sorted(recipe.graph.parent.glob(f"{recipe.graph.name}*"))  # a large model keeps them beside the graph
    for path in (*weights, folder / "tokenizer.json"):
        try:
            with path.open("rb") as stream:
                whole.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise EmbedderUnavailable(f"{path} cannot be read: {error}") from error
    return whole.hexdigest()[:12]


def load_tokenizer(folder: Path, max_tokens: int) -> Tokenizer:
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_str(path.read_text())
    except Exception as error:  # tokenizers raises nothing narrower
        raise EmbedderUnavailable(f"{path} cannot be read: {error}") from error
    # The file may pad and cut every text to one length of its own.
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def load_session(graph: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = (
        1  # a worker serves several reports at once: a core for each, rather than all for one
    )
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would keep the room that the longest text took
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except REFUSALS as error:
        raise EmbedderUnavailable(f"{graph} cannot be loaded: {error}") from error


def answer_of(session: onnxruntime.InferenceSession) -> str:
    """The output to read: vectors of tokens if the model gives them, else a vector of the whole text."""
    outputs = session.get_outputs()
    by_rank = {rank: output.name for output in reversed(outputs) for rank in [len(output.shape or ())]}
    for rank in (3, 2):
        if rank in by_rank:
            return str(by_rank[rank])
    raise EmbedderUnavailable(f"The model answers with {[output.name for output in outputs]}, none of it vectors.")
