"""Matrix products: in which precision, and by which kernel."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

# Torch's products of float32 matrices go to MKL. At XLM-R's sizes oneDNN takes 10 to 35 % less time for the 60 to 260
# rows of a batch of short sentences, and no more for thousands. It wants half a millisecond for each new shape, which
# small matrices do not repay. (torch.compile emits this operator for a linear map; torch has no public name for it.)
ONEDNN_ELEMENTS = 2**18
ONEDNN = hasattr(torch.ops.mkldnn, "_linear_pointwise")


@dataclass(frozen=True, slots=True)
class Mode:
    """How a batch is computed.

    Attributes:
        training: draw dropout masks.
        rounding: to what the factors and results of matrix products are rounded; None leaves them as they are. All
            else, and what the results are added to, keeps the parameters' precision.
        moved_rows: how many rows of another batch will meet the gradients of this one's weights, as a direction; 0
            where the gradients are wanted as matrices.
    """

    training: bool
    rounding: torch.dtype | None = None
    moved_rows: int = 0

    def product(self, a: Tensor, b: Tensor, out: Tensor | None = None) -> Tensor:
        """Return a b, of matrices or of batches of them, in `out` if given."""
        if self.rounding is not None:
            return self._rounded(a, b) if out is None else out.copy_(self._rounded(a, b))
        return _by_onednn(a, b) if out is None and _suits_onednn(b) else torch.matmul(a, b, out=out)

    def product_onto(self, onto: Tensor, a: Tensor, b: Tensor, scale: float = 1.0) -> Tensor:
        """Return onto + scale a b."""
        if self.rounding is not None:
            return torch.add(onto, self._rounded(a, b), alpha=scale)
        if scale == 1 and _suits_onednn(b):
            return _by_onednn(a, b, onto)
        return (torch.addmm if a.dim() == 2 else torch.baddbmm)(onto, a, b, alpha=scale)

    def add_product(self, onto: Tensor, a: Tensor, b: Tensor) -> Tensor:
        """Return onto + a b; `onto` may be used up."""
        if self.rounding is not None:
            return onto.add_(self._rounded(a, b))
        if _suits_onednn(b):
            return _by_onednn(a, b, onto)
        return onto.addmm_(a, b) if a.dim() == 2 else onto.baddbmm_(a, b)

    def _rounded(self, a: Tensor, b: Tensor) -> Tensor:
        return (a.to(self.rounding) @ b.to(self.rounding)).to(a.dtype)


def _suits_onednn(b: Tensor) -> bool:
    large = b.dim() == 2 and b.numel() >= ONEDNN_ELEMENTS
    return ONEDNN and large and b.dtype == torch.float32 and b.device.type == "cpu"


def _by_onednn(a: Tensor, b: Tensor, onto: Tensor | None = None) -> Tensor:
    """Return a b, plus `onto`, (columns,) or (rows, columns), if given."""
    if onto is None or onto.dim() == 1:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(a, b.t(), onto, "none", [], "")
        return product
    total: Tensor = torch.ops.mkldnn._linear_pointwise.binary(a, onto, b.t(), None, "add")
    return total
