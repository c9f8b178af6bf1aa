"""A write-up without a format: headings, paragraphs, tables, excerpts and drawings, in one language.

Sections are written once (`bstinspect.writeup`) and laid out by each format (`bstinspect.reports`: HTML,
Markdown, DOCX). Texts may hold whatever was in a trace, control characters and markup included: each format
escapes what it has to. Times are nanoseconds; in drawings, since the moment that the drawing calls 0.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Code(msgspec.Struct, frozen=True):
    """Words from a program or a trace, set in a typewriter face; `whole` is the full line, for a hover."""

    text: str
    whole: str = ""


class Strong(msgspec.Struct, frozen=True):
    """Words that stand out."""

    text: str


class Link(msgspec.Struct, frozen=True):
    """Words that lead to a section, table or figure of the same document, by its `anchor`."""

    text: str
    anchor: str


Span: TypeAlias = str | Code | Strong | Link
Text: TypeAlias = tuple[Span, ...]
Tone: TypeAlias = Literal["", "good", "bad", "warn", "muted"]
"""How something is coloured; its words say the same, for those who see no colours."""


class Paragraph(msgspec.Struct, frozen=True, tag=True):
    """A paragraph."""

    text: Text


class Listing(msgspec.Struct, frozen=True, tag=True):
    """Points, one below the other."""

    points: tuple[Text, ...]
    ordered: bool = False


class Note(msgspec.Struct, frozen=True, tag=True):
    """Something that must not be overlooked: what is missing, a rule by which something was chosen."""

    text: Text
    tone: Tone = ""


class Cell(msgspec.Struct, frozen=True):
    """A cell of a table. `value` is what it is sorted by; None: by its words."""

    text: Text
    value: float | None = None
    tone: Tone = ""


class Column(msgspec.Struct, frozen=True):
    """A column: its title (with the unit), and whether it holds numbers, which stand to the right."""

    title: str
    numeric: bool = False


class Table(msgspec.Struct, frozen=True, tag=True):
    """A table with a caption; the format numbers it (Table 1 ...)."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    anchor: str = ""
    sortable: bool = True


class ExcerptLine(msgspec.Struct, frozen=True):
    """A line of a trace with a note for the margin; `number` is its line in the full trace, 0: none.

    `folded` lines stand for many that were left out: `text` says in words how many and of what.
    """

    text: str
    note: str = ""
    number: int = 0
    folded: bool = False
    whole: str = ""
    """The full line, for a hover, where `text` is cut."""


class Excerpt(msgspec.Struct, frozen=True, tag=True):
    """Some lines of the trace with notes beside them; the format numbers it (Listing 1 ...)."""

    caption: str
    lines: tuple[ExcerptLine, ...]
    rule: str = ""
    """By which rule these lines were chosen."""


class Program(msgspec.Struct, frozen=True, tag=True):
    """A program's text; the format numbers it as it does an excerpt."""

    caption: str
    text: str


class Lane(msgspec.Struct, frozen=True):
    """Who takes part in a sequence: a process."""

    title: str
    detail: str = ""
    tone: Tone = ""


class Arrow(msgspec.Struct, frozen=True):
    """A message from one lane to another (indices). `arrived` None: it was never seen to arrive."""

    sender: int
    receiver: int
    label: str
    sent: int
    arrived: int | None = None
    hover: str = ""
    tone: Tone = ""


class Mark(msgspec.Struct, frozen=True):
    """Something that happens to one lane of a sequence: a death, the end of a connection.

    The last sign of a lane, where it is `bad`, ends it with a cross: other ends should be `warn`.
    """

    lane: int
    label: str
    when: int
    hover: str = ""
    tone: Tone = "bad"


class Sequence(msgspec.Struct, frozen=True, tag=True):
    """A sequence diagram, top to bottom in time; `steps` are in that order."""

    lanes: tuple[Lane, ...]
    steps: tuple[Arrow | Mark, ...]
    axis: str = "ms"
    """Title of the column of times: milliseconds, in the document's language."""


class Twig(msgspec.Struct, frozen=True):
    """A node of a tree, with what hangs below it."""

    title: str
    detail: str = ""
    tone: Tone = ""
    """``bad``: dead; ``warn``: cannot be reached."""
    below: tuple[Twig, ...] = ()
    hand: Literal["", "left", "right"] = ""
    """In a search tree, on which side of its parent it hangs."""


class Tree(msgspec.Struct, frozen=True, tag=True):
    """One or more trees, from the top down."""

    roots: tuple[Twig, ...]


class Bar(msgspec.Struct, frozen=True):
    """A span of time on a row of a Gantt chart."""

    begin: int
    end: int
    kind: str
    """A key of the chart's `kinds`."""
    hover: str = ""


class Row(msgspec.Struct, frozen=True):
    """A row of a Gantt chart. Moments are (when, words)."""

    title: str
    bars: tuple[Bar, ...]
    moments: tuple[tuple[int, str], ...] = ()


class Gantt(msgspec.Struct, frozen=True, tag=True):
    """Who was busy when: rows over one axis of time from 0 to `length` ns; `kinds` gives each kind words."""

    axis: str
    """Title of the axis of time, with its unit, which is milliseconds or seconds as `unit_ns` says."""
    unit_ns: int
    length: int
    rows: tuple[Row, ...]
    kinds: tuple[tuple[str, str], ...]


class Point(msgspec.Struct, frozen=True):
    """A bar of a chart: its title, its length, and what is written at its end."""

    title: str
    value: float
    label: str
    hover: str = ""
    tone: Tone = ""


class Bars(msgspec.Struct, frozen=True, tag=True):
    """A chart of horizontal bars over one axis that begins at 0."""

    axis: str
    """Title of the axis of values, with its unit."""
    across: str
    """Title of the other axis: what each bar stands for."""
    points: tuple[Point, ...]


Drawing: TypeAlias = Sequence | Tree | Gantt | Bars


class Figure(msgspec.Struct, frozen=True, tag=True):
    """A drawing with its caption, numbered by the format (Figure 1 ...).

    `alternative` says in words what it shows, for those who cannot see it.
    """

    caption: str
    drawing: Drawing
    alternative: str
    anchor: str = ""


Block: TypeAlias = Paragraph | Listing | Note | Table | Excerpt | Program | Figure


class Section(msgspec.Struct, frozen=True):
    """A section: its title without a number, its blocks, and the sections inside it."""

    anchor: str
    title: str
    blocks: tuple[Block, ...] = ()
    inside: tuple[Section, ...] = ()


class TitlePage(msgspec.Struct, frozen=True):
    """The title page: lines at the top, the title, a table of who and when, a line at the bottom."""

    top: tuple[str, ...]
    title: str
    subtitle: str
    fields: tuple[tuple[str, str], ...]
    bottom: str = ""


class Document(msgspec.Struct, frozen=True):
    """A write-up: the main part, of a few pages, and appendices behind it.

    `numbered`: the formats number the sections of the main part.
    """

    language: Literal["en", "ru"]
    title_page: TitlePage
    summary: tuple[Block, ...]
    """What a reader has to know first; stands before the contents."""
    sections: tuple[Section, ...]
    appendices: tuple[Section, ...]
    trace: str = ""
    """File name of the full trace that stands beside the report; empty where there is none."""
    numbered: bool = True
    formal: bool = False
    """A title page on a page of its own, and the layout that is usual for papers to be handed in."""
