"""A linear map is the same by every kernel, large enough for oneDNN or not, and so are its derivatives."""

import pytest
import torch

from metaxl.encoder import product
from metaxl.encoder.product import ONEDNN_ELEMENTS, linear_map

# Rows, inner, outer: either side of where oneDNN takes over.
SIZES = [(5, 16, 24), (33, 512, ONEDNN_ELEMENTS // 512)]


@pytest.fixture(params=SIZES, ids=str)
def factors(request):
    """x, a weight and a bias."""
    generator = torch.Generator().manual_seed(0)
    rows, inner, outer = request.param
    return [torch.randn(size, generator=generator) for size in ((rows, inner), (outer, inner), outer)]


@pytest.mark.parametrize("transposed", [False, True])
def test_linear_maps_equal_float64(factors, transposed):
    x, weight, bias = factors
    if transposed:
        weight = weight.t().contiguous().t()
    exact = x.double() @ weight.double().t()
    for got, added in ((linear_map(x, weight, None), 0), (linear_map(x, weight, bias), bias)):
        torch.testing.assert_close(got.double(), exact + added, rtol=1e-5, atol=1e-4)


def test_first_and_second_derivatives_are_autograds():
    """In x and in the bias; the second derivative passes through the first one's own linear map."""
    generator = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(size, generator=generator, dtype=torch.float64) for size in ((4, 3), (5, 3), 5))
    x.requires_grad_()
    bias.requires_grad_()

    def map_it(x, bias):
        return linear_map(x, weight, bias).tanh()

    assert torch.autograd.gradcheck(map_it, (x, bias))
    assert torch.autograd.gradgradcheck(map_it, (x, bias))


@pytest.mark.skipif(product.ONEDNN is None, reason="this torch has no oneDNN")
def test_large_float32_matrices_alone_go_to_onednn(monkeypatch):
    """Else nothing here would test oneDNN."""
    seen = []
    monkeypatch.setattr(product, "ONEDNN", lambda x, weight, bias: seen.append(weight.dtype) or x @ weight.t())
    small, large = (torch.ones(outer, inner) for _, inner, outer in SIZES)
    for weight in (small, large, large.double()):
        linear_map(torch.ones(2, weight.shape[1], dtype=weight.dtype), weight, None)
    assert seen == [torch.float32]


def test_a_torch_whose_operator_fails_or_differs_is_served_without_it(monkeypatch):
    """The operator has no public name, so that its signature and its meaning may change."""

    def unknown(*_):
        raise RuntimeError("no such operator")

    for operator in (unknown, lambda x, weight, bias, *_: x @ weight.t()):
        monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", operator, raising=False)
        assert product._find_onednn() is None
