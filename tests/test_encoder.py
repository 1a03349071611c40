"""The packed encoder equals the transformers modules, and a saved checkpoint is theirs to load."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import FAMILIES, encoded, make_encoder
from reference import Reference

from metaxl.encoder.batch import make_batch
from metaxl.encoder.checkpoint import initialise_head, load_parameters, save_model
from metaxl.encoder.shape import Shape
from metaxl.errors import EncoderError
from metaxl.files import read_json, write_json
from metaxl.method import rtn
from metaxl.method.model import Model
from metaxl.training.evaluate import predict

ROWS = np.arange(65)


def parameters(folder, task):
    shape = Shape.load(folder)
    generator = torch.Generator().manual_seed(3)
    theta, pooler = load_parameters(folder, shape, ROWS)
    theta |= initialise_head(task, shape, pooler, generator)
    return shape, {name: value + 0.1 * torch.randn(value.shape, generator=generator) for name, value in theta.items()}


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("family", FAMILIES)
def test_saved_checkpoint_loads_with_transformers_and_gives_the_same_logits(encoders, tmp_path, family, task):
    folder = encoders[family]
    shape, theta = parameters(folder, task)
    save_model(tmp_path / "model", folder, task, theta, ROWS, None)
    reference = Reference(tmp_path / "model", task)
    data = encoded(folder, task, 7, seed=4)
    chosen = np.array([5, 0, 3, 6])
    batch = make_batch([(data, chosen)], torch.device("cpu"), torch.float64)
    theta = {name: value.double() for name, value in theta.items()}
    ours = Model(shape, task, (), None, training=False).logits(theta, batch)
    torch.testing.assert_close(ours, reference.logits(reference.theta, data, chosen).detach(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_saved_checkpoint_predicts_what_training_predicted(encoders, tmp_path, task):
    folder = encoders["xlm-roberta"]
    shape, theta = parameters(folder, task)
    save_model(tmp_path / "model", folder, task, theta, ROWS, rtn.initialise((1,), shape.hidden, 4, _method(), None))
    data = encoded(folder, task, 9, seed=6)
    ours = predict(Model(shape, task, (), None), theta, data)
    reference = Reference(tmp_path / "model", task)
    names = reference.model.config.id2label
    best = reference.logits(reference.theta, data, range(len(data))).argmax(dim=1)
    theirs = iter([names[int(i)] for i in best])
    assert [[next(theirs) for _ in words] for words in ours] == ours
    assert {"rtn.safetensors", "tokenizer.json"} <= {path.name for path in (tmp_path / "model").iterdir()}


def _method():
    from test_steps import DEFAULT

    return DEFAULT


def test_packing_a_batch_equals_each_sentence_alone(encoders):
    folder = encoders["bert"]
    shape, theta = parameters(folder, "ner")
    data = encoded(folder, "ner", 6, seed=7)
    model = Model(shape, "ner", (), None, training=False)
    cpu = torch.device("cpu")
    theta = {name: value.double() for name, value in theta.items()}
    together = model.logits(theta, make_batch([(data, np.arange(6))], cpu, torch.float64))
    alone = [model.logits(theta, make_batch([(data, np.array([i]))], cpu, torch.float64)) for i in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=1e-12)


def test_training_drops_out_what_the_config_says(tmp_path):
    folder = make_encoder(tmp_path, "xlm-roberta", dropout=0.5)
    shape, theta = parameters(folder, "ner")
    batch = make_batch([(encoded(folder, "ner", 3, 1), np.arange(3))], torch.device("cpu"), torch.float32)
    model = Model(shape, "ner", (), None)
    assert not torch.equal(model.logits(theta, batch), model.logits(theta, batch))
    evaluating = model.evaluating()
    assert torch.equal(evaluating.logits(theta, batch), evaluating.logits(theta, batch))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "robertta"}, "model_type 'robertta' is not supported.*Did you mean 'roberta'"),
        ({"hidden_act": "swish"}, "hidden_act 'swish' is not supported"),
        ({"num_hidden_layers": 9}, "lacks 96 of the parameters that config.json promises"),
    ],
)
def test_an_encoder_that_does_not_fit_is_refused(tmp_path, change, message):
    folder = make_encoder(tmp_path, "bert")
    write_json(folder / "config.json", read_json(folder / "config.json") | change)
    with pytest.raises(EncoderError, match=message):
        load_parameters(folder, Shape.load(folder), ROWS)


def test_a_pickle_is_never_read(tmp_path):
    folder = make_encoder(tmp_path, "bert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(EncoderError, match=r"model\.safetensors: missing.*pickles are never read"):
        load_parameters(folder, Shape.load(folder), ROWS)


def test_an_embedding_smaller_than_the_tokenizer_is_refused(encoders):
    with pytest.raises(EncoderError, match="gives id 65, but the embedding has 65 rows"):
        load_parameters(encoders["bert"], Shape.load(encoders["bert"]), np.array([0, 65]))
