"""Our Adam is torch.optim.Adam: the same parameters after every step, L2 included."""

import torch

from metaxl.method.adam import Adam


def test_equals_torch_over_steps_with_a_changing_rate():
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    theirs = [value.clone().requires_grad_() for value in ours]
    optimizer, reference = Adam(ours, decay=0.1), torch.optim.Adam(theirs, weight_decay=0.1)
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
    optimizer, reference = Adam(ours, decay=0.1), torch.optim.Adam(theirs, lr=0.01, weight_decay=0.1)
    for _ in range(3):
        gradients = [torch.randn(value.shape, generator=generator) for value in ours]
        for value, gradient in zip(theirs, gradients, strict=True):
            value.grad = gradient.clone()
        norm = torch.nn.utils.clip_grad_norm_(theirs, 0.5)
        reference.step()
        optimizer.step(0.01, gradients, norm / 0.5)
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b.detach())


def moved(form, reference, steps=4, **options):
    """Return the same parameters after a few steps of ours and of torch's optimiser."""
    generator = torch.Generator().manual_seed(0)
    ours = [torch.randn(4, 3, generator=generator), torch.randn(5, generator=generator)]
    theirs = [value.clone().requires_grad_() for value in ours]
    optimizer, reference = Adam(ours, 0.1, form, **options), reference(theirs)
    for _ in range(steps):
        gradients = [torch.randn(value.shape, generator=generator) for value in ours]
        for value, gradient in zip(theirs, gradients, strict=True):
            value.grad = gradient.clone()
        reference.step()
        optimizer.step(0.01, gradients)
    return ours, [value.detach() for value in theirs]


def test_decoupled_decay_is_adamw():
    for one, other in zip(*moved("decoupled", lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)), strict=True):
        torch.testing.assert_close(one, other)


def test_each_parameter_has_its_factor_of_the_rate():
    def groups(parameters):
        rates = zip(parameters, (0.01, 0.05), strict=True)
        return torch.optim.Adam([{"params": [p], "lr": rate} for p, rate in rates], weight_decay=0.1)

    for one, other in zip(*moved("adam-l2", groups, factors=[1.0, 5.0]), strict=True):
        torch.testing.assert_close(one, other)


def test_decay_to_the_start_leaves_what_never_moved_where_it_is():
    """And it pulls back what has moved: without a gradient the distance from the start shrinks by rate * decay."""
    start = torch.tensor([1.0, -2.0])
    value = start.clone()
    optimizer = Adam([value], 0.5, "decoupled-to-start")
    optimizer.step(0.1, [torch.zeros(2)])
    assert torch.equal(value, start)
    value += torch.tensor([4.0, 4.0])
    optimizer.step(0.1, [torch.zeros(2)])
    torch.testing.assert_close(value - start, torch.tensor([4.0, 4.0]) * (1 - 0.1 * 0.5))


def test_touched_decay_is_l2_where_there_is_a_gradient_and_nothing_elsewhere():
    """A row of an embedding that no token reads keeps its numbers; L2 inside Adam would shrink it at the full rate."""
    values = {form: torch.ones(3, 2) for form in ("adam-l2", "touched")}
    for form, value in values.items():
        optimizer = Adam([value], 0.1, form)
        for _ in range(3):
            gradient = torch.tensor([[0.3, 0.3], [0.0, 0.0], [0.3, 0.3]])
            optimizer.step(0.01, [gradient], torch.tensor(2.0))
    torch.testing.assert_close(values["touched"][[0, 2]], values["adam-l2"][[0, 2]])
    assert torch.equal(values["touched"][1], torch.ones(2))
    assert (values["adam-l2"][1] < 0.98).all()
