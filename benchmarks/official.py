"""The official algorithm's work, step by step, on the transformers modules: what the package's steps are timed against.

Restated from the official code's description, not copied: full vocabulary, padded batches, a graph of the gradient
over source and target losses, a backward pass into all parameters, and the main loss computed anew (mlt.py,
step_metaxl); torch's default Adam, the whole tail computed twice. The arithmetic is right where the official code's is
not (its look-ahead changes parameters under a live graph); the cost is the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.xlm_roberta import XLMRobertaConfig, XLMRobertaModel

CLASSES = 7


@dataclass(frozen=True)
class PaddedBatch:
    """Sentences padded to the longest.

    Attributes:
        ids: (sentences, longest) vocabulary ids.
        mask: (sentences, longest) 1 for tokens, 0 for padding.
        labels: (sentences, longest) classes, -100 for tokens without a label.
    """

    ids: Tensor
    mask: Tensor
    labels: Tensor


class Rtn(nn.Module):
    """The RTN of the official code: down, ReLU, up, a gate for each token."""

    def __init__(self, hidden: int, bottleneck: int) -> None:
        """Draw Xavier-normal weights."""
        super().__init__()
        self.down, self.up = nn.Linear(hidden, bottleneck), nn.Linear(bottleneck, hidden + 1)
        for layer in (self.down, self.up):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return the change of (sentences, longest, hidden)."""
        out: Tensor = self.up(F.relu(self.down(hidden)))
        return torch.sigmoid(out[..., -1:]) * out[..., :-1]


class Official:
    """The official step functions for one encoder."""

    def __init__(self, config: XLMRobertaConfig, bottleneck: int, device: torch.device) -> None:
        """Draw random weights."""
        self.encoder = XLMRobertaModel._from_config(config, attn_implementation="eager", add_pooling_layer=False)
        self.encoder = self.encoder.to(device).train()
        self.classifier = nn.Linear(config.hidden_size, CLASSES).to(device)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)
        self.layers = self.encoder.encoder.layer
        self.theta = [*self.encoder.parameters(), *self.classifier.parameters()]
        self.optimizer = torch.optim.Adam(self.theta, lr=3e-5, weight_decay=5e-4)
        self.bottleneck, self.hidden, self.device = bottleneck, config.hidden_size, device

    def target_step(self, target: PaddedBatch) -> None:
        """Train on target sentences alone."""
        self.descend(self.loss(self.states(target)[-1], target))

    def joint_step(self, source: PaddedBatch, target: PaddedBatch) -> None:
        """Train on the mean of both losses (mlt.py, step_gold_mix)."""
        loss = self.loss(self.states(source)[-1], source) + self.loss(self.states(target)[-1], target)
        self.descend(loss / 2)

    def metaxl(self, placement: tuple[int, ...]) -> OfficialMetaXL:
        """Return MetaXL with RTNs after the layers of `placement`."""
        return OfficialMetaXL(self, placement)

    def states(self, batch: PaddedBatch) -> list[Tensor]:
        """Return the output of the embedding and of each layer, (sentences, longest, hidden)."""
        states, mask = [self.encoder.embeddings(input_ids=batch.ids)], self.mask(batch)
        for module in self.layers:
            states.append(module(states[-1], mask))
        return states

    def mask(self, batch: PaddedBatch) -> Tensor:
        """Return what is added to attention scores, (sentences, 1, 1, longest)."""
        return (1.0 - batch.mask[:, None, None, :].float()) * torch.finfo(torch.float32).min

    def loss(self, hidden: Tensor, batch: PaddedBatch) -> Tensor:
        """Return the mean cross-entropy."""
        scores = self.classifier(self.dropout(hidden))
        return F.cross_entropy(scores.flatten(0, 1), batch.labels.flatten(), ignore_index=-100)

    def descend(self, loss: Tensor, clip: bool = False) -> None:
        """Update theta."""
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        if clip:
            nn.utils.clip_grad_norm_(self.theta, 10.0)
        self.optimizer.step()


class OfficialMetaXL:
    """RTNs on an encoder, and the official step (mlt.py, step_metaxl)."""

    def __init__(self, official: Official, placement: tuple[int, ...], eta: float = 3e-5) -> None:
        """Draw random weights for the RTNs."""
        self.official, self.placement, self.eta = official, placement, eta
        self.rtns = nn.ModuleList(Rtn(official.hidden, official.bottleneck) for _ in placement).to(official.device)
        self.alpha = torch.zeros(len(placement), device=official.device, requires_grad=True)
        self.optimizer = torch.optim.Adam([*self.rtns.parameters(), self.alpha], lr=1e-6, weight_decay=5e-4)

    def step(self, source: PaddedBatch, target: PaddedBatch, meta: PaddedBatch) -> None:
        """Update phi, then theta."""
        self.hypergradient(source, target, meta)
        self.optimizer.step()
        self.official.descend(self.train_loss(source, target), clip=True)

    def hypergradient(self, source: PaddedBatch, target: PaddedBatch, meta: PaddedBatch) -> None:
        """Write the RTNs' and alpha's `grad`, and theta's, which the official code throws away."""
        theta = self.official.theta
        gradients = torch.autograd.grad(self.train_loss(source, target), theta, create_graph=True)
        saved = [value.data for value in theta]
        for value, gradient in zip(theta, gradients, strict=True):
            value.data = value.data - self.eta * gradient.detach()
        meta_gradients = torch.autograd.grad(self.official.loss(self.official.states(meta)[-1], meta), theta)
        for value, data in zip(theta, saved, strict=True):
            value.data = data
        products = [(g * v).sum() for g, v in zip(gradients, meta_gradients, strict=True)]
        self.optimizer.zero_grad()
        self.official.optimizer.zero_grad()
        torch.autograd.backward(-self.eta * torch.stack(products).sum())

    def train_loss(self, source: PaddedBatch, target: PaddedBatch) -> Tensor:
        """Return the source loss, alpha's mean over one tail an RTN, plus the target loss."""
        states, mask = self.official.states(source), self.official.mask(source)
        target_states = self.official.states(target)[-1]
        losses = []
        for layer, rtn in zip(self.placement, self.rtns, strict=True):
            hidden = rtn(states[layer].detach()) + states[layer]
            for module in self.official.layers[layer:]:
                hidden = module(hidden, mask)
            losses.append(self.official.loss(hidden, source))
        return torch.softmax(self.alpha, 0) @ torch.stack(losses) + self.official.loss(target_states, target)
