"""A write-up as DOCX, with real headings, captions, contents and tables; in Russian in the layout of GOST."""

from bstinspect.reports.word.writer import write_docx

__all__ = ["write_docx"]
