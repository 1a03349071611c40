"""A product is the same by every kernel: of plain size or large enough for oneDNN, with or without something added."""

import pytest
import torch

from metaxl.method import products
from metaxl.method.products import ONEDNN_ELEMENTS, Mode

# Rows, inner, columns: either side of where oneDNN takes over.
SIZES = [(5, 16, 24), (33, 512, ONEDNN_ELEMENTS // 512)]


@pytest.fixture(params=SIZES, ids=str)
def factors(request):
    """a, b, a row and a matrix to add."""
    generator = torch.Generator().manual_seed(0)
    rows, inner, columns = request.param
    return [
        torch.randn(size, generator=generator) for size in ((rows, inner), (inner, columns), columns, (rows, columns))
    ]


@pytest.mark.parametrize("transposed", [False, True])
def test_products_equal_float64(factors, transposed):
    a, b, row, onto = factors
    if transposed:
        b = b.t().contiguous().t()
    mode = Mode(training=True)
    exact = a.double() @ b.double()
    for got, added in (
        (mode.product(a, b), 0),
        (mode.product(a, b, torch.empty_like(onto)), 0),
        (mode.product_onto(row, a, b), row),
        (mode.product_onto(onto, a, b), onto),
        (mode.add_product(onto.clone(), a, b), onto),
    ):
        torch.testing.assert_close(got.double(), exact + added, rtol=1e-5, atol=1e-4)


def test_products_of_rounded_factors_are_rounded(factors):
    a, b, row, onto = factors
    mode = Mode(training=True, rounding=torch.bfloat16)
    rounded = (a.bfloat16() @ b.bfloat16()).float()
    assert torch.equal(mode.product(a, b), rounded)
    assert torch.equal(mode.product(a, b, torch.empty_like(onto)), rounded)
    assert torch.equal(mode.product_onto(row, a, b, 0.5), row + 0.5 * rounded)
    assert torch.equal(mode.add_product(onto.clone(), a, b), onto + rounded)


def test_products_of_batches(factors):
    a, b = (factor.expand(2, *factor.shape) for factor in factors[:2])
    onto = factors[3].expand(2, -1, -1)
    mode, exact = Mode(training=True), a.double() @ b.double()
    for got, expected in (
        (mode.product(a, b), exact),
        (mode.product_onto(onto, a, b, 0.5), onto + 0.5 * exact),
        (mode.add_product(onto.clone(), a, b), onto + exact),
    ):
        torch.testing.assert_close(got.double(), expected, rtol=1e-5, atol=1e-4)


@pytest.mark.skipif(not products.ONEDNN, reason="this torch has no oneDNN")
def test_large_float32_matrices_alone_go_to_onednn(monkeypatch):
    """Else nothing here would test oneDNN."""
    seen = []
    monkeypatch.setattr(products, "_by_onednn", lambda a, b, onto=None: seen.append(b.dtype) or a @ b)
    small, large = (torch.ones(rows, columns) for _, rows, columns in SIZES)
    for b in (small, large, large.double()):
        Mode(training=True).product(torch.ones(2, len(b), dtype=b.dtype), b)
    assert seen == [torch.float32]
