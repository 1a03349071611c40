"""What must hold of every picture: no two texts meet, and none is cut."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from metaxl.reporting.drawing import FONT

SLACK = 2  # pixels below the foot, where a last line's descenders may end


def check_legible(figure: Figure) -> list[str]:
    """Raise where two texts of a figure meet or one is cut; return the texts."""
    with mpl.rc_context(FONT):
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        hidden = _outside(figure)
        texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts if text not in hidden]
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.x1 <= figure.bbox.width, text
        assert box.y0 >= -SLACK, text
        assert box.y1 <= figure.bbox.height, text
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.padded(-0.5).overlaps(second.padded(-0.5)), (one, other)
    return [text for text, _ in boxes]


def _outside(figure: Figure) -> set[Text]:
    """Return the labels of ticks beyond the ends of an axis, which are not drawn."""
    found = set()
    for ax in figure.axes:
        for axis, ends in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not min(ends) <= tick.get_loc() <= max(ends):
                    found |= {tick.label1, tick.label2}
    return found
