"""What was recorded: environment, requirements, trees, messages."""

from __future__ import annotations

from typing import Final

ENVIRONMENT: Final = {
    "Environment": "Условия эксперимента",
    "Environment of the recording": "Условия записи трассы",
    "What": "Параметр",
    "Value": "Значение",
    "Recorded": "Начало записи",
    "Length": "Длительность",
    "Machine": "Платформа",
    "{machine}, {cpus} CPUs": "{machine}, число процессоров: {cpus}",
    "Software": "Программное обеспечение",
    "Command line": "Командная строка",
    "Recorded calls": "Записано",
    "{calls} of {processes}": "{calls}, {processes}",
    "Capture": "Файл записи",
    "SHA-256 of the capture": "SHA-256 файла записи",
    "SHA-256 of the full trace": "SHA-256 полной трассы",
    "The commands of the session and their replies": "Команды сеанса и ответы на них",
    "{count} more are not shown.": "Не показано ещё: {count}.",
    "{count} records could not be written while it was recorded ({detail}): calls are missing there.": (
        "При записи не удалось сохранить часть данных (записей: {count}, причина: {detail}): вызовов за это "
        "время в трассе нет."
    ),
    "The capture cannot be read any further at some place: {detail}. All before it is reported.": (
        "Файл записи повреждён и дальше некоторого места не читается: {detail}. В отчёт вошло всё, что "
        "записано до этого места."
    ),
    "The capture ends within a record, at byte {detail}: it was cut. All before it is reported.": (
        "Файл записи обрывается посреди записи, на байте {detail}. В отчёт вошло всё, что записано до этого "
        "места."
    ),
    "Only some system calls were recorded, as was asked for: what was left open, and whether somebody waited "
    "for each child, cannot be told.": (
        "Записаны лишь выбранные системные вызовы: что осталось открытым и получен ли статус каждого "
        "потомка, сказать нельзя."
    ),
    "The session's log is missing: commands, replies and ids of nodes are unknown.": (
        "Журнал сеанса отсутствует: команды, ответы и идентификаторы узлов неизвестны."
    ),
    "{count} lines of the session's log make no sense, and were left out.": (
        "В журнале сеанса есть неразборчивые строки, они пропущены (всего: {count})."
    ),
}
REQUIREMENTS: Final = {
    "Requirements": "Требования",
    "{met} of {all} requirements are met, as the trace shows. Lines are those of the full trace.": (
        "По данным трассы выполнено требований: {met} из {all}. Номера строк относятся к полной трассе."
    ),
    "Requirements and their evidence": "Требования и их подтверждение",
    "Requirement": "Требование",
    "System calls": "Системные вызовы",
    "Evidence": "Подтверждение",
    "Line": "Строка",
    "Result": "Итог",
    "not found: {what}": "не найдено: {what}",
    "met": "выполнено",
    "not met": "не выполнено",
    "not tried": "не проверялось",
}
TREES: Final = {
    "Trees": "Дерево узлов и дерево процессов",
    "Search tree": "Дерево поиска",
    "Process tree": "Дерево процессов",
    "The search tree has {nodes}: too many to draw.": (
        "Дерево поиска не изображено, так как оно слишком велико: {nodes}."
    ),
    "There were {processes}: too many to draw.": (
        "Дерево процессов не изображено, так как оно слишком велико: {processes}."
    ),
    "Binary search tree of {nodes}, the root is {root}.": (
        "Бинарное дерево поиска ({nodes}), корень — узел {root}."
    ),
    "After the death of node {dead} these cannot be reached: {orphans}.": (
        "После гибели узла {dead} недоступны: {orphans}."
    ),
    "Search tree before and after the death of node {dead}": "Дерево поиска до и после гибели узла {dead}",
    "Node {dead} is dead (crossed out). What hangs below it lives on and cannot be reached (dashed): "
    "{orphans}. All others can be reached.": (
        "Узел {dead} погиб (перечёркнут). Процессы узлов его поддерева продолжают работать, но недоступны "
        "(показаны пунктиром): {orphans}. Все остальные узлы доступны."
    ),
    "Process tree before and after the death of node {dead}": (
        "Дерево процессов до и после гибели узла {dead}"
    ),
    "Each node was forked by its parent in the search tree, the root by the keeper. The children of the dead "
    "node have fallen to the keeper, which reaps them in the end.": (
        "Каждый узел порождён своим родителем в дереве поиска, корень — процессом-хранителем. Потомков "
        "погибшего узла усыновил процесс-хранитель, который в конце получит их статусы завершения."
    ),
    "{processes}, each below the one that made it.": "{processes}; каждый расположен под своим родителем.",
}
CONVERSATIONS: Final = {
    "Messages of a command": "Обмен сообщениями при выполнении команд",
    "Messages of the other commands": "Обмен сообщениями при выполнении остальных команд",
    "Messages": "Обмен сообщениями",
    "Each arrow is a message between two processes, from the call that sent it to the call that received it "
    "(sendto and recvfrom of ZeroMQ's I/O threads); times are those since the command was given. What comes "
    "from the controller or goes to it is seen at the node's end only. The other commands are in the "
    "appendix.": (
        "Каждая стрелка — сообщение между двумя процессами: от вызова, который его отправил, до вызова, "
        "который его принял (sendto и recvfrom в потоках ввода-вывода ZeroMQ). Время отсчитывается от "
        "момента подачи команды. Обмен с управляющим узлом виден только со стороны вычислительного узла. "
        "Остальные команды приведены в приложении."
    ),
    "Each arrow is a message between two processes, from the call that sent it to the call that received it. "
    "Where the bytes are not ZeroMQ's, a message is what one call sent: send #3 of a connection.": (
        "Каждая стрелка — сообщение между двумя процессами: от вызова, который его отправил, до вызова, "
        "который его принял. Если байты не относятся к протоколу ZeroMQ, сообщением считаются данные, "
        "отправленные одним вызовом: send #3 — третья отправка в соединении."
    ),
    "The diagrams of {commands} more are left out.": (
        "Не приведены диаграммы ещё для части команд: {commands}."
    ),
    "{command}: {messages}": "{command}: {messages}",
    "The first messages: {shown} of {total}": "Начало обмена сообщениями (показано: {shown}, всего: {total})",
    "Messages between processes: {total}": "Обмен между процессами: {total}",
    "{command}. {hops}. Reply: {reply}": "{command}. {hops}. Ответ: {reply}",
    "{label} from {sender} to {receiver} at {time} ms": "{label}: {sender} → {receiver}, {time}\u00a0мс",
    "line {line}: {call}": "строка {line}: {call}",
    "ms": "мс",
}
