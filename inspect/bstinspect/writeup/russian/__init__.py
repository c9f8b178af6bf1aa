"""The Russian sentences, by the English ones; and the nouns that are counted: one, few, many.

A value such as ``{calls}`` comes with its noun, in the nominative (3 вызова): the sentence around it has to
be right for every number, as in ``Записано: {calls}``.
"""

from __future__ import annotations

from typing import Final

from bstinspect.writeup.russian import frame, margin, measures, outcome, subject

SENTENCES: Final[dict[str, str]] = {
    **frame.TITLE_PAGE,
    **frame.FRAME,
    **frame.NAMES,
    **margin.MARGIN,
    **subject.ENVIRONMENT,
    **subject.REQUIREMENTS,
    **subject.TREES,
    **subject.CONVERSATIONS,
    **measures.CALLS,
    **measures.EXCERPTS,
    **measures.LIVES,
    **measures.CRASH_POINTS,
    **measures.LATENCIES,
    **outcome.DEATHS,
    **outcome.PROBLEMS,
    **outcome.POINTS,
}
PLURALS: Final[dict[str, tuple[str, str, str]]] = {
    "byte": ("байт", "байта", "байт"),
    "call": ("вызов", "вызова", "вызовов"),
    "command": ("команда", "команды", "команд"),
    "error": ("ошибка", "ошибки", "ошибок"),
    "line": ("строка", "строки", "строк"),
    "message": ("сообщение", "сообщения", "сообщений"),
    "node": ("узел", "узла", "узлов"),
    "process": ("процесс", "процесса", "процессов"),
}
