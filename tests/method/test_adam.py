"""Our Adam is torch.optim.Adam: the same parameters after every step, L2 included."""

import torch

from metaxl.method.adam import Adam


def test_equals_torch_over_steps_with_a_changing_rate():
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    theirs = [value.clone().requires_grad_() for value in ours]
    optimizer, reference = Adam(ours, l2=0.1), torch.optim.Adam(theirs, weight_decay=0.1)
    for step in range(5):
        gradients = [torch.randn(value.shape, generator=generator) for value in ours]
        rate = reference.param_groups[0]["lr"] = 0.01 * (step + 1)
        for value, gradient in zip(theirs, gradients, strict=True):
            value.grad = gradient
        reference.step()
        optimizer.step(rate, gradients)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b.detach())


def test_a_divisor_is_a_clip():
    """Dividing by norm / limit within the kernel equals clipping the gradients first."""
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    theirs = [value.clone().requires_grad_() for value in ours]
    optimizer, reference = Adam(ours, l2=0.1), torch.optim.Adam(theirs, lr=0.01, weight_decay=0.1)
    for _ in range(3):
        gradients = [torch.randn(value.shape, generator=generator) for value in ours]
        for value, gradient in zip(theirs, gradients, strict=True):
            value.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(theirs, 0.5)
        reference.step()
        optimizer.step(0.01, gradients, norm / 0.5)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b.detach())
