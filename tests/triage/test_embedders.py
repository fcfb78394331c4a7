"""Every kind of embedder keeps the promise of the protocol, or says in one sentence why it cannot."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from triage.embedders import http as endpoint
from triage.embedders.choosing import embedder_of
from triage.embedders.http import HttpEmbedder
from triage.embedders.languages import can_read, languages_named, languages_of_card
from triage.embedders.onnx import OnnxEmbedder, find_folder
from triage.embedders.protocol import EmbedderUnavailable, unit_rows

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "wrong", "dose", "ruling"]
TABLE = [[9, 9], [8, 8], [1, 0], [0, 1], [3, 0], [0, 4], [-2, 1]]  # what each word means to the little model


# A model of one step, written down byte by byte: the vector of a token is its row in a table.


def varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])


def field(number: int, value: int | bytes | str) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    body = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(body)) + body


def shaped(name: str, kind: int, dimensions: Sequence[str | int]) -> bytes:
    """A ValueInfoProto."""
    each = [field(1, field(1, size) if isinstance(size, int) else field(2, size)) for size in dimensions]
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, b"".join(each))))


def little_model(inputs: Sequence[str] = ("input_ids", "attention_mask"), table: Any = TABLE) -> bytes:
    """An ONNX ModelProto with one Gather."""
    rows = np.array(table, dtype="<f4")
    weights = b"".join(field(1, size) for size in rows.shape) + field(2, 1) + field(8, "table")
    weights += field(9, rows.tobytes())
    node = field(1, "table") + field(1, inputs[0]) + field(2, "last_hidden_state") + field(4, "Gather")
    graph = field(1, node) + field(2, "little") + field(5, weights)
    graph += b"".join(field(11, shaped(name, 7, ("batch", "sequence"))) for name in inputs)
    graph += field(12, shaped("last_hidden_state", 1, ("batch", "sequence", rows.shape[1])))
    return field(1, 8) + field(7, graph) + field(8, field(1, "") + field(2, 13))


def little_tokenizer() -> dict[str, Any]:
    """Words between [CLS] and [SEP]; like some files in the world it pads every text to eight and cuts it at four."""
    special = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    names = {name: {"id": name, "ids": [WORDS.index(name)], "tokens": [name]} for name in ("[CLS]", "[SEP]")}
    return {
        "version": "1.0",
        "truncation": {"max_length": 4, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
        "padding": {
            "strategy": {"Fixed": 8},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "[PAD]",
        },
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [special[0], {"Sequence": {"id": "A", "type_id": 0}}, special[1]],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": names,
        },
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: at for at, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
    }


Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Write:
    """Writes a sentence-transformers folder: ``folder(pooling={…}, files={…}) -> Path``."""

    def written(
        name: str = "little", *, pooling: dict[str, Any] | None = None, files: dict[str, Any] | None = None
    ) -> Path:
        where = tmp_path / name
        steps = [f"sentence_transformers.models.{step}" for step in ("Transformer", "Pooling", "Normalize")]
        parts: dict[str, Any] = {
            "onnx/model.onnx": little_model(),
            "tokenizer.json": little_tokenizer(),
            "modules.json": [{"idx": at, "name": str(at), "type": step} for at, step in enumerate(steps)],
            "1_Pooling/config.json": pooling or {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False},
            "sentence_bert_config.json": {"max_seq_length": 6},
            **(files or {}),
        }
        for path, content in parts.items():
            (where / path).parent.mkdir(parents=True, exist_ok=True)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            (where / path).write_bytes(body)
        return where

    return written


def unit(*numbers: float) -> list[float]:
    row: list[float] = unit_rows([numbers], 1)[0].tolist()
    return row


# A folder


def test_a_folder_says_what_it_is(folder: Write) -> None:
    embedder = OnnxEmbedder(folder())

    assert embedder.id.startswith("onnx:little@")
    assert (embedder.dimension, embedder.max_tokens, embedder.languages) == (2, 6, frozenset({"en"}))
    assert embedder.encode([]).shape == (0, 2)


@pytest.mark.parametrize(
    ("pooling", "meant"),
    [
        ({"pooling_mode_mean_tokens": True}, unit(4, 5)),  # (1,0) + (3,0) + (0,4) + (0,1): the padding counts nothing
        ({"pooling_mode_max_tokens": True}, unit(3, 4)),
        ({"pooling_mode_cls_token": True}, unit(1, 0)),
        ({"pooling_mode_lasttoken": True}, unit(0, 1)),
        ({"pooling_mode": "cls", "word_embedding_dimension": 2}, unit(1, 0)),
    ],
)
def test_tokens_are_pooled_as_the_folder_says(folder: Write, pooling: dict[str, Any], meant: list[float]) -> None:
    embedder = OnnxEmbedder(folder(pooling=pooling))

    (row,) = embedder.encode(["wrong dose"])

    assert row.dtype == np.float32
    assert row.tolist() == pytest.approx(meant)


def test_the_tokenizer_s_own_cutting_and_padding_do_not_count_but_the_folder_s_does(folder: Write) -> None:
    embedder = OnnxEmbedder(folder(pooling={"pooling_mode_max_tokens": True}))

    beyond_four, beyond_six = embedder.encode(["wrong wrong wrong dose", "wrong wrong wrong wrong dose"])

    assert beyond_four.tolist() == pytest.approx(unit(3, 4))
    assert beyond_six.tolist() == pytest.approx(unit(3, 1))


def test_a_text_s_vector_does_not_hang_on_its_neighbours(folder: Write) -> None:
    embedder = OnnxEmbedder(folder())
    texts = ["dose", "a ruling on a wrong dose", "wrong"]

    together = embedder.encode(texts)

    assert together.tolist() == [embedder.encode([text])[0].tolist() for text in texts]


def test_a_prompt_the_folder_asks_for_is_put_before_each_text(folder: Write) -> None:
    asks = {"config_sentence_transformers.json": {"prompts": {"p": "dose "}, "default_prompt_name": "p"}}
    plain, prompted = OnnxEmbedder(folder()), OnnxEmbedder(folder("prompted", files=asks))

    assert prompted.encode(["wrong"]).tolist() == plain.encode(["dose wrong"]).tolist()


def test_the_id_follows_what_changes_a_vector_and_not_where_the_folder_lies(folder: Write, tmp_path: Path) -> None:
    here = OnnxEmbedder(folder()).id
    moved = OnnxEmbedder((tmp_path / "little").rename(tmp_path / "elsewhere")).id
    pooled = OnnxEmbedder(folder("pooled", pooling={"pooling_mode_cls_token": True})).id
    changed = OnnxEmbedder(folder("changed", files={"onnx/model.onnx": little_model(table=TABLE[::-1])})).id

    digests = [made.rpartition("@")[2] for made in (here, moved, pooled, changed)]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


def test_an_eight_bit_graph_is_taken_before_a_full_one(folder: Write) -> None:
    both = folder(files={"onnx/model_quantized.onnx": little_model(table=[[5, 5]] * len(WORDS))})

    assert OnnxEmbedder(both).encode(["wrong"])[0].tolist() == pytest.approx(unit(5, 5))


def test_languages_come_from_the_setting_then_the_card_then_are_english(folder: Write) -> None:
    card = folder("card", files={"README.md": b"---\nlanguage:\n- de\n- pt-BR\nlicense: mit\n---\n# Little\n"})

    assert OnnxEmbedder(card, languages=frozenset({"fr"})).languages == {"fr"}
    assert OnnxEmbedder(card).languages == {"de", "pt"}
    assert OnnxEmbedder(folder()).languages == {"en"}


@pytest.mark.parametrize(
    "files",
    [
        {"onnx/model.onnx": b"no model"},
        {"onnx/model.onnx": little_model(inputs=("input_ids", "position_ids"))},
        {"onnx/model.onnx": little_model(table=[[0, 0]] * len(WORDS))},
        {"onnx/model.onnx": little_model(table=[[float("nan"), 1]] * len(WORDS))},
        {"onnx/model.onnx": little_model(table=TABLE[:3])},  # a tokenizer of another model: it names rows that are not
        {"tokenizer.json": b"{"},
        {"tokenizer.json": {"model": {"type": "Nonsense"}}},
        {"modules.json": b"not JSON"},
        {"modules.json": {"a": 1}},
        {"modules.json": [{"type": "sentence_transformers.models.Dense"}]},
        {"1_Pooling/config.json": {"pooling_mode_weightedmean_tokens": True}},
        {"1_Pooling/config.json": {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}},
        {"1_Pooling/config.json": {"pooling_mode": "novel"}},
    ],
)
def test_a_folder_that_cannot_be_used_says_so(folder: Write, files: dict[str, Any]) -> None:
    broken = folder(files=files)

    with pytest.raises(EmbedderUnavailable):
        OnnxEmbedder(broken).encode(["wrong dose"])


def test_a_folder_without_a_graph_says_what_it_looks_for(folder: Write) -> None:
    empty = folder()
    (empty / "onnx" / "model.onnx").unlink()

    with pytest.raises(EmbedderUnavailable, match=r"onnx/model\.onnx"):
        OnnxEmbedder(empty)


def test_a_repository_is_found_where_the_hub_s_tools_keep_it(folder: Write, tmp_path: Path) -> None:
    kept = tmp_path / "hub" / "models--acme--little" / "snapshots"
    kept.mkdir(parents=True)
    for revision in ("old", "new"):
        folder(revision).rename(kept / revision)
    (kept.parent / "refs").mkdir()
    (kept.parent / "refs" / "main").write_text("old\n")

    found = find_folder("acme/little", tmp_path / "hub")

    assert found == kept / "old"
    assert OnnxEmbedder(found).id.startswith("onnx:acme/little@")


@pytest.mark.parametrize("place", ["acme/little", "/nowhere/at/all", "../little"])
def test_what_is_not_here_is_not_fetched_and_the_error_says_how_to(place: str, tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable, match="hf download"):
        find_folder(place, tmp_path / "hub")


@pytest.mark.parametrize("spec", ["", "onnx", "onnx:", "torch:x", "http", "http:", "http:ftp://x", "http:http://"])
def test_a_setting_that_names_nothing_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(EmbedderUnavailable):
        embedder_of(spec, languages=None, hub=tmp_path)


def test_nothing_an_embedder_needs_is_imported_unless_one_is_named() -> None:
    code = "import sys, triage.embedders.choosing; print({'onnxruntime', 'tokenizers', 'http.client'} & {*sys.modules})"

    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "set()"


def test_what_runs_a_model_tells_its_maker_nothing(tmp_path: Path) -> None:
    """It would keep what it has yet to send, and a number for this machine, below the home folder."""
    (tmp_path / "model.onnx").write_bytes(little_model())
    home = tmp_path / "home"
    home.mkdir()
    code = "import sys; from triage.embedders.onnx import *; load_session(Path(sys.argv[1]))"
    quiet = {"CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "ORT_RUNNING_UNIT_TESTS", "XDG_CACHE_HOME"}
    environment = {**{key: value for key, value in os.environ.items() if key not in quiet}, "HOME": str(home)}

    subprocess.run([sys.executable, "-c", code, tmp_path / "model.onnx"], env=environment, check=True)

    assert list(home.rglob("*")) == []


# An endpoint


class Endpoint(ThreadingHTTPServer):
    """Answers each question with what ``answer`` makes of it: (status, body as bytes or what JSON can say)."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answer: Callable[[Any], tuple[int, Any]] = lambda asked: (200, [[3, 4] for _ in asked["inputs"]])
        self.headers: dict[str, str] = {}
        self.drip_s = 0.0

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, dict(self.headers), asked))
        status, answer = self.server.answer(asked)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for at in range(0, len(body), 1 if self.server.drip_s else len(body)):
                self.wfile.write(body[at : at + 1] if self.server.drip_s else body)
                self.wfile.flush()
                time.sleep(self.server.drip_s)
        except (BrokenPipeError, ConnectionResetError):
            pass  # whoever asked has had enough

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield made
        made.shutdown()


def test_an_endpoint_of_text_embeddings_inference(server: Endpoint) -> None:
    embedder = HttpEmbedder(f"{server.address}/embed")

    rows = embedder.encode(["wrong dose", "ruling"])

    assert rows.tolist() == [unit(3, 4), unit(3, 4)]
    assert embedder.dimension == 2
    ((path, headers, asked),) = server.asked
    assert (path, asked) == ("/embed", {"inputs": ["wrong dose", "ruling"], "truncate": True})
    assert "Authorization" not in headers


def test_an_endpoint_of_openai_s_shape(server: Endpoint) -> None:
    def backwards(asked: Any) -> tuple[int, Any]:
        rows = [{"object": "embedding", "index": at, "embedding": [at, 1]} for at in range(len(asked["input"]))]
        return 200, {"object": "list", "data": rows[::-1]}

    server.answer = backwards
    embedder = HttpEmbedder(f"{server.address}/v1/embeddings#little-2", api_key="a key")

    rows = embedder.encode(["wrong", "dose"])

    assert rows.tolist() == [unit(0, 1), unit(1, 1)]
    ((path, headers, asked),) = server.asked
    assert path == "/v1/embeddings"
    assert asked == {"input": ["wrong", "dose"], "encoding_format": "float", "model": "little-2"}
    assert headers["Authorization"] == "Bearer a key"
    assert "a key" not in embedder.id


def test_many_texts_are_asked_for_in_batches(server: Endpoint) -> None:
    embedder = HttpEmbedder(f"{server.address}/embed")

    rows = embedder.encode([f"text {number}" for number in range(70)])

    assert rows.shape == (70, 2)
    assert [len(asked["inputs"]) for _, _, asked in server.asked] == [32, 32, 6]


def test_nothing_is_asked_for_no_texts(server: Endpoint) -> None:
    assert HttpEmbedder(f"{server.address}/embed").encode([]).shape[0] == 0
    assert server.asked == []


def test_a_text_that_is_too_long_for_the_server_is_asked_for_alone_and_shorter(server: Endpoint) -> None:
    def short_ones(asked: Any) -> tuple[int, Any]:
        is_too_long = any(len(text) > 1_000 for text in asked["inputs"])
        return (413, {"error": "too long"}) if is_too_long else (200, [[1, len(text)] for text in asked["inputs"]])

    server.answer = short_ones

    rows = HttpEmbedder(f"{server.address}/embed").encode(["x", "y" * 9_000])

    assert rows.tolist() == [unit(1, 1), unit(1, 1_000)]


def test_a_server_that_refuses_everything_is_not_asked_for_ever(server: Endpoint) -> None:
    server.answer = lambda asked: (422, {"error": "no such field"})

    with pytest.raises(EmbedderUnavailable, match="422"):
        HttpEmbedder(f"{server.address}/embed").encode(["y" * 4_000] * 32)
    assert len(server.asked) == 5  # all, one, and a half of it three times


@pytest.mark.parametrize("status", [301, 302, 307, 401, 404, 429, 500, 503])
def test_any_other_status_is_unavailable_and_no_redirect_is_followed(server: Endpoint, status: int) -> None:
    server.headers = {"Location": f"{server.address}/elsewhere"}
    server.answer = lambda asked: (status, [[1, 2]])

    with pytest.raises(EmbedderUnavailable, match=str(status)):
        HttpEmbedder(f"{server.address}/embed").encode(["wrong"])
    assert [path for path, _, _ in server.asked] == ["/embed"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not JSON",
        b"[" * 100_000,
        b"[[1, NaN]]",
        b"[[1, 1e999]]",
        [],
        {},
        None,
        7,
        [1, 2],
        [[]],
        [[0, 0]],
        [["a", "b"]],
        [[None, 1]],
        [[{}, 1]],
        [[1, 2], [3, 4]],
        [[[1, 2]]],
        {"data": [{"embedding": [1, 2]}]},
    ],
    ids=lambda answer: repr(answer)[:40],
)
def test_an_answer_of_another_shape_is_unavailable(server: Endpoint, answer: Any) -> None:
    server.answer = lambda asked: (200, answer)

    with pytest.raises(EmbedderUnavailable):
        HttpEmbedder(f"{server.address}/embed").encode(["wrong"])


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"data": None},
        {"data": [{"index": 1, "embedding": [1, 2]}]},
        {"data": [{"index": "x", "embedding": [1, 2]}]},
        {"data": [{"index": 0}]},
        {"data": [[1, 2]]},
        {"data": [{"index": 0, "embedding": "AACAPw=="}]},
    ],
    ids=repr,
)
def test_an_answer_of_another_shape_than_openai_s_is_unavailable(server: Endpoint, answer: Any) -> None:
    server.answer = lambda asked: (200, answer)

    with pytest.raises(EmbedderUnavailable):
        HttpEmbedder(f"{server.address}/v1/embeddings").encode(["wrong"])


def test_vectors_of_another_length_than_before_are_unavailable(server: Endpoint) -> None:
    embedder = HttpEmbedder(f"{server.address}/embed")
    embedder.encode(["wrong"])
    server.answer = lambda asked: (200, [[1, 2, 3] for _ in asked["inputs"]])

    with pytest.raises(EmbedderUnavailable, match=r"\[2, 3\]"):
        embedder.encode(["wrong"])


def test_vectors_of_two_lengths_are_unavailable(server: Endpoint) -> None:
    def by_length(asked: Any) -> tuple[int, Any]:
        is_one = len(asked["inputs"]) == 1
        return (200, [[1] * len(asked["inputs"][0])]) if is_one else (413, "")

    server.answer = by_length

    with pytest.raises(EmbedderUnavailable):
        HttpEmbedder(f"{server.address}/embed").encode(["x", "yy"])


def test_an_answer_without_end_is_not_read_to_its_end(server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MOST_BYTES", 10_000)
    server.answer = lambda asked: (200, b"[" + b" " * 1_000_000 + b"[1, 2]]")

    with pytest.raises(EmbedderUnavailable, match="longer"):
        HttpEmbedder(f"{server.address}/embed").encode(["wrong"])


def test_a_server_that_does_not_answer_is_given_up(server: Endpoint) -> None:
    release = threading.Event()
    server.answer = lambda asked: (release.wait(5), (200, [[1, 2]]))[1]

    try:
        with pytest.raises(EmbedderUnavailable, match="does not answer"):
            HttpEmbedder(f"{server.address}/embed", timeout_s=0.05).encode(["wrong"])
    finally:
        release.set()


def test_a_server_that_drips_is_given_up(server: Endpoint) -> None:
    server.drip_s = 0.02
    server.answer = lambda asked: (200, b" " * 1_000 + b"[[1, 2]]")

    with pytest.raises(EmbedderUnavailable, match="too long"):
        HttpEmbedder(f"{server.address}/embed", timeout_s=0.1).encode(["wrong"])


def test_a_server_that_is_not_there_is_unavailable(server: Endpoint) -> None:
    address = server.address
    server.server_close()

    with pytest.raises(EmbedderUnavailable, match="does not answer"):
        HttpEmbedder(f"{address}/embed", timeout_s=0.5).encode(["wrong"])


def test_no_proxy_is_asked(server: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert HttpEmbedder(f"{server.address}/embed").encode(["wrong"]).shape == (1, 2)


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1/embed", "file:///etc/passwd", "http://", "http://[::1", "http://a:b@host/embed", "http://h:x/"],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(EmbedderUnavailable, match="EMBEDDER_API_KEY"):
        HttpEmbedder(url)


def test_a_key_that_cannot_be_sent_is_unavailable(server: Endpoint) -> None:
    with pytest.raises(EmbedderUnavailable):
        HttpEmbedder(f"{server.address}/embed", api_key="a\r\nkey").encode(["wrong"])


# Languages


@pytest.mark.parametrize(
    ("text", "said", "is_read"),
    [
        ("It said that the dose was safe, and it was not.", "", True),
        ("It said that the dose was safe, and it was not.", "fr", True),  # the text itself tells
        ("Il a dit que la dose est sans danger, et elle ne l'est pas.", "en", False),
        ("Wrong dose", "", True),
        ("Wrong dose", "und", True),
        ("Wrong dose", "en-GB", True),
        ("Falsche Dosis", "de", False),
        ("它说这个剂量是安全的", "en", False),
        ("قال النموذج إن الجرعة آمنة", "", False),
        ("It said 剂量错误剂量错误剂量错误剂量错误 of the dose", "en", False),
        ("It was asked for the word привет and it said no to that in the end", "", True),
        ("500 %", "en", False),
        ("", "en", False),
    ],
)
def test_what_an_english_embedder_can_read(text: str, said: str, is_read: bool) -> None:
    assert can_read(frozenset({"en"}), text, said=said) is is_read


def test_what_others_can_read() -> None:
    assert can_read(frozenset({"en", "zh"}), "它说这个剂量是安全的")
    assert not can_read(frozenset({"en", "zh"}), "قال النموذج إن الجرعة آمنة")
    assert can_read(frozenset(), "قال النموذج إن الجرعة آمنة")
    assert not can_read(frozenset(), "…")


@pytest.mark.parametrize(
    ("card", "languages"),
    [
        ("---\nlanguage: en\n---\n", {"en"}),
        ("---\nlicense: x\nlanguage: [en, 'de']\n---", {"en", "de"}),
        ("---\r\nlanguage:\r\n  - zh-Hans\r\n  - en\r\ntags:\r\n  - fr\r\n---", {"zh", "en"}),
        ("---\nlanguage: multilingual\n---", set()),
        ("---\nlanguage:\n- en\n- multilingual\n---", set()),
        ("---\nlicense: mit\n---\nlanguage: en", None),
        ("# Little\nlanguage: en", None),
        ("", None),
    ],
)
def test_what_a_card_says_of_languages(card: str, languages: set[str] | None) -> None:
    assert languages_of_card(card) == languages


def test_a_star_is_every_language() -> None:
    assert languages_named(["*"]) == frozenset()
    assert languages_named([" EN ", "pt_BR", ""]) == {"en", "pt"}
