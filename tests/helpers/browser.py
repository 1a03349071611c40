"""A headless Chromium, and what must hold of every page in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NEEDED = "no Chromium is installed (Debian: apt install chromium), or playwright is not; the report is not looked at"

# Pairs of texts that meet, and texts that are cut: beyond the page, but for those in what scrolls by itself.
FAULTS = """() => {
  const boxes = [], faults = [], width = document.documentElement.clientWidth;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const unseen = "style, script, title, details:not([open]) > :not(summary)";
    if (!node.textContent.trim() || node.parentElement.closest(unseen)) continue;
    const scrolls = node.parentElement.closest(".wide, pre");
    const clip = scrolls ? scrolls.getBoundingClientRect() : {left: -1, right: width + 1};
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      if (!scrolls && (box.left < -1 || box.right > width + 1)) faults.push("cut: " + node.textContent.trim());
      if (box.right > clip.left && box.left < clip.right) boxes.push([box, node]);
    }
  }
  boxes.sort((one, other) => one[0].top - other[0].top);
  for (let i = 0; i < boxes.length; i++) {
    const [one, node] = boxes[i];
    for (let j = i + 1; j < boxes.length && boxes[j][0].top < one.bottom; j++) {
      const [other, next] = boxes[j];
      const across = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const down = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (node !== next && across > 2 && down > 0.4 * Math.min(one.height, other.height))
        faults.push("meet: " + node.textContent.trim() + " | " + next.textContent.trim());
    }
  }
  if (document.documentElement.scrollWidth > innerWidth) faults.push("wider than the window");
  for (const image of document.querySelectorAll(".page img"))
    if (!image.alt || !image.naturalWidth) faults.push("picture: " + image.alt);
  return faults;
}"""
# The contrast of a text with what is behind it must be 4.5 to 1 (WCAG AA).
PALE = """() => {
  const light = (colour) => {
    const linear = (x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = colour.match(/[\\d.]+/g).map((x) => linear(x / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(18, 18, 18)" : "rgb(255, 255, 255)";
  };
  return [...document.querySelectorAll(".page *")]
    .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
    .filter((element) => !element.closest("style"))
    .map((element) => [element.textContent.trim(), light(getComputedStyle(element).color), light(behind(element))])
    .filter(([, one, other]) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05) < 4.5)
    .map(([text]) => text);
}"""


@contextmanager
def window(width: int, scheme: str) -> Iterator[tuple[object, list[str]]]:
    """Yield a page of a new browser, and a list that grows with all that it downloads or asks the network for.

    Args:
        width: in pixels.
        scheme: "light" or "dark".
    """
    api = pytest.importorskip("playwright.sync_api", reason=NEEDED)
    if CHROMIUM is None:
        pytest.skip(NEEDED)
    with api.sync_playwright() as play:
        options = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium refuses its sandbox to root
        browser = play.chromium.launch(executable_path=CHROMIUM, args=options)
        page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
        left: list[str] = []
        page.on("download", lambda one: left.append(f"download {one.suggested_filename}"))
        page.on("request", lambda one: one.url.startswith(("file:", "data:", "blob:")) or left.append(one.url))
        yield page, left
        browser.close()
