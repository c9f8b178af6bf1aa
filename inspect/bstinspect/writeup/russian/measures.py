"""What was counted and measured: calls, excerpts, descriptors, times."""

from __future__ import annotations

from typing import Final

CALLS: Final = {
    "System calls by process": "Системные вызовы по процессам",
    "All calls": "Все системные вызовы",
    "Calls and time by process": "Число вызовов и затраты времени по процессам",
    "Times are sums over the threads of a process, measured while they were traced: a traced call takes "
    "longer than others. Waiting is the time in calls such as poll, epoll_wait and futex; outside of calls "
    "is the time in user space, or off the CPU.": (
        "Время просуммировано по потокам процесса и измерено под трассировкой: трассируемый вызов длится "
        "дольше обычного. Ожидание — время в таких вызовах, как poll, epoll_wait и futex. Вне вызовов поток "
        "выполняет код в пространстве пользователя или ждёт процессорного времени."
    ),
    "Process": "Процесс",
    "Calls": "Вызовы",
    "Call": "Вызов",
    "Errors": "Ошибки",
    "Working in calls, ms": "Работа в вызовах, мс",
    "Waiting in calls, ms": "Ожидание в вызовах, мс",
    "Outside of calls, ms": "Вне вызовов, мс",
    "{processes} with fewer calls are not listed.": (
        "Не вошли в таблицу: {processes} с меньшим числом вызовов."
    ),
    "How often each process made each call; failures behind the stroke": (
        "Число вызовов по процессам (после косой черты — завершившихся ошибкой)"
    ),
    "The most frequent calls of all processes": "Самые частые вызовы всех процессов",
    "Number of calls": "Число вызовов",
    "System call": "Системный вызов",
}
EXCERPTS: Final = {
    "Key excerpts of the trace": "Ключевые фрагменты трассы",
    "Of the full trace these lines show the work; the number before a line is its line there, and all lines "
    "between two of them are left out.": (
        "Приведены те строки полной трассы, по которым видна работа программы. Число перед строкой — её "
        "номер в полной трассе; строки между приведёнными пропущены."
    ),
    "A node is made: {subject}": "Создание узла: {subject}",
    "Numbers are added up: {subject}": "Сложение чисел: {subject}",
    "A node is killed: {subject}": "Гибель узла: {subject}",
    "A process is killed": "Гибель процесса",
    "The beginning of the program": "Начало работы программы",
    "The conversation over the network": "Обмен данными по сети",
    "Processes come and go": "Создание и завершение процессов",
    "The end of the program": "Завершение программы",
    "Chosen by a rule: {rule}; at most 15 lines.": "Правило отбора: {rule}; не более 15 строк.",
    "messages, and calls that make processes and sockets": "сообщения и вызовы, создающие процессы и сокеты",
    "messages, ends of connections, and calls about processes": (
        "сообщения, закрытия соединений и вызовы управления процессами"
    ),
    "the first calls of the first process": "первые вызовы первого процесса",
    "the first messages, and calls that make and connect sockets": (
        "первые сообщения и вызовы, создающие и соединяющие сокеты"
    ),
    "the first calls that make and end processes": "первые вызовы, создающие и завершающие процессы",
    "the last calls of the first process that do not wait": (
        "последние вызовы первого процесса, кроме вызовов ожидания"
    ),
    "Left out in between: {calls}.": "Между приведёнными строками пропущено: {calls}.",
    "… {calls} of the dynamic loader": "… динамический загрузчик: {calls}",
}
LIVES: Final = {
    "Descriptors, sockets and threads": "Дескрипторы, сокеты и потоки",
    "All descriptors": "Все дескрипторы",
    "Descriptors": "Дескрипторы",
    "Sockets, those with most traffic first": "Сокеты в порядке убывания объёма переданных данных",
    "All descriptors are in the appendix.": "Все дескрипторы перечислены в приложении.",
    "{lines} more are left out.": "Не показано ещё: {lines}.",
    "Plain files, counted": "Обычные файлы: число открытий и закрытий",
    "Opened": "Открыто",
    "Closed": "Закрыто",
    "Number": "Номер",
    "Kind": "Вид",
    "Address": "Адрес",
    "Opened, line": "Открыт, строка",
    "Closed, line": "Закрыт, строка",
    "Sent, bytes": "Отправлено, байт",
    "Received, bytes": "Принято, байт",
    "listens": "слушающий",
    "accepted": "принятый",
    "connected": "подключённый",
    "there before": "открыт до записи",
    "before": "до записи",
    "The threads of {process}": "Потоки процесса: {process}",
    "Threads and what they do": "Потоки и их назначение",
    "Thread": "Поток",
    "Mostly": "Основные вызовы",
}
CRASH_POINTS: Final = {
    "Crash points": "Точки отказа",
    "Crash points of the messages": "Точки отказа для каждого сообщения",
    "An address names a process, a message and its number among those of that name, counted from where the "
    "process begins to be traced. With {entry} behind it the call has not happened yet, with {exit} it has; "
    "so {command} takes it.": (
        "Адрес точки отказа состоит из процесса, имени сообщения и порядкового номера сообщения с этим "
        "именем, считая с начала трассировки процесса. С окончанием {entry} вызов ещё не выполнен, с "
        "окончанием {exit} — уже выполнен; такой адрес принимает команда {command}."
    ),
    "Message": "Сообщение",
    "Sent at": "Отправка",
    "Received at": "Приём",
    "{messages} more are left out.": "Не показано ещё: {messages}.",
}
LATENCIES: Final = {
    "Activity over time": "Активность процессов во времени",
    "Latencies": "Временные характеристики",
    "Time from each command to its reply": "Время от подачи команды до получения ответа",
    "Command": "Команда",
    "Time, ms": "Время, мс",
    "Time, s": "Время, с",
    "{time} ms": "{time}\u00a0мс",
    "{commands} more are not drawn.": "На диаграмме не показано ещё: {commands}.",
    "Medians of those that succeeded: {medians}. While it is traced, a node is slower than otherwise.": (
        "Медианное время успешных команд: {medians}. Под трассировкой узел работает медленнее, чем без неё."
    ),
    "Who was inside of calls when: in each slice of {length} a bar as long as the time spent in calls": (
        "Активность процессов во времени: на каждом интервале в {length} длина полосы равна времени, "
        "проведённому в вызовах"
    ),
    "{rows} over {time}; waiting is left blank.": "{rows}, {time}; ожидание оставлено пустым.",
    "network": "сеть",
    "processes": "процессы",
    "files and descriptors": "файлы и дескрипторы",
    "memory": "память",
    "signals": "сигналы",
    "time": "время",
    "other calls": "прочие вызовы",
}
