/* What the hot loop knows: calls with what is copied of them, tracees, stops. */

#ifndef BSTRACE_MODEL_H
#define BSTRACE_MODEL_H

#include <signal.h>
#include <stdint.h>

enum {
    CALLS = 512,
    STEPS = 4,
    SCRATCH = 4 << 20,
    PAGE = 4096,
    FIRST_PIECE = 256,
    MAX_STRING = 4096,
    SYSCALL_STATUS = (SIGTRAP | 0x80) << 8 | 0x7f,
};

/* What to do at the stops of a call. */
enum treatment { HAND_OVER, PASS_OVER, RECORD };

/* What is copied: capture/reads.py says what each means. */
enum kind { TEXT, FIXED, SIZED, BUFFERED, FILLED, CHOSEN };

/* When: the plans of a call. */
enum moment { AT_ENTRY, AT_EXIT, AFTER_ERROR, MOMENTS };

struct step {
    uint8_t kind, index, size_index;
    uint32_t item;
    uint64_t most, choices;
};

struct plan {
    uint32_t count;
    struct step steps[STEPS];
};

struct call {
    uint32_t treatment;
    struct plan plans[MOMENTS];
};

/* Which call a tracee is inside of, as far as this loop knows. */
enum inside { OUTSIDE, INSIDE, HANDED_OVER, PASSED_OVER };

struct tracee {
    int32_t tid, pid;
    uint32_t inside, number;
    uint64_t arguments[6];
    int64_t system_ns; /* of its process, at the entry of its call */
};

struct stop {
    int32_t tid, status;
    int64_t system_ns;
};

/* Why bst_run returns: capture/loop.py. */
enum reason { DRY, STOPPED, FULL, SIGNALLED, TICK };

#endif
