"""From words to predictions: every word keeps its place, packing changes nothing, an epoch sees each example once."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import chain

import numpy as np
import pytest
import torch
from conftest import WORDS, encoded, make_tokenizer, records_of
from hypothesis import given, settings
from hypothesis import strategies as st
from switches import DEFAULT
from tokenizers import Tokenizer, models, pre_tokenizers

from metaxl.data.encode import Encoded, encode, load_tokenizer
from metaxl.encoder.batch import make_batch
from metaxl.encoder.packed import open_network
from metaxl.errors import DataError, EncoderError
from metaxl.method.adam import Adam
from metaxl.method.flat import Flat
from metaxl.method.learner import Learner, Rates
from metaxl.method.plain import plain_step
from metaxl.method.rtn import RTN
from metaxl.method.steps import joint_rtn_step, metaxl_step
from metaxl.method.tape import Tape
from metaxl.reporting.data.subwords import count_subwords, unknown_id
from metaxl.tasks import NER, SENTIMENT, TASKS
from metaxl.training import evaluate
from metaxl.training.data import CellData
from metaxl.training.evaluate import gold_labels, length_sorted, predict
from metaxl.training.feed import draw_batches

LABELS = {name: task.label_set(task.usual) for name, task in TASKS.items()}
EMPTY = "\u200b"  # the tokenizer deletes it: a word without a subword
CPU = torch.device("cpu")
# Four words of one, no, two and one subword, and two sentences around them.
MIXED = [
    {"id": "a", "tokens": ["w1", EMPTY, "w2s", "w3"], "tags": ["B-PER", "B-LOC", "I-LOC", "O"]},
    {"id": "b", "tokens": [EMPTY, EMPTY], "tags": ["B-ORG", "I-ORG"]},
    {"id": "c", "tokens": ["w4"], "tags": ["B-PER"]},
]


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    make_tokenizer(folder)
    return folder


def encode_ner(folder, records, max_length=32):
    return encode(load_tokenizer(folder), "ner", records, max_length, NER.usual)


def tiny(folder, task):
    """Return a network with dropout, and random parameters in float64."""
    generator = torch.Generator().manual_seed(3)
    network, theta = open_network(folder, TASKS[task], LABELS[task], np.arange(len(WORDS) + 5), generator)
    network = replace(network, shape=replace(network.shape, hidden_dropout=0.3, attention_dropout=0.3))
    return network, {name: value.double() for name, value in theta.items()}


def always(theta, label):
    """Return parameters of a tagger with which it predicts `label` wherever it predicts at all."""
    bias = torch.full_like(theta["head.out.bias"], -1e6)
    bias[NER.usual.index(label)] = 1e6
    return {**theta, "head.out.bias": bias}


def test_first_subword_of_each_word_is_labelled(tokenizer_folder):
    """Pieces after the first, special tokens and words without a subword carry no label; every word has its gold."""
    data = encode_ner(tokenizer_folder, MIXED)
    tokenizer = load_tokenizer(tokenizer_folder)
    tokens = " ".join(tokenizer.id_to_token(i) for i in data.ids)
    assert tokens == "<s> w1 w2 ##s w3 </s> <s> </s> <s> w4 </s>"
    assert data.lengths().tolist() == [6, 2, 3]
    assert data.labelled.tolist() == [1, 2, 4, 1]
    assert data.words.tolist() == [0, 2, 3, 0]
    assert data.label_starts.tolist() == [0, 3, 3, 4]
    assert [TASKS["ner"].usual[i] for i in data.labels] == ["B-PER", "I-LOC", "O", "B-PER"]
    assert gold_labels(LABELS["ner"], data) == [record["tags"] for record in MIXED]
    assert (len(data), data.names.tolist()) == (3, ["a", "b", "c"])


PIECES = {"w1": 1, "w22": 1, "w3s": 2, "w4ss": 3, EMPTY: 0, "W": 1}
WORD_LISTS = st.lists(st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=8), min_size=1, max_size=5)


@settings(deadline=None)
@given(WORD_LISTS, st.integers(3, 14), st.randoms(use_true_random=False))
def test_places_follow_from_the_number_of_subwords(tokenizer_folder, sentences, max_length, random):
    """A word is labelled at the sum of the subwords before it, if it has one and its first lies within the limit."""
    records = [
        {"id": "x", "tokens": words, "tags": random.choices(TASKS["ner"].usual, k=len(words))} for words in sentences
    ]
    data = encode_ner(tokenizer_folder, records, max_length)
    lost, lost_entities = 0, 0
    for number, record in enumerate(records):
        expected, place = [], 1
        for word, (token, tag) in enumerate(zip(record["tokens"], record["tags"], strict=True)):
            if PIECES[token] and place < max_length - 1:
                expected.append((place, word, tag))
            else:
                lost += 1
                lost_entities += tag.startswith("B-")
            place += PIECES[token]
        owned = slice(data.label_starts[number], data.label_starts[number + 1])
        tags = [TASKS["ner"].usual[label] for label in data.labels[owned]]
        assert list(zip(data.labelled[owned], data.words[owned], tags, strict=True)) == expected
        assert data.lengths()[number] == min(place + 1, max_length)
    assert gold_labels(LABELS["ner"], data) == [record["tags"] for record in records]
    assert (data.words_lost(), data.entities_lost()) == (lost, lost_entities)


@settings(deadline=None)
@given(WORD_LISTS, st.integers(3, 14), st.randoms(use_true_random=False))
def test_counts_of_subwords_follow_from_the_words(tokenizer_folder, sentences, max_length, random):
    """Of whole sentences, whatever the limit; what it takes away is told apart from what the tokenizer deletes."""
    records = [
        {"id": "x", "tokens": words, "tags": random.choices(TASKS["ner"].usual, k=len(words))} for words in sentences
    ]
    kept = encode_ner(tokenizer_folder, records, max_length)
    counts = count_subwords(load_tokenizer(tokenizer_folder), "ner", records, kept, NER.usual)
    words = list(chain(*sentences))
    assert counts == {
        "words": len(words),
        "subwords": sum(PIECES[word] for word in words),
        "unknown": words.count("W"),
        "examples_cut": sum(sum(PIECES[word] for word in sentence) + 2 > max_length for sentence in sentences),
        "words_cut_off": kept.words_lost() - words.count(EMPTY),
        "words_without_subword": words.count(EMPTY),
        "entities_lost": kept.entities_lost(),
    }


@settings(deadline=None)
@given(WORD_LISTS, st.integers(3, 14))
def test_counts_of_a_reviews_subwords_follow_from_its_words(tokenizer_folder, texts, max_length):
    """As of a sentence's; a review is labelled as a whole, so that no word of it can be lost."""
    records = [{"id": "x", "text": " ".join(words), "label": "positive"} for words in texts]
    tokenizer = load_tokenizer(tokenizer_folder)
    kept = encode(tokenizer, "sentiment", records, max_length, SENTIMENT.usual)
    words = list(chain(*texts))
    assert count_subwords(tokenizer, "sentiment", records, kept, SENTIMENT.usual) == {
        "words": len(words),
        "subwords": sum(PIECES[word] for word in words),
        "unknown": words.count("W"),
        "examples_cut": sum(sum(PIECES[word] for word in text) + 2 > max_length for text in texts),
    }


def test_words_and_entities_lost_to_the_limit_are_counted(tokenizer_folder):
    """Three planted beyond it, two of them entities; one more that the tokenizer deletes."""
    tokens, tags = ["w1", EMPTY, "w2s", "w3", "w4", "w5"], ["O", "B-ORG", "O", "B-PER", "I-PER", "B-LOC"]
    records = [{"id": "a", "tokens": tokens, "tags": tags}, {"id": "b", "tokens": ["w1"], "tags": ["B-PER"]}]
    kept = encode_ner(tokenizer_folder, records, 5)
    counts = count_subwords(load_tokenizer(tokenizer_folder), "ner", records, kept, NER.usual)
    assert (counts["examples_cut"], counts["words_cut_off"], counts["words_without_subword"]) == (1, 3, 1)
    assert counts["entities_lost"] == 3


@pytest.mark.parametrize(
    ("model", "unknown"),
    [
        (models.WordPiece({"a": 0, "?": 1}, unk_token="?"), 1),
        (models.WordLevel({"a": 0, "?": 1}, unk_token="?"), 1),
        (models.BPE({"?": 0, "a": 1}, [], unk_token="?"), 0),
        (models.Unigram([("?", 0.0), ("a", -1.0)], unk_id=0), 0),
        (models.BPE({"a": 0}, []), None),
    ],
    ids=["WordPiece", "WordLevel", "BPE", "Unigram", "BPE without"],
)
def test_unknown_id_is_what_a_strange_letter_becomes(model, unknown):
    """Whatever the kind of tokenizer; one that has no such token leaves the letter out."""
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    assert unknown_id(tokenizer) == unknown
    assert tokenizer.encode("x").ids == ([] if unknown is None else [unknown])


def test_review_is_labelled_at_its_first_token(tokenizer_folder):
    """Whatever is in it: nothing at all after the tokenizer, or more than the limit."""
    records = [
        {"id": str(number), "text": text, "label": label}
        for number, (text, label) in enumerate([("w1 w2", "positive"), (EMPTY, "negative"), ("w1 " * 50, "positive")])
    ]
    data = encode(load_tokenizer(tokenizer_folder), "sentiment", records, 10, SENTIMENT.usual)
    assert data.lengths().tolist() == [4, 2, 10]
    assert data.labelled.tolist() == [0, 0, 0]
    assert gold_labels(LABELS["sentiment"], data) == [["positive"], ["negative"], ["positive"]]
    assert [TASKS["sentiment"].usual[i] for i in data.labels] == ["positive", "negative", "positive"]
    assert data.words_lost() == 0


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_encoded_data_come_back_from_their_file(tmp_path, tokenizer_folder, task):
    """Every array, its numbers and its type."""
    data = encoded(tokenizer_folder, task, 5, 1)
    data.save(tmp_path / "x.npz")
    again = Encoded.load(tmp_path / "x.npz")
    for field in fields(Encoded):
        before, after = getattr(data, field.name), getattr(again, field.name)
        assert before.dtype == after.dtype
        np.testing.assert_array_equal(before, after)


def test_cell_data_are_the_same_sentences_in_fewer_words(tmp_path, tokenizer_folder):
    """Renumbering is undone by `rows`, which holds exactly the ids that occur."""
    parts = {role: encoded(tokenizer_folder, "ner", 3, seed) for seed, role in enumerate(("train", "dev", "test"))}
    for role, part in parts.items():
        part.save(tmp_path / f"{role}.npz")
    cell = CellData.load({role: tmp_path / f"{role}.npz" for role in parts})
    assert cell.source is None
    for role, part in parts.items():
        np.testing.assert_array_equal(cell.rows[getattr(cell, role).ids], part.ids)
    assert cell.rows.tolist() == sorted({int(i) for part in parts.values() for i in part.ids})


def test_nothing_to_encode_and_no_tokenizer_are_told(tmp_path, tokenizer_folder):
    """Before an empty array travels on, or a traceback names a library."""
    with pytest.raises(DataError, match=r"^Nothing to encode: the data file is empty\.$"):
        encode_ner(tokenizer_folder, [])
    with pytest.raises(EncoderError, match=r"tokenizer\.json: missing; an encoder folder holds "):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize(
    ("max_length", "reached"),
    [(32, [[1, 0, 1, 1], [0, 0], [1]]), (4, [[1, 0, 1, 0], [0, 0], [1]]), (3, [[1, 0, 0, 0], [0, 0], [1]])],
)
def test_word_that_no_prediction_reaches_is_outside(encoders, max_length, reached):
    """Without a subword, or beyond the limit: "O" at its own place, so that gold entities there count as missed."""
    network, theta = tiny(encoders["xlm-roberta"], "ner")
    data = encode_ner(encoders["xlm-roberta"], MIXED, max_length)
    predicted = predict(network, LABELS["ner"], always(theta, "B-PER"), data)
    assert predicted == [["B-PER" if there else "O" for there in sentence] for sentence in reached]
    gold = gold_labels(LABELS["ner"], data)
    count = sum(map(sum, reached))
    scores = NER.score(LABELS["ner"], gold, predicted)
    # Four gold entities (I-LOC goes on in the word after), two of them B-PER and within every limit.
    assert scores["recall"] == 2 / 4
    assert scores["precision"] == 2 / count


def test_recall_counts_entities_that_were_cut_off(encoders):
    """All that can be reached is right, and yet only a third of the entities is found."""
    folder = encoders["xlm-roberta"]
    network, theta = tiny(folder, "ner")
    data = encode_ner(folder, [{"id": "a", "tokens": ["w1", EMPTY, "w2"], "tags": ["B-PER"] * 3}], max_length=3)
    scores = NER.score(
        LABELS["ner"], gold_labels(LABELS["ner"], data), predict(network, LABELS["ner"], always(theta, "B-PER"), data)
    )
    assert (scores["precision"], scores["recall"], scores["f1"]) == (1, 1 / 3, 1 / 2)
    assert (data.words_lost(), data.entities_lost()) == (2, 2)


def batch_of(*parts):
    return make_batch([(data, np.arange(len(data))) for data in parts], CPU, torch.float64)


@pytest.mark.parametrize("place", ["alone", "source", "target", "judge", "joint source", "joint target"])
def test_sentence_without_subwords_trains_without_nan(encoders, place):
    """A batch without a single label has no loss and no gradient of its own, in every step and every role."""
    folder = encoders["xlm-roberta"]
    network, theta = tiny(folder, "ner")
    rtn = RTN((0, 2), DEFAULT)
    phi = rtn.initialise(network.hidden, 4, torch.Generator().manual_seed(4))
    phi = {name: value.double().requires_grad_() for name, value in phi.items()}
    silent, spoken = (batch_of(encode_ner(folder, MIXED[i : i + 1])) for i in (1, 0))
    assert not len(silent.labelled)
    theta = Flat.of(theta)
    learner = Learner(network, theta, Adam([theta.vector], 0.0), 10.0, DEFAULT, rtn, phi, Adam(phi.values(), 0.0))
    before = {name: value.detach().clone() for name, value in theta.items()}
    step, batches = {
        "alone": (plain_step, [silent]),
        "source": (metaxl_step, [silent, spoken, spoken]),
        "target": (metaxl_step, [spoken, silent, spoken]),
        "judge": (metaxl_step, [spoken, spoken, silent]),
        "joint source": (joint_rtn_step, [silent, spoken]),
        "joint target": (joint_rtn_step, [spoken, silent]),
    }[place]
    losses = step(learner, Rates(0.01, 0.01, 0.01), *batches)
    assert all(torch.isfinite(value) for value in losses.values())
    assert all(torch.isfinite(value).all() for value in (*theta.values(), *phi.values()))
    moved = any(not torch.equal(theta[name], before[name]) for name in theta)
    assert moved == (place != "alone")


def gradient_of(network, theta, batch):
    """Return theta's gradient of a batch's loss."""
    gradient, tape = Flat.of(theta), Tape(network, theta, batch)
    tape.backward()
    tape.write_gradients(gradient)
    return gradient


def test_silent_part_leaves_half_of_the_loss(encoders):
    """Beside a part with labels, one without weighs nothing: the other's gradient is half of its own."""
    folder = encoders["xlm-roberta"]
    network, theta = tiny(folder, "ner")
    silent, spoken = (encode_ner(folder, MIXED[i : i + 1]) for i in (1, 0))
    half, whole = (
        gradient_of(network.evaluating(), theta, batch_of(*parts)) for parts in ((silent, spoken), (spoken,))
    )
    for name, value in whole.items():
        torch.testing.assert_close(2 * half[name], value)


@st.composite
def data_sets(draw):
    """Return a data set of random ids, with random labelled places in each example."""
    lengths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=6))
    places = [sorted(draw(st.sets(st.integers(0, length - 1)))) for length in lengths]
    count = sum(map(len, places))

    def bounds(numbers):
        return np.cumsum([0, *numbers])

    def integers(size):
        return np.array(draw(st.lists(st.integers(0, 6), min_size=size, max_size=size)), dtype=np.int64)

    labels = integers(count)
    return Encoded(
        ids=integers(sum(lengths)),
        starts=bounds(lengths),
        labelled=np.array([place for part in places for place in part], dtype=np.int64),
        labels=labels,
        words=np.array([word for part in places for word in range(len(part))], dtype=np.int64),
        label_starts=bounds(map(len, places)),
        gold=labels,
        word_starts=bounds(map(len, places)),
        names=np.array([str(i) for i in range(len(lengths))]),
        texts=np.zeros(0, np.uint8),
    )


def some_of(count):
    """Return a strategy for some of `count` examples, in any order."""
    return st.lists(st.integers(0, count - 1), min_size=1, unique=True)


@settings(deadline=None)
@given(st.lists(data_sets(), min_size=1, max_size=3), st.data())
def test_packed_batch_is_the_padded_one(sets, data):
    """Put where `unpad` says, tokens lie as in rows padded on the right; labels find their tokens."""
    parts = [(part, np.array(data.draw(some_of(len(part))))) for part in sets]
    spans = [(part, i) for part, chosen in parts for i in chosen]
    batch = make_batch(parts, CPU, torch.float64)
    longest = max(int(part.lengths()[i]) for part, i in spans)
    assert batch.grid == (len(spans), longest)
    assert batch.bias.shape == (len(spans), 1, longest)
    padded = torch.full((len(spans) * longest,), -1).index_copy(0, batch.unpad, torch.arange(len(batch.ids)))
    labelled, labels = [], []
    for number, (part, i) in enumerate(spans):
        row = part.ids[part.starts[i] : part.starts[i + 1]]
        owned = slice(part.label_starts[i], part.label_starts[i + 1])
        places = padded.view(batch.grid)[number]
        assert (places[len(row) :] == -1).all()
        places = places[: len(row)]
        assert batch.firsts[number] == places[0]
        assert batch.ids[places].tolist() == row.tolist()
        assert batch.positions[places].tolist() == list(range(len(row)))
        assert batch.bias[number].flatten().tolist() == [0.0] * len(row) + [-np.inf] * (longest - len(row))
        labelled += places[part.labelled[owned]].tolist()
        labels += part.labels[owned].tolist()
    assert batch.labelled.tolist() == labelled
    assert batch.labels.tolist() == labels
    counts = [sum(int(np.diff(part.label_starts)[i]) for i in chosen) for part, chosen in parts]
    shares = [np.full(n, 1 / (n * len(parts))) for n in counts if n]
    np.testing.assert_allclose(batch.weights, np.concatenate([[], *shares]))


@pytest.mark.parametrize("task", ["ner", "sentiment"])
def test_the_loss_of_a_batch_is_the_mean_of_its_parts_means(encoders, task):
    """Whatever their sizes: joint training weighs source and target alike."""
    folder = encoders["xlm-roberta"]
    network, theta = tiny(folder, task)
    network = network.evaluating()
    few, many = encoded(folder, task, 2, 1), encoded(folder, task, 7, 2)
    batches = [batch_of(part) for part in (few, many)]
    means = [torch.nn.functional.cross_entropy(network.scores(theta, batch), batch.labels) for batch in batches]
    torch.testing.assert_close(Tape(network, theta, batch_of(few, many)).loss.detach(), sum(means) / 2)


COUNTS, SIZES, SEEDS = st.integers(1, 60), st.integers(2, 20), st.integers(0, 2**40)


def passes(count, size, seed, number):
    """Return some passes over examples, each as its batches."""
    batches, found = draw_batches(seed, "stream", np.arange(count) * 3 + 1, size), []
    for _ in range(number):
        drawn = [next(batches)]
        while sum(map(len, drawn)) < count:
            drawn.append(next(batches))
        found.append(drawn)
    return found


@settings(deadline=None)
@given(COUNTS, SIZES, SEEDS)
def test_each_pass_visits_every_example_once(count, size, seed):
    """In full batches and a short last one; a last one of one, which could not be halved, joins its neighbour."""
    for batches in passes(count, size, seed, 3):
        assert sorted(np.concatenate(batches)) == (np.arange(count) * 3 + 1).tolist()
        lengths = [len(batch) for batch in batches]
        rest = count % size
        short = [rest] if rest > 1 else []
        expected = [size] * (count // size) + short
        if rest == 1:
            expected = [*expected[:-1], size + 1] if expected else [1]
        assert lengths == expected


def test_order_is_the_seeds():
    """The same seed gives the same batches; each pass, and another seed, another order."""
    first, again, other = (passes(50, 8, seed, 2) for seed in (1, 1, 2))
    order = [np.concatenate(batches).tolist() for batches in first]
    assert order == [np.concatenate(batches).tolist() for batches in again]
    assert order[0] != order[1]
    assert order[0] != np.concatenate(other[0]).tolist()


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 128))
def test_evaluation_batches_hold_each_example_once_and_fit(lengths, limit):
    """At most the limit in padded tokens, unless one example alone is longer."""
    nothing = {field.name: np.array([], dtype=np.int64) for field in fields(Encoded)}
    data = Encoded(**{**nothing, "starts": np.cumsum([0, *lengths])})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "TOKENS_PER_BATCH", limit)
        batches = list(length_sorted(data))
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= limit


@pytest.mark.parametrize("task", ["ner", "sentiment"])
@pytest.mark.parametrize("limit", [1, 24, 4096])
def test_prediction_does_not_depend_on_its_neighbours(encoders, monkeypatch, task, limit):
    """In any batches and any order of the file, each example is predicted as if it were alone."""
    folder = encoders["xlm-roberta"]
    network, theta = tiny(folder, task)
    records = records_of(task, 12, 5) + (MIXED if task == "ner" else [])
    tokenizer = load_tokenizer(folder)
    data = encode(tokenizer, task, records, 32, TASKS[task].usual)
    # Centred scores, so that the answers differ.
    scores = network.evaluating().scores(theta, batch_of(data)).mean(dim=0)
    theta = {**theta, "head.out.bias": (theta["head.out.bias"] - scores).detach()}
    each = [encode(tokenizer, task, [record], 32, TASKS[task].usual) for record in records]
    alone = [predict(network, LABELS[task], theta, one)[0] for one in each]
    assert len({label for labels in alone for label in labels}) > 1, "a constant answer proves nothing"
    monkeypatch.setattr(evaluate, "TOKENS_PER_BATCH", limit)
    assert predict(network, LABELS[task], theta, data) == alone
    order = np.random.default_rng(0).permutation(len(records))
    shuffled = encode(tokenizer, task, [records[i] for i in order], 32, TASKS[task].usual)
    assert predict(network, LABELS[task], theta, shuffled) == [alone[i] for i in order]
