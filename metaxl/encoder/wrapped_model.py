"""A transformers model with the head of a task, loaded from an encoder folder; no code of the folder is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import nn
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
from transformers.models.auto.modeling_auto import (
    MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
    MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES,
)
from transformers.utils import logging

from metaxl.encoder.blocks import find_blocks
from metaxl.encoder.folder import label_names, refuse_missing, refuse_more_layers, weights_file
from metaxl.encoder.open import read_config
from metaxl.errors import EncoderError, did_you_mean
from metaxl.tasks import LabelSet, Task

CLASSES = {"token": AutoModelForTokenClassification, "sequence": AutoModelForSequenceClassification}
# An encoder is pre-trained on masked words; what transformers can only let continue a text is a decoder.
DECODERS = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.keys() - MODEL_FOR_MASKED_LM_MAPPING_NAMES.keys()
FAMILIES = sorted(
    (MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES.keys() & MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.keys())
    - DECODERS
)


def load_model(folder: Path, task: Task, labels: LabelSet) -> tuple[PreTrainedModel, set[str]]:
    """Load an encoder with the head of a task, as transformers has them, in float32.

    Returns:
        The model, and the names of the head's parameters that are to be drawn: those that the weights lack, and the
        layer that gives the scores.

    Raises:
        EncoderError: transformers has no such encoder, or the weights are not what config.json promises.
    """
    config, path = _load_config(folder, labels), weights_file(folder)
    logging.set_verbosity_error()  # it would report that the head is missing
    logging.disable_progress_bar()
    with explained(folder / "config.json"):
        model, found = CLASSES[task.head].from_pretrained(
            folder,
            config=config,
            attn_implementation="eager",  # the fused kernels have no second derivative
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    absent = {*found["missing_keys"], *(key for key, *_ in found["mismatched_keys"])}
    refuse_missing(path, [name for name in absent if not is_head(model, name)], config.model_type)
    blocks, _ = find_blocks(model.base_model, config.num_hidden_layers)
    refuse_more_layers(path, found["unexpected_keys"], blocks, config.num_hidden_layers)
    scores = {name for name, value in model.named_parameters() if value.shape[:1] == (len(labels.classes),)}
    return model, absent | {name for name in scores if is_head(model, name)}


def _load_config(folder: Path, labels: LabelSet) -> PretrainedConfig:
    path, family = folder / "config.json", read_config(folder)["model_type"]
    if family not in CONFIG_MAPPING_NAMES:
        raise EncoderError(
            f"{path}: transformers has no model of model_type {family!r}, and code that comes with a model is never "
            f"run; use an encoder of a known family.{did_you_mean(family, FAMILIES)}"
        )
    if family in DECODERS:
        raise EncoderError(f"{path}: {family!r} is or has a decoder; MetaXL needs an encoder alone.")
    if family not in FAMILIES:
        raise EncoderError(
            f"{path}: transformers has no token and sequence classification for model_type {family!r}; use one of "
            f"{', '.join(FAMILIES)}."
        )
    with explained(path):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    config.update(label_names(labels) | {"return_dict": True})
    return config


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what transformers raises of a configuration that is no model's into an EncoderError that names the file."""
    try:
        yield
    except (ArithmeticError, AssertionError, LookupError, StrictDataclassError, TypeError, ValueError) as error:
        raise EncoderError(
            f"{path}: transformers cannot make a model of it ({' '.join(str(error).split()) or type(error).__name__}); "
            "copy the encoder's own config.json."
        ) from error


def is_head(model: PreTrainedModel, name: str) -> bool:
    """Tell whether a parameter stands between the encoder's states and the scores; poolers do, within the encoder."""
    return not name.startswith(f"{model.base_model_prefix}.") or ".pooler." in name


@torch.no_grad()
def draw(model: PreTrainedModel, names: set[str], generator: torch.Generator) -> None:
    """Draw parameters afresh, in the model's order: normal weights, zero biases, norms of one."""
    for name, parameter in model.named_parameters():
        if name not in names:
            continue
        if name.endswith("bias"):
            parameter.zero_()
        elif parameter.dim() == 1:
            parameter.fill_(1.0)
        else:
            parameter.normal_(std=getattr(model.config, "initializer_range", 0.02), generator=generator)


def word_embedding(model: PreTrainedModel) -> tuple[str, nn.Embedding]:
    """Return the name of the word embedding's table, and the embedding.

    Raises:
        EncoderError: the model's word embedding is no plain table.
    """
    try:
        embedding = model.get_input_embeddings()
    except NotImplementedError:  # transformers raises it for a model without one, such as CANINE
        embedding = None
    if type(embedding) is not nn.Embedding:
        raise EncoderError(
            f"{type(model).__name__}: its word embedding is not a plain table of rows ({type(embedding).__name__}); "
            "use another encoder."
        )
    return next(name for name, parameter in model.named_parameters() if parameter is embedding.weight), embedding
