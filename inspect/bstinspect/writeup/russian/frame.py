"""What frames the report: the title page, the headings of the institute's template, names."""

from __future__ import annotations

from typing import Final

TITLE_PAGE: Final = {
    "Moscow Aviation Institute (National Research University)": (
        "Московский авиационный институт (национальный исследовательский университет)"
    ),
    "Faculty of Information Technologies and Applied Mathematics": (
        "Факультет информационных технологий и прикладной математики"
    ),
    "Department of Computational Mathematics and Programming": (
        "Кафедра вычислительной математики и программирования"
    ),
    "Laboratory work No. 5-7, course “Operating systems”": (
        "Лабораторная работа №\u00a05–7 по курсу «Операционные системы»"
    ),
    "Topology 3, command set 1, availability check 1": "Топология 3, набор команд 1, команда проверки 1",
    "Moscow, {year}": "Москва, {year}",
    "Report on a trace of system calls": "Отчёт о трассировке системных вызовов",
    "A cluster of {nodes} in a search tree": "Кластер в виде бинарного дерева поиска: {nodes}",
    "Trace of {command}": "Трасса программы {command}",
    "Trace of a program": "Трасса программы",
    "Group": "Группа",
    "Student": "Студент",
    "Teacher": "Преподаватель",
    "Grade": "Оценка",
    "Date": "Дата",
}
FRAME: Final = {
    "Task": "Постановка задачи",
    "Build a distributed system that processes requests asynchronously. It has nodes of two kinds: one that "
    "controls and any number that compute. They are joined by message queues in a binary search tree.": (
        "Реализовать распределённую систему по асинхронной обработке запросов. В системе есть узлы двух "
        "видов: один управляющий и произвольное число вычислительных. Узлы связаны очередями сообщений и "
        "образуют бинарное дерево поиска."
    ),
    "After kill -9 of any computing node the system keeps working as far as it can: all nodes below the dead "
    "one may become unavailable, every other node must stay in service.": (
        "После kill -9 любого вычислительного узла система должна по возможности сохранять "
        "работоспособность: узлы поддерева убитого узла могут стать недоступными, все остальные обязаны "
        "продолжать работу."
    ),
    "General information about the program": "Общие сведения о программе",
    "Every node is a process of its own, forked by its parent in the search tree; nodes exchange messages "
    "over ZeroMQ. The system calls behind that:": (
        "Каждый узел — отдельный процесс, который порождается своим родителем в дереве поиска; узлы "
        "обмениваются сообщениями через ZeroMQ. При этом используются следующие системные вызовы:"
    ),
    "What was recorded, where and how:": "Что, где и как было записано:",
    "clone makes the process of a new node, waitid tells how it ended;": (
        "clone создаёт процесс нового узла, waitid сообщает, как он завершился;"
    ),
    "socket, bind, listen, accept4 and connect make the connections of ZeroMQ;": (
        "socket, bind, listen, accept4 и connect устанавливают соединения ZeroMQ;"
    ),
    "sendto and recvfrom carry its messages, in its I/O thread;": (
        "sendto и recvfrom передают сообщения ZeroMQ в потоке ввода-вывода библиотеки;"
    ),
    "poll and epoll_wait wait for whichever descriptor is ready first;": (
        "poll и epoll_wait ожидают готовности любого из дескрипторов;"
    ),
    "eventfd2, write and read wake one thread from another.": (
        "с помощью eventfd2, write и read один поток пробуждает другой."
    ),
    "General method and algorithm": "Общий метод и алгоритм решения",
    "The controller reads a command and sends a request to the root.": (
        "Управляющий узел читает команду и отправляет запрос корню дерева."
    ),
    "A node that is asked for an id which is not its own hands the request to its left or right child.": (
        "Узел, получивший запрос с чужим идентификатором, передаёт его левому или правому потомку."
    ),
    "create is carried out by the node that will be the parent: it forks, and the child says hello.": (
        "Команду create выполняет узел, который станет родителем: он порождает процесс, и потомок сообщает "
        "ему о готовности (hello)."
    ),
    "exec is carried out by the node itself; the reply goes up by its number.": (
        "Команду exec выполняет сам узел; ответ возвращается вверх по дереву и сопоставляется с запросом по "
        "его номеру."
    ),
    "pingall floods down the tree, and each node answers once for all of its subtree.": (
        "Команда pingall рассылается вниз по всему дереву; каждый узел отвечает один раз за всё своё "
        "поддерево."
    ),
    "A dead child is known from SIGCHLD and from the end of its connection, and is not waited for.": (
        "О гибели потомка узел узнаёт по сигналу SIGCHLD и по закрытию соединения и больше не ждёт от него "
        "ответа."
    ),
    "Use of strace": "Использование утилиты strace",
    "The trace was recorded by bstrace, in the manner of strace -f -tt -T.": (
        "Трасса записана программой bstrace и по содержанию соответствует выводу strace -f -tt -T."
    ),
    "Demonstration of the program": "Демонстрация работы программы",
    "Code of the program": "Код программы",
    "Conclusion": "Вывод",
}
NAMES: Final = {
    "node {id}": "узел {id}",
    "process": "процесс",
    "process {pid}": "процесс {pid}",
    "controller": "управляющий",
    "keeper": "хранитель",
    "not traced": "нетрассируемый процесс",
    "this session": "этот сеанс",
    "main thread": "главный поток",
    "ZeroMQ's I/O thread": "поток ввода-вывода ZeroMQ",
    "ZeroMQ's reaper thread": "поток ZeroMQ, закрывающий сокеты",
    "further thread": "прочий поток",
    "pid {pid}": "pid {pid}",
    "killed": "убит",
    "killed by {signal}": "убит сигналом {signal}",
    "exited with {status}": "код завершения {status}",
}
