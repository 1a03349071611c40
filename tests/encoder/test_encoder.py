"""The packed encoder equals the transformers modules, and a saved checkpoint is theirs to load."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from conftest import FAMILIES, encoded, make_encoder
from reference import Reference
from switches import DEFAULT

from metaxl.encoder.batch import make_batch
from metaxl.encoder.checkpoint import save_model
from metaxl.encoder.packed import open_network
from metaxl.files import read_json, write_json
from metaxl.method.rtn import RTN
from metaxl.tasks import NER, TASKS
from metaxl.training.evaluate import predict

ROWS = np.arange(65)


def opened(folder, task=NER):
    """Return an encoder's network, and its parameters moved at random."""
    generator = torch.Generator().manual_seed(3)
    network, theta = open_network(folder, task, task.label_set(task.usual), ROWS, generator)
    return network, {name: value + 0.1 * torch.randn(value.shape, generator=generator) for name, value in theta.items()}


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("family", FAMILIES)
def test_saved_checkpoint_loads_with_transformers_and_gives_the_same_logits(encoders, tmp_path, family, task):
    folder = encoders[family]
    network, theta = opened(folder, TASKS[task])
    save_model(tmp_path / "model", folder, TASKS[task], TASKS[task].label_set(TASKS[task].usual), theta, ROWS, {})
    same_logits(tmp_path / "model", network, theta, encoded(folder, task, 7, seed=4), task)


def same_logits(saved, network, theta, data, task):
    reference, chosen = Reference(saved, task), np.array([5, 0, 3, 6])
    batch = make_batch([(data, chosen)], torch.device("cpu"), torch.float64)
    ours = network.evaluating().scores({name: value.double() for name, value in theta.items()}, batch)
    torch.testing.assert_close(ours, reference.logits(reference.theta, data, chosen).detach(), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("family", ["roberta", "xlm-roberta"])
@pytest.mark.parametrize("pad", [1, 3])
def test_positions_begin_after_the_padding_tokens_row(tmp_path, family, pad):
    """As RoBERTa's do in transformers, whichever token pads."""
    folder = make_encoder(tmp_path / "encoder", family)
    write_json(folder / "config.json", read_json(folder / "config.json") | {"pad_token_id": pad})
    network, theta = opened(folder)
    assert network.max_length == 40 - pad - 1
    save_model(tmp_path / "model", folder, NER, NER.label_set(NER.usual), theta, ROWS, {})
    data = encoded(folder, "ner", 7, seed=4)
    same_logits(tmp_path / "model", network, theta, data, "ner")


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_saved_checkpoint_predicts_what_training_predicted(encoders, tmp_path, task):
    folder = encoders["xlm-roberta"]
    network, theta = opened(folder, TASKS[task])
    phi = RTN((1,), DEFAULT).initialise(network.hidden, 4, torch.Generator())
    save_model(tmp_path / "model", folder, TASKS[task], TASKS[task].label_set(TASKS[task].usual), theta, ROWS, phi)
    data = encoded(folder, task, 9, seed=6)
    ours = predict(network, TASKS[task].label_set(TASKS[task].usual), theta, data)
    reference = Reference(tmp_path / "model", task)
    names = reference.model.config.id2label
    best = reference.logits(reference.theta, data, range(len(data))).argmax(dim=1)
    theirs = iter([names[int(i)] for i in best])
    assert [[next(theirs) for _ in words] for words in ours] == ours
    assert {"rtn.safetensors", "tokenizer.json"} <= {path.name for path in (tmp_path / "model").iterdir()}


def test_packing_a_batch_equals_each_sentence_alone(encoders):
    folder = encoders["bert"]
    network, theta = opened(folder)
    network, theta = network.evaluating(), {name: value.double() for name, value in theta.items()}
    data, cpu = encoded(folder, "ner", 6, seed=7), torch.device("cpu")
    together = network.scores(theta, make_batch([(data, np.arange(6))], cpu, torch.float64))
    alone = [network.scores(theta, make_batch([(data, np.array([i]))], cpu, torch.float64)) for i in range(6)]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-12, atol=1e-12)


def test_training_drops_out_what_the_config_says(tmp_path):
    folder = make_encoder(tmp_path, "xlm-roberta", dropout=0.5)
    network, theta = opened(folder)
    batch = make_batch([(encoded(folder, "ner", 3, 1), np.arange(3))], torch.device("cpu"), torch.float32)
    assert not torch.equal(network.scores(theta, batch), network.scores(theta, batch))
    evaluating = network.evaluating()
    assert torch.equal(evaluating.scores(theta, batch), evaluating.scores(theta, batch))
