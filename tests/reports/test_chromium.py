"""The page in a real browser: what it says, what it does, what it keeps from doing. One start serves all."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

import pytest

from bstinspect.reports.drawing.measure import width
from bstinspect.reports.exploration.html import write_html as write_exploration
from bstinspect.reports.html import write_html
from bstinspect.reports.visible import visible

from . import exploration_page
from .chromium import Chromium, installed
from .explored import explored
from .explored import hostile as hostile_exploration
from .sample import HOSTILE, NASTY, hostile_document, sample_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM: Final = installed()
CONTRASTS: Final = """
(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
  const solid = (text) => { const found = parse(text); return found.length < 4 || found[3] > 0; };
  const light = (text) => {
    const [r, g, b] = parse(text).map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const painted = "rect, polygon";
  const ground = (element, x, y) => {
    for (const each of document.elementsFromPoint(x, y)) {
      if (each === element || element.contains(each)) continue;
      const style = getComputedStyle(each);
      if (each.matches(painted) && element.closest("svg") && style.fill !== "none") return style.fill;
      if (each.matches("text, tspan, line, polyline")) continue;
      if (!(each instanceof SVGElement) && solid(style.backgroundColor)) return style.backgroundColor;
    }
    return getComputedStyle(document.body).backgroundColor;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor = [];
  let seen = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.closest("script, style, title, .alternative, .skip, [hidden]")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getClientRects()[0];
    if (!box || !box.width) continue;
    const style = getComputedStyle(element);
    const ink = element.matches("svg text") ? style.fill : style.color;
    const own = !(element instanceof SVGElement) && solid(style.backgroundColor) && style.backgroundColor;
    const paper = own || ground(element, box.x + box.width / 2, box.y + box.height / 2);
    const [one, other] = [light(ink), light(paper)].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    seen += 1;
    if (contrast < 4.5) poor.push([node.data.slice(0, 40), ink, paper, contrast]);
  }
  return { seen, poor };
})()
"""
HEADINGS: Final = "[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map((each) => Number(each.tagName[1]))"
NAMELESS: Final = """
[...document.querySelectorAll("img, svg")].filter((each) => {
  const words = (each.getAttribute("aria-labelledby") ?? "").split(" ")
    .map((name) => document.getElementById(name)?.textContent.trim());
  return !words.length || !words.every(Boolean);
}).map((each) => each.outerHTML.slice(0, 80))
"""
OUTSIDE: Final = """
[...document.querySelectorAll("svg")].flatMap((svg) => {
  const whole = svg.viewBox.baseVal;
  const texts = [...svg.querySelectorAll("text")].map((text) => [text.textContent, text.getBBox()]);
  const cut = texts.filter(([, box]) => box.x < 0 || box.y < 0 || box.x + box.width > whole.width
    || box.y + box.height > whole.height);
  const over = texts.filter(([, one], index) => texts.slice(index + 1).some(([, other]) =>
    one.x < other.x + other.width && other.x < one.x + one.width
    && one.y + 2 < other.y + other.height - 2 && other.y + 2 < one.y + one.height - 2));
  return [...cut.map(([words]) => `cut: ${words}`), ...over.map(([words]) => `over another: ${words}`)];
})
"""


@pytest.mark.skipif(PROGRAM is None, reason="no Chromium: on Debian, apt install chromium")
def test_pages_in_a_browser(tmp_path: Path) -> None:
    """Both languages, both themes, a telephone, paper, and names that try to break out."""
    assert PROGRAM is not None
    with Chromium(PROGRAM, tmp_path / "profile") as browser:

        def check(name: str, page: str, checks: tuple[Callable[[Chromium], None], ...]) -> None:
            path = tmp_path / f"{name}.html"
            path.write_text(page, encoding="utf-8")
            browser.media()
            browser.window(1000, 9000)
            browser.open(path)
            for each in checks:
                each(browser)
            assert browser.noise() == [], name

        _widths(browser)
        for language in ("en", "ru"):
            page = write_html(sample_document(language))
            check(
                language, page, (_words, _structure, _drawings, _themes, _phone, _sorting, _tooltip, _paper)
            )
        check("hostile", write_html(hostile_document(HOSTILE)), (_structure, _drawings, _nothing_broke_out))
        check("nasty", write_html(hostile_document(NASTY, "ru")), (_structure, _drawings, _nothing_broke_out))
        check(
            "exploration",
            write_exploration(explored(100)),
            (_structure, _drawings, _themes, _phone, exploration_page.copying, exploration_page.printing,
             exploration_page.filtering),
        )  # fmt: skip
        check(
            "hostile exploration",
            write_exploration(hostile_exploration(NASTY)),
            (_structure, _drawings, exploration_page.nothing_broke_out),
        )


def _widths(browser: Chromium) -> None:
    """Texts are measured as at least as wide as the widest of the usual fonts has them."""
    pen = "pen = document.createElement('canvas').getContext('2d')"
    for text in ("exec 4 +x 12", "WINDOW 0123456789", "недоступен для узла", "ОШИБКА ЩЖМ", "/usr/lib/x86_64"):
        for weight in ("normal", "bold"):
            browser.evaluate(f"{pen}, pen.font = '{weight} 100px DejaVu Sans'")
            real: float = browser.evaluate(f"pen.measureText('{text}').width")
            assert width(text, 100, bold=weight == "bold") >= real * 0.98, text


def _words(browser: Chromium) -> None:
    shown: str = browser.evaluate("document.body.textContent")
    assert visible(NASTY) in shown
    assert browser.evaluate("document.querySelectorAll('svg text').length") > 50


def _structure(browser: Chromium) -> None:
    levels: list[int] = browser.evaluate(HEADINGS)
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert browser.evaluate(NAMELESS) == []
    doubled = "(ids => ids.length - new Set(ids).size)([...document.querySelectorAll('[id]')].map(e => e.id))"
    assert browser.evaluate(doubled) == 0
    broken = "[...document.querySelectorAll('a[href^=\"#\"]')].filter((a) => !document.querySelector(a.hash))"
    assert browser.evaluate(f"{broken}.length") == 0


def _drawings(browser: Chromium) -> None:
    assert browser.evaluate(OUTSIDE) == []


def _themes(browser: Chromium) -> None:
    grounds = set()
    for scheme in ("light", "dark"):
        browser.media(scheme=scheme)
        _assert_contrast(browser)
        grounds.add(_ground(browser))
    browser.media(scheme="light")
    browser.click("#theme")
    assert browser.evaluate("document.documentElement.dataset.theme") == "dark"
    _assert_contrast(browser)
    assert _ground(browser) in grounds
    browser.click("#theme")
    assert browser.evaluate("document.documentElement.dataset.theme") == "light"
    browser.media(scheme="dark")
    grounds.discard(_ground(browser))
    assert len(grounds) == 1, "the switch is stronger than the system's wish"
    browser.media()


def _assert_contrast(browser: Chromium) -> None:
    found = browser.evaluate(CONTRASTS)
    assert found["seen"] > 200
    assert found["poor"] == []


def _ground(browser: Chromium) -> Any:
    return browser.evaluate("getComputedStyle(document.body).backgroundColor")


def _phone(browser: Chromium) -> None:
    browser.window(360, 9000)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    browser.window(1000, 9000)


def _sorting(browser: Chromium) -> None:
    column = "[...document.querySelectorAll('#requirements tbody tr')].map((row) => row.cells[2].textContent)"
    head = "#requirements th:nth-child(3)"
    state = f"document.querySelector('{head}').ariaSort"
    assert browser.evaluate(column) == ["1 204", "98", "31 007"]
    browser.click(f"{head} button")
    assert browser.evaluate(column) == ["98", "1 204", "31 007"]
    assert browser.evaluate(state) == "ascending"
    browser.evaluate(f"document.querySelector('{head} button').focus()")
    browser.press_enter()
    assert browser.evaluate(column) == ["31 007", "1 204", "98"]
    assert browser.evaluate(state) == "descending"
    browser.click("#requirements th:nth-child(1) button")
    names = browser.evaluate(
        "[...document.querySelectorAll('#requirements tbody th')].map((e) => e.textContent)"
    )
    assert names == sorted(names)
    assert browser.evaluate(state) == "none"


def _tooltip(browser: Chromium) -> None:
    code = "document.querySelector('#requirements code.whole')"
    tip = "document.getElementById('tip')"
    browser.evaluate(f"{code}.focus()")
    assert browser.evaluate(f"{tip}.checkVisibility() && {tip}.textContent === {code}.title")
    browser.evaluate(f"{code}.blur()")
    assert browser.evaluate(f"{tip}.hidden")


def _paper(browser: Chromium) -> None:
    browser.evaluate("document.documentElement.dataset.theme = 'dark'")
    browser.media("print", "dark")
    assert _ground(browser) == "rgb(255, 255, 255)"
    assert not browser.evaluate("document.getElementById('theme').checkVisibility()")
    printed = browser.pdf()
    browser.media()
    assert printed.startswith(b"%PDF-")
    assert 5 <= printed.count(b"/Type /Page\n") <= 10


def _nothing_broke_out(browser: Chromium) -> None:
    assert browser.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    known = (
        "aria-labelledby aria-sort class charset content data-value href hidden http-equiv id lang name rel "
        "role scope tabindex title type"
    )
    names = (
        "[...document.querySelectorAll('html, html *:not(svg, svg *)')].flatMap((e) => e.getAttributeNames())"
    )
    assert set(browser.evaluate(names)) <= set(known.split())
    addresses = "[...document.querySelectorAll('a')].map((a) => a.getAttribute('href'))"
    assert all(address.startswith(("#", "./")) for address in browser.evaluate(addresses))
