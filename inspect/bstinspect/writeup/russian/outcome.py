"""How it ended: deaths, errors, leaks, the points of the conclusion."""

from __future__ import annotations

from typing import Final

DEATHS: Final = {
    "The kill -9 experiment": "Эксперимент с kill -9",
    "Deaths": "Завершения по сигналу",
    "{processes} more were killed.": "Кроме того, сигналами завершены: {processes}.",
    "{who} is killed by {signal}": "{who}: гибель от сигнала {signal}",
    "{time} after the first recorded call, {who} was killed by {signal}": (
        "Через {time} после первого записанного вызова {who} был убит сигналом {signal}"
    ),
    ", sent by {sender}": "; отправитель сигнала — {sender}",
    " It was {age} old and held {memory} KiB of memory.": (
        " К этому моменту он проработал {age} и занимал {memory}\u00a0КиБ памяти."
    ),
    "Descriptors open at that moment: {count}.": "Открыто дескрипторов в этот момент: {count}.",
    "Descriptors open at that moment: {count}, among them the sockets ": (
        "Открыто дескрипторов в этот момент: {count}, в том числе сокеты "
    ),
    "No traced process was seen to notice it.": (
        "Из трассы не видно, чтобы это заметил какой-либо из трассируемых процессов."
    ),
    "Autopsy: what its threads were doing": "Состояние процесса в момент гибели: вызовы его потоков",
    "Call in progress": "Выполнявшийся вызов",
    "Who noticed the end, and when": "Кто и когда заметил гибель процесса",
    "How": "Признак",
    "After the death, ms": "После гибели, мс",
    "its connection ended": "соединение с ним закрылось",
    "its connection was reset": "соединение с ним сброшено",
    "it waited for its child": "получен статус завершения потомка",
    "it was sent SIGCHLD": "получен сигнал SIGCHLD",
    "Unreachable from then on: {ids}: the dead node and all below it.": (
        "С этого момента недоступны узлы: {ids} — погибший узел и всё его поддерево."
    ),
    ": exactly these.": ": названы в точности эти узлы.",
    ": these, and those of other deaths.": ": названы эти узлы и узлы, потерянные при других гибелях.",
    ", which is not what the search tree says.": "; это не соответствует дереву поиска.",
    " The next pingall answered {answer}, {time} after the death": (
        " Следующая команда pingall дала ответ {answer} через {time} после гибели"
    ),
}
PROBLEMS: Final = {
    "Errors and leaks": "Ошибки и утечки ресурсов",
    "Errors and what they mean": "Ошибки и их смысл",
    "Error": "Ошибка",
    "Times": "Количество",
    "Judgement": "Оценка",
    "What it means": "Что означает",
    "First, line": "Первый случай, строка",
    "No call failed.": "Ни один вызов не завершился ошибкой.",
    "{lines} more are left out, of the fewest calls.": "Не показано ещё: {lines} о самых редких ошибках.",
    "worth a look": "требует внимания",
    "normal": "норма",
    "normal: the file may be absent": "норма: файла может не быть",
    "normal: the loader looks elsewhere": "норма: загрузчик ищет в других каталогах",
    "nothing to read yet, or no room to write: a non-blocking descriptor says so at once, and the program "
    "waits in poll or epoll_wait": (
        "читать пока нечего или писать некуда: неблокирующий дескриптор сообщает об этом сразу, и программа "
        "ждёт в poll или epoll_wait"
    ),
    "a signal came while the call waited": "во время ожидания пришёл сигнал",
    "the connection is being made; poll tells when it is there": (
        "соединение устанавливается; о готовности сообщит poll"
    ),
    "a signal came; the kernel begins the call anew": "пришёл сигнал; ядро начинает вызов заново",
    "a signal came, or the tracer attached; the kernel goes on with the call": (
        "пришёл сигнал или подключился трассировщик; ядро продолжает вызов"
    ),
    "the time to wait was over": "время ожидания истекло",
    "there is no such file": "такого файла нет",
    "the descriptor is no terminal: that was the question": (
        "дескриптор не является терминалом: это и проверялось"
    ),
    "a pipe or socket has no position: that was the question": (
        "у канала и сокета нет позиции: это и проверялось"
    ),
    "there is no child left to wait for": "потомков, которых можно ждать, больше нет",
    "there is no such descriptor": "такого дескриптора нет",
    "the other end is gone, with data still on its way": (
        "другая сторона исчезла, не приняв всех отправленных данных"
    ),
    "nobody listens there": "по этому адресу никто не принимает соединения",
    "the other end is closed": "другой конец закрыт",
    "somebody else has this address": "адрес уже занят",
    "no permission": "нет прав доступа",
    "not allowed": "операция не разрешена",
    "it is there already": "уже существует",
    "an argument does not fit, or this kernel cannot do it": (
        "аргумент не подходит, или ядро этого не поддерживает"
    ),
    "there is no such attribute": "такого атрибута нет",
    "{who} still ran when the recording ended.": (
        "Остался процесс: {who} ещё работал, когда запись закончилась."
    ),
    "{who} ended, and its parent never waited for it.": (
        "Остался зомби: {who} завершился, а его родитель не получил статус завершения."
    ),
    "{who} ended with descriptors open ({what}); the kernel closed them.": (
        "Не закрыты дескрипторы: {who} завершился, не закрыв {what}; их закрыло ядро."
    ),
    "What was left behind cannot be told: the recording is not whole.": (
        "Запись неполна: осталось ли что-то незакрытым, сказать нельзя."
    ),
    "Checked of all that was traced: each process was followed to its end, or was let go; each child that "
    "ended was waited for by its parent where that lived on; no process ended by itself with a descriptor "
    "open.": (
        "Проверено по трассе: каждый процесс отслежен до завершения или до отключения трассировщика; статус "
        "каждого завершившегося потомка получен родителем, если тот продолжал работу; ни один процесс, "
        "завершившийся сам, не оставил открытых дескрипторов."
    ),
}
POINTS: Final = {
    "{calls} of {processes} were recorded in {time}.": "За {time} записано: {calls}, {processes}.",
    "{commands} were given, and {answered} answered.": "Подано: {commands}; получено ответов: {answered}.",
    "{messages} went from process to process.": "Между процессами передано: {messages}.",
    "Requirements: {met} met, {unmet} not met, {untried} not tried.": (
        "Требования задания: выполнено — {met}, не выполнено — {unmet}, не проверялось — {untried}."
    ),
    "kill -9 of node {id} cut off {others}; no other node was left.": (
        "Другие узлы, ставшие недоступными после kill -9 узла {id}: {others}; больше узлов не осталось."
    ),
    "kill -9 of node {id} cut off {others}.": (
        "Другие узлы, ставшие недоступными после kill -9 узла {id}: {others}."
    ),
    "kill -9 of node {id} cut off {others}; all others stayed in service.": (
        "Другие узлы, ставшие недоступными после kill -9 узла {id}: {others}; все остальные продолжили "
        "работу."
    ),
    "nobody else": "нет",
    "The death was noticed first by {who}, {time} after it.": (
        "Первым гибель процесса заметил {who}: через {time} после неё."
    ),
    "Of the time inside of calls the processes waited {waited} %, and worked {worked} %.": (
        "Время в системных вызовах: ожидание — {waited} %, работа — {worked} %."
    ),
    "Median times, while traced: {medians}.": "Медианное время под трассировкой: {medians}.",
    "{total} were returned by calls; {real} of them are worth a look.": (
        "Зафиксировано при вызовах: {total}, из них требуют внимания: {real}."
    ),
}
