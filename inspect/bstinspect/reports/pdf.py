"""A write-up as a PDF: the page that `html` makes, on A4 by weasyprint, which never fetches anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from bstinspect.errors import InspectError
from bstinspect.reports.drawing import PRINT
from bstinspect.reports.html import write_html
from bstinspect.reports.visible import one_line

if TYPE_CHECKING:
    from bstinspect.writeup.document import Document

_PACKAGES: Final = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
"""Debian's packages with the libraries that weasyprint loads."""


class PdfError(InspectError):
    """A PDF cannot be made here."""


def write_pdf(document: Document) -> bytes:
    """Return the document as a PDF with an outline, its title and its language. Raises PdfError."""
    weasyprint = _weasyprint()
    page = weasyprint.HTML(string=write_html(document, PRINT), url_fetcher=_Refusal(), media_type="print")
    laid_out = page.render()
    laid_out.metadata.title = one_line(document.title_page.title)
    laid_out.metadata.generator = "bstrace"
    return cast("bytes", laid_out.write_pdf(custom_metadata=False, pdf_tags=True))


def ensure_possible() -> None:
    """Raise PdfError where a PDF cannot be made."""
    _weasyprint()


def _weasyprint() -> Any:
    """Return the library, whose import loads Pango: not before it is needed."""
    try:
        import weasyprint
    except OSError as error:
        raise PdfError(
            f"no PDF without Pango and HarfBuzz, install them first (Debian: apt-get install {_PACKAGES})"
        ) from error
    return weasyprint


class _Refusal:
    """Fetches nothing: weasyprint goes on without what is missing."""

    _fail_on_errors = False  # weasyprint asks a fetcher for it since 68.0

    def __call__(self, url: str, *_: object, **__: object) -> None:
        raise ValueError(f"a report loads nothing: {url[:80]}")
