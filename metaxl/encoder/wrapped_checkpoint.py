"""Encoder folders of any family as transformers models with a head, in and out; safetensors only, no code is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
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

from metaxl.data.encode import Integers
from metaxl.encoder.blocks import find_blocks
from metaxl.encoder.network import Parameters
from metaxl.encoder.tokenizer_files import save_tokenizer
from metaxl.errors import EncoderError, did_you_mean
from metaxl.files import atomic_folder, read_json
from metaxl.tasks import Task

WEIGHTS = "model.safetensors"
CLASSES = {"token": AutoModelForTokenClassification, "sequence": AutoModelForSequenceClassification}
# An encoder is pre-trained on masked words; what transformers can only let continue a text is a decoder.
DECODERS = MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.keys() - MODEL_FOR_MASKED_LM_MAPPING_NAMES.keys()
FAMILIES = sorted(
    (MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES.keys() & MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES.keys())
    - DECODERS
)


def load_config(folder: Path) -> PretrainedConfig:
    """Read config.json of an encoder folder.

    Raises:
        EncoderError: the file is missing, the model is no encoder, or transformers has no classes for it.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise EncoderError(f"{path}: missing; an encoder folder holds config.json and {WEIGHTS}.")
    written = read_json(path)
    family = written.get("model_type", "")
    if family not in CONFIG_MAPPING_NAMES:
        raise EncoderError(
            f"{path}: transformers has no model of model_type {family!r}, and code that comes with a model is never "
            f"run; use an encoder of a known family.{did_you_mean(family, FAMILIES)}"
        )
    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    if config.is_encoder_decoder or getattr(config, "is_decoder", False) or family in DECODERS:
        raise EncoderError(f"{path}: {family!r} is or has a decoder; MetaXL needs an encoder alone.")
    if family not in FAMILIES:
        raise EncoderError(
            f"{path}: transformers has no token and sequence classification for model_type {family!r}; use one of "
            f"{', '.join(FAMILIES)}."
        )
    if "quantization_config" in written:
        raise EncoderError(f"{path}: the weights are quantised and cannot be trained; use the original encoder.")
    return config


def load_model(folder: Path, task: Task) -> tuple[PreTrainedModel, set[str]]:
    """Load an encoder with the head of a task, as transformers has them, in float32.

    Returns:
        The model, and the names of the head's parameters that are to be drawn: those that the weights lack, and the
        layer that gives the scores.

    Raises:
        EncoderError: model.safetensors is missing or is not what config.json promises.
    """
    config, path, labels = load_config(folder), folder / WEIGHTS, task.labels
    if not path.is_file():
        raise EncoderError(f"{path}: missing; save the encoder with safe serialization (pickles are never read).")
    _check_types(path)
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: number for number, label in enumerate(labels)}
    config.return_dict = True
    with _quiet():
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
    _check_weights(path, model, absent, found["unexpected_keys"])
    return model, absent | _output_layer(model, len(labels))


def _check_types(path: Path) -> None:
    with safe_open(str(path), framework="pt") as file:
        names = [name for name in file.keys() if name.endswith("weight")]  # noqa: SIM118 - a safe_open is no mapping
        types = {name: file.get_slice(name).get_dtype() for name in names}
    wrong = [name for name, kind in types.items() if kind not in ("F64", "F32", "F16", "BF16")]
    if wrong:
        raise EncoderError(
            f"{path}: {wrong[0]} holds {types[wrong[0]]} numbers, which cannot be trained; use the encoder's original "
            "weights."
        )


def _check_weights(path: Path, model: PreTrainedModel, absent: set[str], unused: set[str]) -> None:
    wrong = sorted(name for name in absent if not _is_head(model, name))
    if wrong:
        raise EncoderError(
            f"{path}: lacks {len(wrong)} of the parameters that config.json promises, or has them in another shape, "
            f"among them {', '.join(wrong[:3])}; is it a {model.config.model_type} model?"
        )
    layers = model.config.num_hidden_layers
    block = re.compile(re.escape(find_blocks(model.base_model, layers)[0]) + r"\.(\d+)\.")
    beyond = sorted(name for name in unused if (match := block.search(name)) and int(match[1]) >= layers)
    if beyond:
        raise EncoderError(f"{path}: has more layers than the {layers} of config.json, among them {beyond[0]}.")


def _is_head(model: PreTrainedModel, name: str) -> bool:
    """Tell whether a parameter stands between the encoder's states and the scores; poolers do, within the encoder."""
    return not name.startswith(f"{model.base_model_prefix}.") or ".pooler." in name


def _output_layer(model: PreTrainedModel, classes: int) -> set[str]:
    """Return the parameters of the layer that gives the scores."""
    return {
        f"{name}.{kind}"
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and module.out_features == classes and _is_head(model, name)
        for kind, _ in module.named_parameters(recurse=False)
    }


def draw(model: PreTrainedModel, names: set[str], generator: torch.Generator) -> None:
    """Draw parameters afresh, in the model's order: normal weights, zero biases, norms of one."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name not in names:
                continue
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.dim() == 1:
                parameter.fill_(1.0)
            else:
                parameter.normal_(std=getattr(model.config, "initializer_range", 0.02), generator=generator)


def words_of(model: PreTrainedModel) -> str:
    """Return the name of the word embedding's table.

    Raises:
        EncoderError: the model's word embedding is no plain table.
    """
    try:
        embedding = model.get_input_embeddings()
    except NotImplementedError:  # CANINE has none
        embedding = None
    if type(embedding) is not nn.Embedding:
        raise EncoderError(
            f"{type(model).__name__}: its word embedding is not a plain table of rows ({type(embedding).__name__}); "
            "use another encoder."
        )
    name: str = next(name for name, parameter in model.named_parameters() if parameter is embedding.weight)
    return name


def save_model(out: Path, encoder: Path, task: Task, theta: Parameters, rows: Integers, phi: Parameters) -> None:
    """Write a folder that AutoModelFor{Token,Sequence}Classification loads; the RTN lies beside it.

    Embedding rows outside `rows` stay as pre-trained: no data of the cell has a gradient for them.
    """
    model, _ = load_model(encoder, task)
    words = words_of(model)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name == words:
                parameter[torch.from_numpy(rows)] = theta[name].to(parameter)
            else:
                parameter.copy_(theta[name])
    with atomic_folder(out) as folder:
        with _quiet():
            model.save_pretrained(folder)
        if phi:
            save_file({name: value.detach().cpu() for name, value in phi.items()}, folder / "rtn.safetensors")
        save_tokenizer(encoder, folder, task)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from reporting the head as missing, and from drawing progress bars."""
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
