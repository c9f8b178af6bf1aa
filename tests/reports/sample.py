"""A document with every block and every kind of drawing, in both languages, with hostile texts in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from bstinspect.writeup.document import (
    Arrow,
    Bar,
    Bars,
    Block,
    Cell,
    Code,
    Column,
    Document,
    Drawing,
    Excerpt,
    ExcerptLine,
    Figure,
    Gantt,
    Lane,
    Link,
    Listing,
    Mark,
    Note,
    Paragraph,
    Point,
    Program,
    Row,
    Section,
    Sequence,
    Strong,
    Table,
    TitlePage,
    Tree,
    Twig,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Language: TypeAlias = Literal["en", "ru"]
HOSTILE: Final = "</script><img src=x onerror=alert(1)>"
"""What a file in a trace may be called."""
NASTY: Final = f"{HOSTILE} \"'&amp; \x00\x1b[31m\x7f \udcff \u202e javascript:alert(1)"
MS: Final = 1_000_000


def sample_document(language: Language = "en", *, formal: bool = True) -> Document:
    """Return the document; its words are those that a real report would have."""

    def say(english: str, russian: str) -> str:
        return english if language == "en" else russian

    return Document(
        language=language,
        title_page=_title_page(say),
        summary=(
            Paragraph(
                (
                    say("A session of ", "Сеанс из "),
                    Strong(say("7 nodes", "7 узлов")),
                    say(" and 20 commands; see ", " и 20 команд; см. "),
                    Link(say("the commands", "команды"), "commands"),
                    ".",
                )
            ),
            Listing(
                (
                    (say("Requirements met: 11 of 12.", "Выполнено требований: 11 из 12."),),
                    (say("Real errors: none.", "Настоящих ошибок: нет."),),
                )
            ),
        ),
        sections=(
            _environment(say),
            _trees(say),
            _commands(say),
            _calls(say),
        ),
        appendices=(_hostile(say), _program(say)),
        trace="trace.txt",
        formal=formal,
    )


def hostile_document(text: str, language: Language = "en") -> Document:
    """Return a document that says `text` wherever a text from a trace may stand."""
    words = (text, Code(text, whole=text), Strong(text), Link(text, text))
    figures = tuple(Figure(text, each, text) for each in drawings(text))
    blocks: tuple[Block, ...] = (
        Paragraph(words),
        Listing((words, words), ordered=True),
        Note(words, tone="warn"),
        Table(text, (Column(text), Column(text, numeric=True)), ((Cell(words), Cell((text,), 1.0)),)),
        Excerpt(text, (ExcerptLine(text, text, 3), ExcerptLine(text, folded=True)), rule=text),
        Program(text, text),
        *figures,
    )
    return Document(
        language=language,
        title_page=TitlePage((text,), text, text, ((text, text),), text),
        summary=(Paragraph(words),),
        sections=(Section("first", text, blocks, (Section(text, text, blocks[:1]),)),),
        appendices=(Section("last", text, blocks[:1]),),
        trace=text,
    )


def drawings(text: str) -> tuple[Drawing, ...]:
    """Return a drawing of each kind in which every text is `text`."""
    twig = Twig(text, text, "bad", (Twig(text, text, "warn", hand="right"),))
    return (
        Sequence(
            (Lane(text, text), Lane(text, text)),
            (Arrow(0, 1, text, 0, 5 * MS, text), Mark(1, text, 7 * MS, text), Arrow(0, 1, text, 9 * MS)),
        ),
        Tree((twig,)),
        Gantt(text, MS, 10 * MS, (Row(text, (Bar(0, MS, text, text),), ((2 * MS, text),)),), ((text, text),)),
        Bars(text, text, (Point(text, 3.5, text, text), Point(text, 0, text))),
    )


def _title_page(say: Callable[[str, str], str]) -> TitlePage:
    return TitlePage(
        top=(
            say("Moscow Aviation Institute", "Московский авиационный институт"),
            say("Department of Computing", "Кафедра вычислительной математики и программирования"),
        ),
        title=say("Laboratory work 5-7", "Лабораторная работа № 5-7"),
        subtitle=say("Servers of messages in a tree of processes", "Управление серверами сообщений"),
        fields=(
            (say("Student", "Студент"), say("A. Student", "Студентов А. А.")),
            (say("Group", "Группа"), "М8О-201Б-23"),
            (say("Teacher", "Преподаватель"), say("B. Teacher", "Учителев Б. Б.")),
            (say("Date", "Дата"), "2026-11-22"),
        ),
        bottom=say("Moscow, 2026", "Москва, 2026"),
    )


def _environment(say: Callable[[str, str], str]) -> Section:
    return Section(
        "environment",
        say("Environment and commands", "Окружение и команды"),
        (
            Paragraph(
                (
                    say("The session was recorded with ", "Сеанс записан командой "),
                    Code("bstrace run --record", "bstrace run --record /tmp/session/capture.bst -- python3"),
                    say(". Each command stands in ", ". Каждая команда есть в "),
                    Link(say("the table", "таблице"), "requirements"),
                    ".",
                )
            ),
            Listing(
                (
                    (Code("create 5 -1"),),
                    (Code("create 3 5"),),
                    (Code("exec 3 +x 4"), say(", which answers at once", ", которая отвечает сразу")),
                ),
                ordered=True,
            ),
            Note(
                (
                    say(
                        "The capture was cut: 3 records at its end are missing.",
                        "Запись обрезана: не хватает 3 последних записей.",
                    ),
                ),
                tone="warn",
            ),
            Note((say("Nothing was left behind.", "Ничего не осталось."),), tone="good"),
            Note((say("Chosen by time.", "Выбрано по времени."),)),
            _requirements(say),
        ),
        (
            Section(
                "hash",
                say("Hash of the trace", "Хеш трассы"),
                (Paragraph((Code("sha256:3b4f0c1d" + "9a" * 28),)),),
            ),
        ),
    )


def _requirements(say: Callable[[str, str], str]) -> Table:
    met, missed = say("met", "выполнено"), say("not met", "не выполнено")
    return Table(
        say("Requirements of the task and their evidence", "Требования задания и их подтверждения"),
        (
            Column(say("Requirement", "Требование")),
            Column(say("Evidence", "Подтверждение")),
            Column(say("Line", "Строка"), numeric=True),
            Column(say("Time, ms", "Время, мс"), numeric=True),
            Column(say("Result", "Итог")),
        ),
        (
            (
                Cell((say("A node is a process of its own", "Узел — отдельный процесс"),)),
                Cell(
                    (Code("clone3", "clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88) = 4242"),)
                ),
                Cell(("1 204",), 1204),
                Cell(("12.5",), 12.5),
                Cell((met,), tone="good"),
            ),
            (
                Cell((say("A death is noticed", "Смерть узла замечается"),)),
                Cell((Code("recvfrom", 'recvfrom(12, "", 8192, 0, NULL, NULL) = 0'),)),
                Cell(("98",), 98),
                Cell(("3.1",), 3.1),
                Cell((missed,), tone="bad"),
            ),
            (
                Cell((say("Messages go through a queue", "Сообщения идут через очередь"),)),
                Cell((Code("sendto", 'sendto(9, "\\1\\0exec 3", 8, 0, NULL, 0) = 8'),)),
                Cell(("31 007",), 31007),
                Cell(("110.0",), 110),
                Cell((say("cannot be told", "неизвестно"),), tone="muted"),
            ),
        ),
        anchor="requirements",
    )


def _trees(say: Callable[[str, str], str]) -> Section:
    search = Twig(
        "5",
        "pid 4201",
        "good",
        (
            Twig(
                "3",
                "pid 4202",
                "bad",
                (
                    Twig(
                        "1", "pid 4204", "warn", (Twig("2", "pid 4207", "warn", hand="right"),), hand="left"
                    ),
                    Twig("4", "pid 4205", "warn", hand="right"),
                ),
                hand="left",
            ),
            Twig("8", "pid 4203", "", (Twig("7", "pid 4206", hand="left"),), hand="right"),
        ),
    )
    nodes = tuple(Twig(f"node {n}", f"pid {4201 + n}", "bad" if n == 2 else "") for n in range(6))
    processes = Twig("bstrace", "pid 4199", "", (Twig("controller", "pid 4200", "", nodes),))
    return Section(
        "trees",
        say("Trees", "Деревья"),
        (
            Figure(
                say("The search tree after kill -9", "Дерево поиска после kill -9"),
                Tree((search,)),
                say(
                    "Node 3 is dead; 1, 2 and 4 below it cannot be reached.",
                    "Узел 3 мёртв; 1, 2 и 4 под ним недоступны.",
                ),
                anchor="search-tree",
            ),
            Figure(
                say("The process tree", "Дерево процессов"),
                Tree((processes, Twig("keeper", "pid 4190", "muted"))),
                say("A controller with six nodes, and a keeper.", "Контроллер с шестью узлами и хранитель."),
            ),
        ),
    )


def _commands(say: Callable[[str, str], str]) -> Section:
    lanes = (
        Lane(say("controller", "контроллер"), "pid 4200"),
        Lane(say("node 5", "узел 5"), "pid 4201"),
        Lane(say("node 3", "узел 3"), "pid 4202", "bad"),
        Lane(say("node 4", "узел 4"), "pid 4205", "warn"),
    )
    steps = (
        Arrow(0, 1, "exec 4 +x 12", 120_000, 480_000, 'sendto(9, "exec 4 +x 12") = 12'),
        Arrow(1, 2, "exec 4 +x 12", 640_000, 980_000),
        Arrow(2, 3, "exec 4 +x 12", 1_100_000, 1_420_000),
        Arrow(3, 0, "ok: 4", 1_900_000, 3_800_000, tone="good"),
        Arrow(1, 1, say("timer", "таймер"), 4_000_000, 4_000_000),
        Mark(2, "SIGKILL", 5_000_000, say("killed by SIGKILL", "убит сигналом SIGKILL")),
        Arrow(1, 2, "ping 4", 6_000_000, None, tone="bad"),
        Mark(1, say("end of connection", "конец соединения"), 6_200_000, tone="warn"),
        Arrow(1, 0, say("Error: node 4 is unavailable", "Ошибка: узел 4 недоступен"), 6_300_000, 6_500_000),
    )
    lines = (
        ExcerptLine(say("312 lines of the loader (mmap, openat, read)", "312 строк загрузчика"), folded=True),
        ExcerptLine(
            '4202 sendto(9, "\\1\\0\\0\\0exec 4 +x 12", 16, MSG_NOSIGNAL, NULL, 0) = 16 <0.000041>',
            say("The command goes down the tree.", "Команда идёт вниз по дереву."),
            1204,
        ),
        ExcerptLine("4202 epoll_wait(7, [{events=EPOLLIN, data={u32=9, u64=9}}], 256, -1) = 1", number=1205),
        ExcerptLine(
            "4202 +++ killed by SIGKILL +++",
            say(
                "The victim. Nothing of its own is seen after this.", "Жертва. После этого от неё ничего нет."
            ),
            1310,
        ),
    )
    return Section(
        "commands",
        say("Commands, hop by hop", "Команды по шагам"),
        (
            Figure(
                say("exec 4, and a death", "exec 4 и смерть узла"),
                Sequence(lanes, steps, axis=say("ms", "мс")),
                say(
                    "The command goes through 5 and 3 to 4; then 3 dies.",
                    "Команда идёт через 5 и 3 в 4; затем узел 3 умирает.",
                ),
            ),
            Excerpt(
                say("How node 3 died", "Как умер узел 3"),
                lines,
                rule=say("The last lines of the victim.", "Последние строки жертвы."),
            ),
        ),
    )


def _calls(say: Callable[[str, str], str]) -> Section:
    kinds = (
        ("kernel", say("in the kernel", "в ядре")),
        ("wait", say("waiting", "ожидание")),
        ("user", say("in user space", "в пространстве пользователя")),
    )
    rows = tuple(
        Row(
            say(f"node {number}", f"узел {number}"),
            tuple(
                Bar(start * MS, (start + 3 + number) * MS, kind, f"{kind} {start} ms")
                for start, kind in ((number * 2, "kernel"), (number * 2 + 10, "wait"), (40, "user"))
            ),
            ((55 * MS, "SIGKILL"),) if number == 3 else (),
        )
        for number in (1, 3, 5)
    )
    return Section(
        "calls",
        say("System calls", "Системные вызовы"),
        (
            Figure(
                say("Who was busy when", "Кто когда был занят"),
                Gantt(say("time, ms", "время, мс"), MS, 60 * MS, rows, kinds),
                say("Three rows over 60 milliseconds.", "Три строки за 60 миллисекунд."),
            ),
            Figure(
                say("Latencies of the commands", "Задержки команд"),
                Bars(
                    say("latency, ms", "задержка, мс"),
                    say("command", "команда"),
                    (
                        Point("create 5 -1", 41.2, "41.2", "4 hops"),
                        Point("exec 3 +x 4", 3.4, "3.4", tone="good"),
                        Point("pingall", 120.0, "120.0", tone="bad"),
                    ),
                ),
                say("pingall takes longest, 120 ms.", "Дольше всего идёт pingall, 120 мс."),
            ),
        ),
    )


def _hostile(say: Callable[[str, str], str]) -> Section:
    return Section(
        "names",
        say("Names of files", "Имена файлов"),
        (
            Paragraph((NASTY, Code(HOSTILE, whole=NASTY), Strong(NASTY))),
            Table(
                say("Opened files", "Открытые файлы"),
                (Column(say("File", "Файл")), Column(say("Calls", "Вызовы"), numeric=True)),
                tuple(
                    (Cell((Code(name, whole=name),)), Cell((str(count),), count))
                    for name, count in ((HOSTILE, 3), (NASTY, 20), ("/etc/passwd", 100), ("/" + "x" * 300, 1))
                ),
            ),
            Excerpt(NASTY, (ExcerptLine(NASTY, NASTY, 1),)),
            *(Figure(NASTY, each, NASTY) for each in drawings(NASTY)),
        ),
    )


def _program(say: Callable[[str, str], str]) -> Section:
    text = "import zmq\n\n\ndef main() -> None:\n\tprint(\"hello\", '<b>')\n" + "\n".join(
        f"    socket_{n} = zmq.Context.instance().socket(zmq.REQ)" for n in range(30)
    )
    return Section(
        "program",
        say("Program", "Программа"),
        (Program("node.py", text),),
        (Section("inner", say("More", "Ещё"), (Paragraph((say("Nothing.", "Ничего."),)),)),),
    )
