"""Pieces of a page: prose, tables and pictures as HTML that needs nothing from outside."""

from __future__ import annotations

import re
from base64 import b64encode
from html import escape
from pathlib import Path

import pandas as pd
from markdown_it import MarkdownIt

# Where a table is wider than the page, it scrolls by itself; who uses the keyboard can reach it.
WIDE = '{told}<div class="wide" tabindex="0" role="region" aria-label="{name}">\n{html}\n</div>\n'
LOWEST = 6  # level of a heading


def prose(markdown: str, below: int = 1) -> str:
    """Return Markdown, with GitHub's tables, as HTML; what looks like a tag stays text.

    Args:
        markdown: the text.
        below: how many levels the headings go down: a page has one heading of the first level, its own.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + below, LOWEST)}"
    html = str(parser.renderer.render(tokens, parser.options, {}))
    return re.sub(r"<table>.*?</table>", lambda found: wide(found[0]), html, flags=re.DOTALL)


def wide(html: str, caption: str = "", name: str = "Table") -> str:
    """Return a table or picture within what scrolls where the page is narrower; its caption, plain text, does not."""
    told = paragraph(caption, "caption") if caption else ""
    return WIDE.format(told=told, name=escape(caption or name), html=html.strip())


def table(frame: pd.DataFrame, caption: str, kind: str = "numbers") -> str:
    """Return a frame as a table; its columns may have several levels.

    Args:
        frame: of text, which is escaped; its index is not shown.
        caption: above it, plain text.
        kind: "numbers", aligned to the right but for the first column, or "words".
    """
    style = frame.style.hide(axis="index").format(escape="html").format_index(escape="html", axis=1)
    html = style.to_html(exclude_styles=True)
    html = re.sub(r"<th ?>", '<th scope="col">', html)
    return wide(html.replace("<table>", f'<table class="{kind}">', 1), caption)


def picture(path: Path, alt: str) -> str:
    """Return a PNG within the page itself, with what it shows in words."""
    data = b64encode(path.read_bytes()).decode("ascii")
    return wide(f'<img alt="{escape(alt)}" src="data:image/png;base64,{data}">', name="Picture")


def paragraph(text: str, kind: str = "") -> str:
    """Return plain text as a paragraph, of a kind that the style knows."""
    attribute = f' class="{kind}"' if kind else ""
    return f"<p{attribute}>{escape(text)}</p>\n"


def items(texts: list[str]) -> str:
    """Return plain texts as a list."""
    return "<ul>\n" + "".join(f"<li>{escape(text)}</li>\n" for text in texts) + "</ul>\n"


def heading(text: str) -> str:
    """Return a heading below a page's own."""
    return f"<h2>{escape(text)}</h2>\n"


def folded(summary: str, html: str) -> str:
    """Return HTML that is shown when its summary is clicked."""
    return f"<details>\n<summary>{escape(summary)}</summary>\n{html}</details>\n"
