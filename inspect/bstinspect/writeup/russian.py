"""The Russian sentences, by the English ones; and the nouns that are counted: one, few, many."""

from __future__ import annotations

from typing import Final

SENTENCES: Final[dict[str, str]] = {}

PLURALS: Final[dict[str, tuple[str, str, str]]] = {
    "byte": ("байт", "байта", "байт"),
    "call": ("вызов", "вызова", "вызовов"),
    "command": ("команда", "команды", "команд"),
    "error": ("ошибка", "ошибки", "ошибок"),
    "line": ("строка", "строки", "строк"),
    "message": ("сообщение", "сообщения", "сообщений"),
    "node": ("узел", "узла", "узлов"),
    "process": ("процесс", "процесса", "процессов"),
    "record": ("запись", "записи", "записей"),
    "thread": ("поток", "потока", "потоков"),
}
