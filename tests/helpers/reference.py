"""An independent MetaXL: the transformers modules, padded batches, RTNs in forward hooks, full autograd.

It shares no code with the package but the names of parameters in a saved checkpoint.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import torch
import torch.nn.functional as F
from torch.func import functional_call


class Reference:
    """A fine-tuned checkpoint as the transformers classes load it, in float64 and without dropout."""

    def __init__(self, folder: Path, task: str) -> None:
        from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

        kind = AutoModelForTokenClassification if task == "ner" else AutoModelForSequenceClassification
        self.task = task
        self.model = kind.from_pretrained(folder, attn_implementation="eager").double().eval()
        self.theta = {name: value.detach().clone().requires_grad_() for name, value in self.model.named_parameters()}

    def logits(self, theta, data, chosen):
        """Return (labels, classes) of the labelled tokens, from a padded batch."""
        rows = [data.ids[data.starts[i] : data.starts[i + 1]] for i in chosen]
        longest = max(map(len, rows))
        ids = torch.full((len(rows), longest), self.model.config.pad_token_id)
        mask = torch.zeros(len(rows), longest, dtype=torch.long)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = torch.from_numpy(row)
            mask[number, : len(row)] = 1
        out = functional_call(self.model, theta, kwargs={"input_ids": ids, "attention_mask": mask}).logits
        if self.task == "sentiment":
            return out
        places = [
            (number, int(place))
            for number, i in enumerate(chosen)
            for place in data.labelled[data.label_starts[i] : data.label_starts[i + 1]]
        ]
        return torch.stack([out[number, place] for number, place in places])

    def loss(self, theta, data, chosen):
        """Return the mean cross-entropy over labelled tokens."""
        labels = [torch.from_numpy(data.labels[data.label_starts[i] : data.label_starts[i + 1]]) for i in chosen]
        return F.cross_entropy(self.logits(theta, data, chosen), torch.cat(labels))

    @contextmanager
    def transformed(self, phi, layers, detach=True, residual="add", gate=True):
        """Send the output of each of `layers` through its RTN."""

        def hook(layer):
            def transform(_module, _inputs, hidden):
                seen = hidden.detach() if detach else hidden
                inner = F.relu(seen @ phi[f"{layer}.down.weight"].T + phi[f"{layer}.down.bias"])
                out = inner @ phi[f"{layer}.up.weight"].T + phi[f"{layer}.up.bias"]
                change = torch.sigmoid(out[..., -1:]) * out[..., :-1] if gate else out
                if residual == "none":
                    return change
                total = hidden + change
                if residual == "keep-norm":
                    lengths = [values.square().sum(dim=-1, keepdim=True).sqrt() for values in (hidden, total)]
                    return total * lengths[0] / lengths[1]
                return total

            return transform

        base = self.model.base_model
        handles = [
            (base.embeddings if layer == 0 else base.encoder.layer[layer - 1]).register_forward_hook(hook(layer))
            for layer in layers
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def source_loss(self, theta, phi, data, chosen, layers, nested=False, **switches):
        """Return the source loss: softmax(alpha)-weighted single-RTN passes, or one pass through all RTNs."""
        if nested or len(layers) == 1:
            with self.transformed(phi, layers, **switches):
                return self.loss(theta, data, chosen)
        total = 0.0
        for weight, layer in zip(torch.softmax(phi["alpha"], dim=0), layers, strict=True):
            with self.transformed(phi, [layer], **switches):
                total = total + weight * self.loss(theta, data, chosen)
        return total

    def look_ahead(self, theta, phi, batches, layers, eta, theta_loss="source+target", keep_length=False, **switches):
        """Return theta' = theta - eta * gradient, as a function of phi, and the gradient.

        With `keep_length`, phi turns the source's part of the gradient, whose length stays what it is.
        """
        source, target, _ = batches
        losses = [self.source_loss(theta, phi, *source, layers, **switches)]
        if theta_loss == "source+target":
            losses.append(self.loss(theta, *target))
        parts = [
            torch.autograd.grad(loss, list(theta.values()), create_graph=True, materialize_grads=True)
            for loss in losses
        ]
        if keep_length:
            length = torch.sqrt(sum(g.square().sum() for g in parts[0]))
            parts[0] = [g / length * length.detach() for g in parts[0]]
        gradients = [sum(several) for several in zip(*parts, strict=True)]
        return {name: value - eta * g for (name, value), g in zip(theta.items(), gradients, strict=True)}, gradients

    def meta_loss(self, theta, phi, batches, layers, eta, **switches):
        """Return the target loss after the inner step: the quantity that phi is to lower."""
        ahead, _ = self.look_ahead(theta, phi, batches, layers, eta, **switches)
        return self.loss(ahead, *batches[2])
