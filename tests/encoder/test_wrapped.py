"""Any encoder of transformers: exact gradients, the RTN between layers, a checkpoint that predicts alike."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from conftest import encoded
from families import KINDS, keep_masks_finite, make_family
from reference import Reference
from torch.autograd import grad

from metaxl.data.encode import encode, load_tokenizer
from metaxl.encoder.batch import make_batch
from metaxl.encoder.network import NOTHING, unchanged
from metaxl.encoder.restricted import RestrictedEmbedding
from metaxl.encoder.wrapped import open_network, save_model
from metaxl.method.tape import Tape, dot
from metaxl.tasks import NER, SENTIMENT, TASKS

CPU = torch.device("cpu")
ROWS = np.delete(np.arange(65), [1, 3])  # without <pad> and <unk>, which no sentence here has
LAYERS = 3
# They take the softmax in float32 whatever the rest is in.
ROUNDED = {"modernbert": 1e-6, "eurobert": 1e-6}


class Case:
    """A tiny encoder of a family with the head of a task, moved away from its initial values, in float64."""

    def __init__(self, folder, kind, task, dropout=0.0):
        self.folder, self.kind, self.task = make_family(folder, kind, dropout), kind, task
        self.network, theta = open_network(
            self.folder, TASKS[task], TASKS[task].label_set(TASKS[task].usual), ROWS, torch.Generator().manual_seed(1)
        )
        keep_masks_finite(self.network)
        noise = torch.Generator().manual_seed(2)
        self.drawn = {name: value + 0.1 * torch.randn(value.shape, generator=noise) for name, value in theta.items()}
        self.theta = {name: value.double() for name, value in self.drawn.items()}

    def data(self, count, seed):
        return encoded(self.folder, self.task, count, seed)

    def batch(self, count, seed):
        data = self.data(count, seed)
        return make_batch([(renumbered(data), np.arange(count))], CPU, torch.float64)


def words_of(network):
    """Return the name of the word embedding's table."""
    return next(f"{name}.weight" for name, part in network.recorded.items() if isinstance(part, RestrictedEmbedding))


def renumbered(data):
    assert np.isin(data.ids, ROWS).all()
    return replace(data, ids=np.searchsorted(ROWS, data.ids))


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return cache(lambda kind, task: Case(tmp_path_factory.mktemp(kind) / "encoder", kind, task))


class Rtn(torch.nn.Module):
    """The RTN's official form at one layer."""

    def __init__(self, layer):
        super().__init__()
        torch.manual_seed(5)
        self.layer, self.down, self.up = layer, torch.nn.Linear(16, 8).double(), torch.nn.Linear(8, 17).double()

    def forward(self, layer, hidden):
        if layer != self.layer:
            return hidden
        out = self.up(torch.relu(self.down(hidden.detach())))
        return hidden + torch.sigmoid(out[..., -1:]) * out[..., :-1]


def loss(network, theta, batch, record=None, between=unchanged):
    return F.cross_entropy(network.scores(theta, batch, record or NOTHING, between), batch.labels)


def tape_gradients(network, theta, batch):
    """Return theta's gradients from a tape."""
    tape, found = Tape(network, theta, batch), {name: torch.zeros_like(value) for name, value in theta.items()}
    tape.backward()
    tape.write_gradients(found)
    return found


def assert_same(ours, theirs, tolerance=1e-10):
    """Two lists of tensors are equal, relative to the largest element of all."""
    scale = max(float(value.detach().abs().max()) for value in theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert float((a - b).detach().abs().max()) <= tolerance * scale


BOTH = pytest.mark.parametrize("task", TASKS)
ALL = pytest.mark.parametrize("kind", KINDS)


@BOTH
@ALL
def test_gradients_from_records_equal_autograd(case, kind, task):
    case = case(kind, task)
    leaves = {name: value.clone().requires_grad_() for name, value in case.theta.items()}
    batch = case.batch(5, 1)
    true = grad(loss(case.network, leaves, batch), leaves.values(), materialize_grads=True)
    ours = tape_gradients(case.network, case.theta, batch)
    assert_same([ours[name] for name in leaves], true)
    assert len(case.network.factored()) > 4 * LAYERS


@pytest.mark.parametrize("layer", [0, 1, LAYERS])
@BOTH
@ALL
def test_hypergradient_from_factors_equals_the_unrolled_definition(case, kind, task, layer):
    case, eta, rtn = case(kind, task), 0.05, Rtn(layer)
    network, theta, phi = case.network, case.theta, list(rtn.parameters())
    source, target, meta = case.batch(5, 1), case.batch(3, 2), case.batch(4, 3)

    leaves = {name: value.clone().requires_grad_() for name, value in theta.items()}
    value = loss(network, leaves, source, between=rtn) + loss(network, leaves, target)
    gradients = grad(value, leaves.values(), create_graph=True, materialize_grads=True)
    ahead = {name: value - eta * g for (name, value), g in zip(leaves.items(), gradients, strict=True)}
    true = grad(loss(network, ahead, meta), phi)

    judged = Tape(network, {name: value.detach() for name, value in ahead.items()}, meta)
    judged.backward()
    tape = Tape(network, theta, source, rtn)
    tape.backward(create_graph=True)
    assert_same(grad(-eta * dot([tape], judged), phi), true)


@BOTH
@ALL
def test_dropout_does_not_break_the_records(tmp_path, kind, task):
    case = Case(tmp_path / "encoder", kind, task, dropout=0.3)
    batch = case.batch(5, 1)

    leaves = {name: value.clone().requires_grad_() for name, value in case.theta.items()}
    assert not torch.equal(loss(case.network, leaves, batch), loss(case.network, leaves, batch))
    assert torch.equal(loss(case.network.evaluating(), leaves, batch), loss(case.network.evaluating(), leaves, batch))
    torch.manual_seed(7)
    true = grad(loss(case.network, leaves, batch), leaves.values(), materialize_grads=True)
    torch.manual_seed(7)
    ours = tape_gradients(case.network, case.theta, batch)
    assert_same([ours[name] for name in leaves], true)


@ALL
def test_states_are_those_of_transformers(case, kind):
    """hidden_states[l] of transformers; its last may have passed a final norm, ours not."""
    case = case(kind, "ner")
    model, data = saved(case, case.folder.parent / "model"), case.data(4, 2)
    batch = make_batch([(renumbered(data), np.arange(4))], CPU, torch.float64)
    for layer in range(LAYERS):
        ours = case.network.states(case.theta, batch, layer, unchanged)
        theirs = [model(ids, output_hidden_states=True).hidden_states[layer][0] for ids in alone(data)]
        assert_same([ours], [torch.cat(theirs)], ROUNDED.get(kind, 1e-10))


@pytest.mark.parametrize("layer", range(LAYERS + 1))
@ALL
def test_what_stands_between_layers_changes_all_that_follows_and_nothing_before(case, kind, layer):
    case, batch = case(kind, "ner"), case(kind, "ner").batch(4, 2)

    def doubled(number, hidden):
        return 2 * hidden if number == layer else hidden

    plain = [case.network.states(case.theta, batch, number, unchanged) for number in range(LAYERS + 1)]
    for number, before in enumerate(plain):
        after = case.network.states(case.theta, batch, number, doubled)
        if number < layer:
            assert torch.equal(after, before)
        elif number == layer:
            assert torch.equal(after, 2 * before)
        else:
            assert not torch.allclose(after, before)


@BOTH
def test_xlm_r_with_an_rtn_equals_the_reference(case, task):
    case = case("xlm-roberta", task)
    save_model(
        case.folder.parent / "model",
        case.folder,
        TASKS[task],
        TASKS[task].label_set(TASKS[task].usual),
        case.drawn,
        ROWS,
        {},
    )
    reference, data, chosen = Reference(case.folder.parent / "model", task), case.data(5, 4), np.arange(5)
    for layer in range(LAYERS + 1):
        rtn = Rtn(layer)
        phi = {f"{layer}.{name}": value for name, value in rtn.named_parameters()}
        with reference.transformed(phi, [layer]):
            theirs = reference.logits(reference.theta, data, chosen)
        batch = make_batch([(renumbered(data), chosen)], CPU, torch.float64)
        assert_same([case.network.scores(case.theta, batch, NOTHING, rtn)], [theirs])


def saved(case, folder):
    """Save a case and load it as any user would; in float64, without dropout, with attention that is as ours."""
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    save_model(
        folder,
        case.folder,
        TASKS[case.task],
        TASKS[case.task].label_set(TASKS[case.task].usual),
        case.drawn,
        ROWS,
        {"phi": torch.ones(2)},
    )
    kind = AutoModelForTokenClassification if case.task == "ner" else AutoModelForSequenceClassification
    return kind.from_pretrained(folder, attn_implementation="eager").double().eval()


def alone(data):
    """Return each sentence's ids, (1, length)."""
    return [ids[None] for ids in torch.from_numpy(data.ids).split(data.lengths().tolist())]


@BOTH
@ALL
def test_a_saved_checkpoint_gives_the_same_scores_and_gradients(case, tmp_path, kind, task):
    """Padding changes nothing; rows outside the cell's data stay as pre-trained, those inside have all the gradient."""
    case = case(kind, task)
    model, data = saved(case, tmp_path / "model"), case.data(5, 3)
    batch = make_batch([(renumbered(data), np.arange(5))], CPU, torch.float64)
    scores = [model(ids).logits[0] for ids in alone(data)]
    if task == "ner":
        places = [data.labelled[a:b] for a, b in zip(data.label_starts, data.label_starts[1:], strict=False)]
        scores = [score[place] for score, place in zip(scores, places, strict=True)]
    theirs = torch.cat(scores) if task == "ner" else torch.stack(scores)
    assert_same([case.network.scores(case.theta, batch, NOTHING, unchanged)], [theirs], ROUNDED.get(kind, 1e-10))
    named = dict(model.named_parameters())
    gradients = grad(F.cross_entropy(theirs, batch.labels), named.values(), materialize_grads=True)
    true = dict(zip(named, gradients, strict=True))
    outside = np.setdiff1d(np.arange(65), ROWS)
    words = words_of(case.network)
    assert not true[words][outside].any()
    true[words] = true[words][ROWS]
    ours = tape_gradients(case.network, case.theta, batch)
    assert_same([ours[name] for name in named], list(true.values()), 10 * ROUNDED.get(kind, 1e-11))
    pretrained = open_network(
        case.folder, TASKS[task], TASKS[task].label_set(TASKS[task].usual), np.arange(65), torch.Generator()
    )[1][words].double()
    assert torch.equal(named[words][outside], pretrained[outside])


@BOTH
@ALL
def test_pipeline_predicts_what_training_predicted(case, tmp_path, kind, task):
    from transformers import pipeline

    case = case(kind, task)
    saved(case, tmp_path / "model")
    text, labels = "w1 w2s w3 w4 w5s", TASKS[task].usual
    data = encode_texts(case, [text])
    batch = make_batch([(renumbered(data), np.arange(1))], CPU, torch.float64)
    best = case.network.evaluating().scores(case.theta, batch, NOTHING, unchanged).argmax(dim=1)
    ours = [labels[i] for i in best]
    if task == "ner":
        found = pipeline("token-classification", model=str(tmp_path / "model"), ignore_labels=[])(text)
        assert [token["entity"] for token in found if token["index"] in data.labelled] == ours
    else:
        (found,) = pipeline("text-classification", model=str(tmp_path / "model"))(text)
        assert [found["label"]] == ours
    assert {"rtn.safetensors", "tokenizer.json"} <= {path.name for path in (tmp_path / "model").iterdir()}


def encode_texts(case, texts):
    records = [
        {"id": text, "tokens": text.split(), "tags": ["O"] * len(text.split())}
        if case.task == "ner"
        else {"id": text, "text": text, "label": "positive"}
        for text in texts
    ]
    return encode(load_tokenizer(case.folder, case.task), case.task, records, 32, TASKS[case.task].usual)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_local_window_of_padding_alone_gives_no_nan(case, dtype):
    """ModernBERT attends to 4 tokens on each side: most of a short sentence's padding sees only padding."""
    case = case("modernbert", "ner")
    data = encode_texts(case, [" ".join(f"w{i}" for i in range(length)) for length in (3, 20)])
    theta = {name: value.to(dtype) for name, value in case.theta.items()}
    padded = make_batch([(renumbered(data), np.arange(2))], CPU, dtype)
    short = make_batch([(renumbered(data), np.arange(1))], CPU, dtype)
    scores = case.network.scores(theta, padded, NOTHING, unchanged)
    torch.testing.assert_close(scores[:3], case.network.scores(theta, short, NOTHING, unchanged), rtol=1e-5, atol=1e-5)
    assert all(value.isfinite().all() for value in tape_gradients(case.network, theta, padded).values())


def test_a_restricted_embedding_equals_the_whole_one_where_padding_is_a_token():
    """The row of padding is looked up and has no gradient, as in torch; ids keep their own numbers."""
    torch.manual_seed(0)
    whole = torch.nn.Embedding(9, 4, padding_idx=1, dtype=torch.float64)
    torch.nn.init.normal_(whole.weight)
    rows, ids = np.array([1, 3, 4, 7]), torch.tensor([[4, 1, 7], [3, 4, 1]])
    table, direction = RestrictedEmbedding(whole, rows), torch.randn(2, 3, 4, dtype=torch.float64)
    assert torch.equal(table(ids), whole(ids))
    (true,) = grad((whole(ids) * direction).sum(), whole.weight)
    (ours,) = grad((table(ids) * direction).sum(), table.weight)
    assert torch.equal(ours, true[rows])
    assert table.trained_rows(ids).tolist() == [[2, -1, 3], [1, 2, -1]]


def past_its_map(module):
    module.forward = lambda hidden: F.gelu(F.linear(hidden, module.dense.weight, module.dense.bias))


def by_its_map_and_past_it(module):
    module.forward = lambda hidden: F.gelu(module.dense(hidden)) + module.dense.weight.sum()


def with_its_output_doubled(module):
    module.dense.register_forward_hook(lambda _, args, y: 2 * y)


def of_a_constant(module):
    module.dense = torch.nn.Linear(16, 32, bias=False)
    module.forward = lambda hidden: F.gelu(module.dense(torch.ones_like(hidden)))


@pytest.mark.parametrize("read", [past_its_map, by_its_map_and_past_it, with_its_output_doubled, of_a_constant])
def test_a_weight_whose_gradient_no_record_gives_becomes_a_leaf(tmp_path, monkeypatch, read):
    """Its gradient comes from autograd, and is exact."""
    from transformers.models.electra.modeling_electra import ElectraIntermediate

    def make(self, config, usual=ElectraIntermediate.__init__):
        usual(self, config)
        read(self)

    monkeypatch.setattr(ElectraIntermediate, "__init__", make)
    case = Case(tmp_path / "encoder", "electra", "ner")
    left_out = {name for name in case.theta if name.endswith("intermediate.dense.weight")}
    assert len(left_out) == LAYERS
    assert not left_out & case.network.factored()
    leaves = {name: value.clone().requires_grad_() for name, value in case.theta.items()}
    true = grad(loss(case.network, leaves, case.batch(5, 1)), leaves.values(), materialize_grads=True)
    ours = tape_gradients(case.network, case.theta, case.batch(5, 1))
    assert_same([ours[name] for name in leaves], true)


def test_the_head_is_the_seeds_and_all_else_the_checkpoints(case, tmp_path):
    """Neither the state of torch's own generator nor an output layer that the folder holds makes a difference."""
    case = case("electra", "sentiment")
    save_model(tmp_path / "model", case.folder, SENTIMENT, SENTIMENT.label_set(SENTIMENT.usual), case.drawn, ROWS, {})
    opened = []
    for seed, folder in ((1, case.folder), (2, case.folder), (3, tmp_path / "model")):
        torch.manual_seed(seed)
        opened.append(
            open_network(
                folder, SENTIMENT, SENTIMENT.label_set(SENTIMENT.usual), ROWS, torch.Generator().manual_seed(9)
            )[1]
        )
    first, second, trained = opened
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(trained["classifier.out_proj.weight"], case.drawn["classifier.out_proj.weight"])
    assert torch.equal(trained["classifier.dense.weight"], case.drawn["classifier.dense.weight"])
    assert torch.equal(trained[words_of(case.network)], case.drawn[words_of(case.network)])
    assert not first["classifier.dense.bias"].any()
    assert float(first["classifier.dense.weight"].std()) == pytest.approx(0.4, rel=0.3)


def test_rows_that_no_sentence_has_change_no_score(case):
    case = case("xlm-roberta", "ner")
    whole, theta = open_network(
        case.folder, NER, NER.label_set(NER.usual), np.arange(65), torch.Generator().manual_seed(1)
    )
    part, restricted = open_network(case.folder, NER, NER.label_set(NER.usual), ROWS, torch.Generator().manual_seed(1))
    data = case.data(5, 1)
    batches = [make_batch([(some, np.arange(5))], CPU, torch.float32) for some in (data, renumbered(data))]
    ours = part.evaluating().scores(restricted, batches[1], NOTHING, unchanged)
    torch.testing.assert_close(ours, whole.evaluating().scores(theta, batches[0], NOTHING, unchanged))


@pytest.mark.parametrize(
    ("kind", "length"), [("xlm-roberta", 38), ("deberta-v2", 40), ("eurobert", 40), ("mpnet", 38), ("distilbert", 40)]
)
def test_the_longest_sentence_leaves_out_the_positions_of_padding(tmp_path, kind, length):
    folder = make_family(tmp_path / "encoder", kind)
    assert open_network(folder, NER, NER.label_set(NER.usual), ROWS, torch.Generator())[0].max_length == length
