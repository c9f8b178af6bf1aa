"""The page of an exploration in a browser that is there already: what it does, on a page that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .chromium import Chromium

_SHOWN: Final = "[...document.querySelectorAll('.matrix tbody tr')].filter((row) => row.offsetParent).length"
_MARKS: Final = """
[...document.querySelectorAll('.matrix tbody tr')].filter((row) => row.offsetParent)
  .map((row) => row.cells[2].innerText.replace(/\\s/g, ''))
"""
_TOLD: Final = "document.getElementById('filter-count').textContent"
_LAID_OUT: Final = """
document.querySelectorAll(".block > .scroll")
  .forEach((each) => { each.style.contentVisibility = "visible" }), 0
"""
"""What is off the screen is not laid out, and has no text to read (content-visibility: auto)."""
_COPIED: Final = """
new Promise((done) => {
  const button = document.querySelector("[data-of=failure-1-command]");
  const look = () => (button.textContent === "Copy" ? setTimeout(look, 5) : done(button.textContent));
  look();
})
"""


def filtering(browser: Chromium) -> None:
    """Points can be chosen by process, event and fault, and those that fail; a link leads to any."""
    browser.evaluate(_LAID_OUT)
    assert browser.evaluate(_SHOWN) == 100
    assert browser.evaluate(_TOLD) == "100 of 100 points"
    _choose(browser, "process", "30.1")
    assert 0 < browser.evaluate(_SHOWN) < 50
    _choose(browser, "event", "bind")
    assert browser.evaluate(_SHOWN) == 1
    _choose(browser, "process", "all")
    assert browser.evaluate(_SHOWN) == 4
    _choose(browser, "event", "all")
    browser.evaluate("document.getElementById('filter-wrong').click()")
    assert browser.evaluate(_TOLD) == "5 of 100 points"
    found = browser.evaluate(_MARKS)
    assert found == ["≈!", "✗✓", "✗✓", "✗✓", "✓!"], found
    _choose(browser, "fault", "stop:200ms")
    assert browser.evaluate(_MARKS) == ["!", "!"]
    _choose(browser, "fault", "kill")
    assert browser.evaluate(_MARKS) == ["✗"] * 3
    browser.evaluate("location.hash = document.querySelector('#failure-3 ~ details a').hash, 0")
    browser.evaluate("new Promise((done) => setTimeout(done, 0)).then(() => 0)")
    assert browser.evaluate(_SHOWN) == 100
    assert browser.evaluate("document.querySelector('.matrix tr:target').offsetParent !== null")


def copying(browser: Chromium) -> None:
    """What is to be pasted is copied, or selected where copying is not allowed."""
    browser.evaluate("document.querySelector('[data-of=failure-1-command]').scrollIntoView()")
    browser.click("[data-of=failure-1-command]")
    if browser.evaluate(_COPIED) == "Selected":
        selected: str = browser.evaluate("getSelection().toString()")
        assert selected.startswith("bstrace faults run --script")
    browser.evaluate("scrollTo(0, 0)")


def printing(browser: Chromium) -> None:
    """On paper there is all but what can be clicked."""
    browser.media("print")
    for each in "#filter", "button.copy", "#theme":
        assert not browser.evaluate(f"document.querySelector('{each}').checkVisibility()")
    assert browser.evaluate(_SHOWN) == 100
    browser.media()


def nothing_broke_out(browser: Chromium) -> None:
    """No element and no attribute is there but the page's own."""
    assert browser.evaluate("document.querySelectorAll('img, iframe, object, embed').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    known = (
        "aria-describedby aria-label aria-labelledby aria-live aria-sort charset class colspan content "
        "data-block data-e data-of data-value data-w hidden href http-equiv id lang name open rel role scope "
        "tabindex title type value"
    )
    names = (
        "[...document.querySelectorAll('html, html *:not(svg, svg *)')].flatMap((e) => e.getAttributeNames())"
    )
    assert set(browser.evaluate(names)) <= set(known.split())


def _choose(browser: Chromium, what: str, words: str) -> None:
    browser.evaluate(
        f"(() => {{ const all = document.getElementById('filter-{what}');"
        f"all.value = [...all.options].find((each) => each.text === '{words}').value;"
        "all.dispatchEvent(new Event('change')) })()"
    )
