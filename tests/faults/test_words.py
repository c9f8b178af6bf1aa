"""Addresses and faults as words: what is printed is read again, and what makes no sense is refused."""

from __future__ import annotations

import errno
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bstinspect.errors import UsageError
from bstinspect.faults.address import EVENTS, MESSAGE_EVENTS, Address
from bstinspect.faults.fault import PLAIN, Fault
from bstinspect.zmtp.words import NAMES

WHO = st.one_of(
    st.sampled_from(["", "controller", "keeper"]),
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(1, 99)).map(lambda each: f"{each[0]}.{each[1]}"),
)


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    """Draw any address."""
    event = draw(st.sampled_from(EVENTS))
    message, connection = "", 0
    if event in MESSAGE_EVENTS:
        message = draw(st.sampled_from(["", "greeting", "ready", *NAMES.values()]))
        connection = 0 if message else draw(st.integers(1, 99))
    ordinal = draw(st.integers(1, 10**9))
    return Address(draw(WHO), event, message, connection, ordinal, draw(st.sampled_from(["entry", "exit"])))


@given(addresses())
def test_an_address_is_read_as_it_is_printed(address: Address) -> None:
    """Whatever it holds."""
    assert Address.parse(str(address)) == address


@given(addresses())
def test_an_address_fits_itself_in_any_of_its_lives(address: Address) -> None:
    """Without a life it means every life, without a process every process."""
    whole = Address.parse("20.1:" + str(address).rpartition(":")[2])
    assert whole.fits(whole)
    assert Address.parse("20:" + str(address).rpartition(":")[2]).fits(whole)
    assert Address.parse(str(address).rpartition(":")[2]).fits(whole)
    assert not Address.parse("2:" + str(address).rpartition(":")[2]).fits(whole)
    assert not Address.parse("20.2:" + str(address).rpartition(":")[2]).fits(whole)


@pytest.mark.parametrize(
    "text",
    [
        "", "send", "send@", "send@middle", "sned@exit", "20:send#0@exit", "20:send#-1@exit",
        "bind(hello)@exit", "20.1.1:send@exit", "x:send@exit", "20:send(a b)@exit", "20:send(exec)/2@exit",
        "20:send/0@exit",
        "20:send#99999999999@exit", "20:send@exit ", "२०:send@exit", "20:send(exec)#1@exit\n",
        "@exit", "20:@entry",
    ],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """It is refused, in one line that shows it."""
    with pytest.raises(UsageError) as refused:
        Address.parse(text)
    assert "\n" not in str(refused.value)


@given(
    st.one_of(
        st.sampled_from([kind for kind in PLAIN if kind not in ("signal", "errno", "return", "delay")]).map(
            Fault
        ),
        st.integers(1, 10**9).map(lambda value: Fault("stop", value * 1000)),
        st.integers(1, 10**9).map(lambda value: Fault("delay", value * 1000)),
        st.sampled_from(sorted(errno.errorcode)).map(lambda number: Fault("errno", number)),
        st.integers(-(10**8), 10**8).map(lambda value: Fault("return", value)),
        st.sampled_from([signal.SIGTERM, signal.SIGSEGV, signal.SIGINT]).map(
            lambda each: Fault("signal", each)
        ),
    )
)
def test_a_fault_is_read_as_it_is_printed(fault: Fault) -> None:
    """Whatever it holds."""
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize(
    "text",
    [
        "", "kil", "kill:9", "stop:", "stop:0ms", "stop:5", "stop:5h", "delay", "delay:-1ms", "signal:",
        "signal:KILL", "signal:STOP", "signal:NONE", "errno:0", "errno:ENOTHING", "errno:errorcode",
        "return:", "return:1.5",
        "return:99999999999", "drop:1", "kill ",
    ],
)  # fmt: skip
def test_what_is_no_fault(text: str) -> None:
    """It is refused, in one line that shows it."""
    with pytest.raises(UsageError):
        Fault.parse(text)
