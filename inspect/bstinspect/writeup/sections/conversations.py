"""Section 4: sequence diagrams, hop by hop, of the messages behind each command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.writeup.document import Arrow, Figure, Lane, Mark, Paragraph, Section, Sequence

if TYPE_CHECKING:
    from bstinspect.findings.model import CommandFacts, DeathFacts, Findings, MessageFacts, SeenCall
    from bstinspect.writeup.document import Block
    from bstinspect.writeup.language import Language
    from bstinspect.writeup.names import Names

MOST_ARROWS: Final = 40
"""A diagram has no more; what is left out is told."""
MOST_LANES: Final = 12
_KEY_VERBS: Final = ("create", "exec", "pingall")


def section(findings: Findings, words: Language, names: Names) -> Section | None:
    """Return the main part's: a diagram of each kind of command, and the pingall after a death."""
    if not findings.messages:
        return None
    if not findings.commands:
        return _conversation(findings, words, names)
    chosen = _key_commands(findings)
    if not chosen:
        return None
    intro = words.text(
        "Each arrow is a message between two processes, from the call that sent it to the call that "
        "received it (sendto and recvfrom of ZeroMQ's I/O threads); times are those since the command was "
        "given. What comes from the controller or goes to it is seen at the node's end only. The other "
        "commands are in the appendix."
    )  # fmt: skip
    figures = [figure for index in chosen if (figure := _figure(index, findings, words, names)) is not None]
    return Section("sequences", words.say("Messages of a command"), (Paragraph(intro), *figures))


def appendix(findings: Findings, words: Language, names: Names, most: int) -> Section | None:
    """Return the diagrams of all other commands, at most so many."""
    shown = set(_key_commands(findings))
    blocks: list[Block] = []
    with_messages = sorted({each.command for each in findings.messages if each.command is not None} - shown)
    for index in with_messages[:most]:
        figure = _figure(index, findings, words, names)
        if figure is not None:
            blocks.append(figure)
    if len(with_messages) > most:
        left = words.count(len(with_messages) - most, "command")
        blocks.append(Paragraph(words.text("The diagrams of {commands} more are left out.", commands=left)))
    return (
        Section("all-sequences", words.say("Messages of the other commands"), tuple(blocks))
        if blocks
        else None
    )


def _key_commands(findings: Findings) -> list[int]:
    """Choose one command of each kind, the one with most messages; and the first pingall after a death."""
    counts: dict[int, int] = {}
    for message in findings.messages:
        if message.command is not None:
            counts[message.command] = counts.get(message.command, 0) + 1
    chosen: list[int] = []
    death = findings.deaths[0].when if findings.deaths else None
    for verb in _KEY_VERBS:
        of_kind = [
            index for index in counts
            if findings.commands[index].verb == verb and findings.commands[index].reply.startswith("Ok")
            and (death is None or findings.commands[index].began < death)
        ]  # fmt: skip
        if of_kind:
            chosen.append(max(of_kind, key=lambda index: (counts[index], -index)))
    if death is not None:
        after = [
            index for index in sorted(counts)
            if findings.commands[index].began >= death and findings.commands[index].verb == "pingall"
        ]  # fmt: skip
        chosen += after[:1]
    return sorted(set(chosen))


def _figure(index: int, findings: Findings, words: Language, names: Names) -> Figure | None:
    command = findings.commands[index]
    messages = [each for each in findings.messages if each.command == index]
    messages.sort(key=lambda each: each.when)
    end = command.ended if command.ended is not None else max((_last(each) for each in messages), default=0)
    deaths = [each for each in findings.deaths if command.began <= each.when <= end]
    drawing = _sequence(messages, deaths, command.began, words, names)
    if drawing is None:
        return None
    caption = words.say("{command}: {messages}", command=command.line,
                        messages=words.count(len(messages), "message"))  # fmt: skip
    return Figure(
        caption, drawing, _alternative(command, messages, words, names), anchor=f"command-{index + 1}"
    )


def _conversation(findings: Findings, words: Language, names: Names) -> Section | None:
    """Draw the first messages of a program that is no session."""
    messages = sorted(findings.messages, key=lambda each: each.when)[:MOST_ARROWS]
    zero = messages[0].when
    until = max(map(_last, messages))
    deaths = [each for each in findings.deaths if zero <= each.when <= until]
    drawing = _sequence(messages, deaths, zero, words, names)
    if drawing is None:
        return None
    total = words.count(len(findings.messages) + findings.messages_omitted, "message")
    intro = words.text(
        "Each arrow is a message between two processes, from the call that sent it to the call that "
        "received it. Where the bytes are not ZeroMQ's, a message is what one call sent: send #3 of a "
        "connection."
    )  # fmt: skip
    caption = words.say("The first messages: {shown} of {total}", shown=len(messages), total=total)
    if len(messages) == len(findings.messages):
        caption = words.say("Messages between processes: {total}", total=total)
    alternative = "; ".join(_told(each, zero, words, names) for each in messages)
    figure = Figure(caption, drawing, alternative, anchor="conversation")
    return Section("sequences", words.say("Messages"), (Paragraph(intro), figure))


def _sequence(
    messages: list[MessageFacts], deaths: list[DeathFacts], zero: int, words: Language, names: Names
) -> Sequence | None:
    lanes: dict[str, int] = {}
    details: list[Lane] = []

    def lane(title: str, pid: int | None) -> int:
        if title not in lanes:
            lanes[title] = len(lanes)
            details.append(Lane(title, words.say("pid {pid}", pid=pid) if pid else ""))
        return lanes[title]

    steps: list[Arrow | Mark] = []
    for message in messages[:MOST_ARROWS]:
        if len(lanes) > MOST_LANES:
            break
        sender = lane(names.end(message.sender), message.sender.pid)
        receiver = lane(names.end(message.receiver), message.receiver.pid)
        if sender == receiver:
            continue
        seen = message.sent or message.received
        sent = (_done(message.sent) if message.sent else message.when) - zero
        arrived = _done(message.received) - zero if message.received else None
        outside = message.receiver.pid is None or message.sender.pid is None
        hover = words.say("line {line}: {call}", line=seen.line, call=seen.text) if seen else ""
        hover = ", ".join(each for each in (hover, message.sent_at, message.received_at) if each)
        label = (
            f"{message.label} {message.payload}"
            if message.kind == "send" and message.payload
            else message.label
        )
        steps.append(Arrow(sender, receiver, label, max(sent, 0),
                           sent if outside and arrived is None else arrived, hover))  # fmt: skip
    for death in deaths:
        title = names.process(death.pid)
        if title in lanes:
            steps.append(Mark(lanes[title], words.say("killed"), max(death.when - zero, 0)))
    steps.sort(key=lambda step: step.sent if isinstance(step, Arrow) else step.when)
    return Sequence(tuple(details), tuple(steps), words.say("ms")) if len(details) > 1 and steps else None


def _alternative(command: CommandFacts, messages: list[MessageFacts], words: Language, names: Names) -> str:
    hops = "; ".join(_told(each, command.began, words, names) for each in messages[:MOST_ARROWS])
    return words.say(
        "{command}. {hops}. Reply: {reply}", command=command.line, hops=hops, reply=command.reply
    )


def _told(message: MessageFacts, zero: int, words: Language, names: Names) -> str:
    return words.say(
        "{label} from {sender} to {receiver} at {time} ms",
        label=message.label, sender=names.end(message.sender), receiver=names.end(message.receiver),
        time=words.milliseconds(message.when - zero),
    )  # fmt: skip


def _done(call: SeenCall) -> int:
    """Return when a call was over."""
    return call.when + (call.duration or 0)


def _last(message: MessageFacts) -> int:
    seen = message.received or message.sent
    return _done(seen) if seen else 0
