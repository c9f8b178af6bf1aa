"""ioctl requests of virtual machines: /dev/kvm. The registers are those of x86-64."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bstinspect.decode.call import Call, pointer, u32
from bstinspect.decode.constants.devices import KVM_CAP, KVM_CPUID_FLAGS, KVM_MEM_FLAGS
from bstinspect.decode.requests import RAW, RAW_LATE, filled, given, named
from bstinspect.decode.shape import descriptor_result
from bstinspect.decode.show import array
from bstinspect.decode.structures import Structure, behind, bits, braced, each, hexa

if TYPE_CHECKING:
    from bstinspect.decode.requests import Request

_REGION: Final = Structure(
    ("slot", "I"),
    ("flags", "I", bits(KVM_MEM_FLAGS, unknown="KVM_MEM_???")),
    ("guest_phys_addr", "Q", hexa),
    ("memory_size", "Q"),
    ("userspace_addr", "Q", hexa),
)
_FIRST: Final = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rsp", "rbp")
_REGISTERS: Final = Structure(
    *((name, "Q", hexa) for name in (*_FIRST, *(f"r{number}" for number in range(8, 16)), "rip", "rflags"))
)
_SEGMENT: Final = Structure(
    ("base", "Q", hexa),
    ("limit", "I"),
    ("selector", "H"),
    *((name, "B") for name in ("type", "present", "dpl", "db", "s", "l", "g", "avl")),
    ("", "2x"),
)
_TABLE: Final = Structure(("base", "Q", hexa), ("limit", "H"))
_SPECIAL: Final = Structure(
    *((name, "0Q24s", _SEGMENT) for name in ("cs", "ds", "es", "fs", "gs", "ss", "tr", "ldt")),
    *((name, "0Q16s", _TABLE) for name in ("gdt", "idt")),
    *((name, "Q") for name in ("cr0", "cr2", "cr3", "cr4", "cr8", "efer")),
    ("apic_base", "Q", hexa),
    ("interrupt_bitmap", "4Q", each(hexa)),
    full=1,
)
_CPUID: Final = Structure(
    ("function", "I", hexa),
    ("index", "I", hexa),
    ("flags", "I", bits(KVM_CPUID_FLAGS, unknown="KVM_CPUID_FLAG_???")),
    *((name, "I", hexa) for name in ("eax", "ebx", "ecx", "edx")),
    ("", "12x"),
)
_CPUID_ENTRIES: Final = 8


def _registers(call: Call, data: bytes) -> str:
    texts = _REGISTERS.texts(call, data)
    if call.abbreviated:
        texts = [texts[0], "...", *texts[6:8], "...", *texts[-2:]]
    return braced(*texts)


def _cpuid(call: Call) -> str:
    data = call.fetch(call[2], _CPUID_ENTRIES)
    if data is None:
        return pointer(call[2])
    count = u32(int.from_bytes(data, "little"))
    if call.abbreviated:
        entries = "[...]" if count else "[]"
    else:
        entries = array(call, call[2] + _CPUID_ENTRIES, count, _CPUID.size, _CPUID)
    return braced(f"nent={count}", f"entries={entries}")


def _number(call: Call) -> str:
    return str(u32(call[2]))


def _extension(call: Call) -> str:
    return call.choice(call[2], KVM_CAP, unknown="KVM_CAP_???")


_ALL_REGISTERS: Final = behind(2, _REGISTERS.size, _registers)

REQUESTS: Final[dict[int, Request]] = named(
    {
        "KVM_CREATE_VCPU": given(_number)._replace(result=descriptor_result),
        "KVM_SET_USER_MEMORY_REGION": given(_REGION.at()),
        "KVM_GET_REGS": filled(_ALL_REGISTERS),
        "KVM_SET_REGS": given(_ALL_REGISTERS),
        "KVM_GET_SREGS": filled(_SPECIAL.at()),
        "KVM_SET_SREGS": given(_SPECIAL.at()),
        "KVM_GET_SUPPORTED_CPUID KVM_GET_EMULATED_CPUID": filled(_cpuid),
        "KVM_SET_CPUID2": given(_cpuid),
        "KVM_CHECK_EXTENSION": given(_extension),
        "KVM_CREATE_VM": RAW._replace(result=descriptor_result),
        "KVM_RUN": RAW_LATE,
    }
)
