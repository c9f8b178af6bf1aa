"""What every HTML page of ours is made with: templates that escape, and a policy that lets nothing else run.

The page's policy allows its own style and script by their hashes, and data: images (Content Security Policy
Level 3, sections 2.3.1 and 6.7.3). Every text goes through `visible` and jinja2's escaping.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from bstinspect.reports.visible import one_line, visible

_PAGES: Final = Path(__file__).with_name("pages")


def environment() -> Environment:
    """Return a new environment for the templates in ``pages``."""
    made = Environment(
        loader=FileSystemLoader(_PAGES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters["one_line"] = one_line
    return made


@cache
def asset(name: str) -> Markup:
    """Return one of our own files in ``pages``, to be put into a page as it is."""
    return Markup((_PAGES / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


def policy(style: str, script: str) -> str:
    """Return the Content Security Policy of a page with this style and this script, and nothing else."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _shown(value: Any) -> Any:
    """Make fit what a template puts out; it is escaped after this."""
    return visible(value) if type(value) is str else value


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
