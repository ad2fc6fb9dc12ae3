"""The weights are the published ones, and both roads over them give the same vectors."""

from __future__ import annotations

import shutil
from pathlib import Path
from threading import Thread

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from medrag.config import Settings
from medrag.errors import ModelError
from medrag.models import catalog
from medrag.models.catalog import find_embedding_model
from medrag.models.embedder import OnnxEmbedder, TorchEmbedder, load_sentence_transformer
from medrag.models.export import export_onnx, weights_apart
from medrag.shared import Shared

NAME = "all-MiniLM-L6-v2"
TEXTS = [
    "",
    "metformin",
    "Stop metformin when eGFR is below 30 mL/min/1.73 m².",
    "What is the dose of apixaban? " * 80,  # longer than the model reads
    "日本語 🩺",
]


@pytest.fixture(scope="module")
def exported() -> catalog.EmbeddingModel:
    model = find_embedding_model(NAME)
    if not model.onnx.is_file():
        export_onnx(model)
    return model


def test_both_roads_give_the_vectors_of_the_original(exported: catalog.EmbeddingModel) -> None:
    original = load_sentence_transformer(exported, bfloat16=False)
    expected = original.encode(TEXTS, normalize_embeddings=True)
    single = OnnxEmbedder(exported).embed(TEXTS)
    bulk = TorchEmbedder(exported).embed(TEXTS)
    assert np.sum(single * expected, axis=1).min() > 0.9999
    assert np.sum(bulk * expected, axis=1).min() > 0.999  # bfloat16 where the CPU has it
    for vectors in (single, bulk):
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_batch_does_not_change_a_vector(exported: catalog.EmbeddingModel) -> None:
    embedder = OnnxEmbedder(exported)
    alone = np.concatenate([embedder.embed([text]) for text in TEXTS])
    assert np.abs(alone - embedder.embed(TEXTS)).max() < 1e-5


def test_meaning_is_near_where_words_are_not(exported: catalog.EmbeddingModel) -> None:
    question, near, far = OnnxEmbedder(exported).embed(
        ["heart attack", "myocardial infarction", "wound dressing"]
    )
    assert question @ near > question @ far + 0.2


def test_the_export_keeps_its_weights_beside_it(tmp_path: Path) -> None:
    numbers = np.arange(1000, dtype=np.float32)
    shape = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1000]) for name in "xy"]
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "sum", shape[:1], shape[1:],
        [numpy_helper.from_array(numbers, "w")],
    )  # fmt: skip
    file = tmp_path / "model.onnx"
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(file))
    weights = weights_apart(file)
    assert sorted(tmp_path.iterdir()) == [file, weights]
    assert file.stat().st_size < numbers.nbytes <= weights.stat().st_size
    assert file.stat().st_mode == weights.stat().st_mode
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    assert (session.run(None, {"x": numbers})[0] == 2 * numbers).all()


def test_a_model_that_is_not_exported_yet_is_prepared_when_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDRAG_HOME", str(tmp_path))
    shared = Shared(Settings())

    def prepare() -> None:
        file = shared.embedding_model.onnx  # the lock is held
        file.parent.mkdir(parents=True)
        file.touch()

    asking = Thread(target=shared.embedder, args=(prepare,), daemon=True)
    asking.start()
    asking.join(30)
    assert not asking.is_alive()


def test_other_weights_under_a_known_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(find_embedding_model(NAME).folder, folder)
    with (folder / "model.safetensors").open("r+b") as file:
        file.seek(1000)
        file.write(b"\x00\x01")
    monkeypatch.setattr(catalog, "_catalog_folder", lambda name, known: folder)
    with pytest.raises(ModelError, match="not the published ones"):
        find_embedding_model(NAME)


def test_a_folder_of_ones_own_goes_by_its_own_hash(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(find_embedding_model(NAME).folder, folder)
    assert find_embedding_model(str(folder)).sha256 == find_embedding_model(NAME).sha256
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="No weights"):
        find_embedding_model(str(folder))


def test_an_unknown_model_is_refused_with_what_is_known() -> None:
    with pytest.raises(ModelError, match=NAME):
        find_embedding_model("no-such-model")
