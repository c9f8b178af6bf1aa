"""The few words that formats need themselves: captions, contents, hints. Sections have their own."""

from __future__ import annotations

from typing import Final, Literal

import msgspec


class Words(msgspec.Struct, frozen=True):
    """The words of one language."""

    figure: str
    """Before a figure's number."""
    table: str
    listing: str
    contents: str
    appendix: str
    line: str
    """Title of the column of line numbers in the full trace."""
    note: str
    """Title of the column of notes in an excerpt."""
    full_trace: str
    """Before the name of the file with the full trace."""
    sort: str
    """Hint at a column that can be sorted by."""
    summary: str
    theme: str
    """Title of the switch between light and dark."""
    page: str
    point: str
    """What stands before decimals."""
    skip: str
    """Link that leads past what stands before the text, for those who use a keyboard."""


WORDS: Final[dict[Literal["en", "ru"], Words]] = {
    "en": Words(
        figure="Figure",
        table="Table",
        listing="Listing",
        contents="Contents",
        appendix="Appendix",
        line="Line",
        note="Note",
        full_trace="The full trace",
        sort="Sort by this column",
        summary="In short",
        theme="Light or dark",
        page="Page",
        point=".",
        skip="To the text",
    ),
    "ru": Words(
        figure="Рисунок",
        table="Таблица",
        listing="Листинг",
        contents="Содержание",
        appendix="Приложение",
        line="№",
        note="Пояснение",
        full_trace="Полная трасса",
        sort="Сортировать по этому столбцу",
        summary="Кратко",
        theme="Светлая или тёмная тема",
        page="Страница",
        point=",",
        skip="К тексту",
    ),
}
