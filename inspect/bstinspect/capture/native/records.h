/* The records of plain syscall-stops, in the buffer that is written to a pipe or file. */

#ifndef BSTRACE_RECORDS_H
#define BSTRACE_RECORDS_H

#include <linux/ptrace.h>
#include <stdint.h>
#include <string.h>

#include "memory.h"
#include "msgpack.h"
#include "state.h"

enum {
    BUFFER = 20 << 20, /* address space; the largest record always fits */
    FLUSH_AT = 1 << 15,
};

static uint8_t buffer[BUFFER];

static uint8_t *put_head(uint8_t *at, uint32_t fields, char tag, int64_t when, const struct tracee *tracee) {
    at = put_array(at, fields);
    *at++ = 0xa1, *at++ = (uint8_t)tag;
    at = put_unsigned(at, (uint64_t)when);
    at = put_unsigned(at, (uint64_t)tracee->tid);
    return put_unsigned(at, (uint64_t)tracee->pid);
}

static uint8_t *put_memory(uint8_t *at, const struct plan *plan, const struct tracee *tracee,
                           int64_t value) {
    struct piece pieces[STEPS];
    int count = plan->count ? plan_pieces(plan, tracee->arguments, value, pieces) : 0;
    if (count)
        read_pieces(tracee->tid, pieces, count);
    at = put_array(at, (uint32_t)count);
    for (int i = 0; i < count; i++) {
        at = put_array(at, 3);
        at = put_unsigned(at, pieces[i].address);
        at = put_bytes(at, pieces[i].data, pieces[i].got);
        at = put_unsigned(at, pieces[i].wanted);
    }
    return at;
}

static uint8_t *begin_record(void) { return buffer + bst_used + 4; }

static void end_record(uint8_t *end) {
    uint32_t length = (uint32_t)(end - (buffer + bst_used + 4));
    memcpy(buffer + bst_used, &length, 4); /* little-endian, as every machine that this is built for */
    bst_used += 4 + length;
}

static void record_entry(const struct ptrace_syscall_info *info, struct tracee *tracee,
                         const struct call *call) {
    uint8_t *at = put_head(begin_record(), 9, 'E', now, tracee);
    at = put_unsigned(at, info->entry.nr);
    at = put_array(at, 6);
    for (int i = 0; i < 6; i++) {
        tracee->arguments[i] = info->entry.args[i];
        at = put_unsigned(at, info->entry.args[i]);
    }
    at = put_memory(at, &call->plans[AT_ENTRY], tracee, 0);
    at = put_unsigned(at, info->instruction_pointer);
    at = put_unsigned(at, info->stack_pointer);
    end_record(at);
}

static void record_exit(const struct ptrace_syscall_info *info, const struct tracee *tracee, int64_t system_ns) {
    int failed = info->exit.is_error != 0;
    const struct plan *plan = &calls[tracee->number].plans[failed ? AFTER_ERROR : AT_EXIT];
    uint8_t *at = put_head(begin_record(), measured ? 11 : 7, 'X', now, tracee);
    at = put_signed(at, info->exit.rval);
    *at++ = failed ? 0xc3 : 0xc2;
    at = put_memory(at, plan, tracee, info->exit.rval);
    if (measured) {
        at = put_array(put_array(at, 0), 0); /* descriptors, names */
        *at++ = 0xa0;                        /* what was injected */
        at = put_signed(at, system_ns - tracee->system_ns);
    }
    end_record(at);
}

#endif
