/* The tracer's hot loop, compiled: takes the syscall-stops of frequent calls, and hands every other stop over.

   It is the twin of capture/loop.py, for what needs no decision: a syscall-stop of the
   machine's own kind, of a call whose memory a table names (capture/reads.py). The records that it writes are
   those of records.py, as msgspec reads them. No Python in here: capture/compiled.py calls it through ctypes.

   ptrace(2), PTRACE_GET_SYSCALL_INFO (Linux 5.3); waitpid(2), __WALL; process_vm_readv(2). */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/ptrace.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "records.h"
#include "state.h"
#include "waiting.h"

/* ptrace(2) itself: the C library's header and the kernel's do not go together. */
static long request(long what, int tid, uint64_t address, void *data) {
    return syscall(SYS_ptrace, what, (long)tid, address, data);
}

/* Take a syscall-stop; 0 where it has to be handed over. */
static int plain_stop(struct tracee *tracee, int64_t system_ns) {
    struct ptrace_syscall_info info;
    if (request(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof info, &info) < 0)
        return errno == ESRCH; /* killed inside the stop: the wait status of its death comes next */
    now = monotonic();
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        const struct call *call = info.arch == own_arch && info.entry.nr < CALLS ? &calls[info.entry.nr] : NULL;
        if (!call || call->treatment == HAND_OVER) {
            tracee->inside = HANDED_OVER;
            return 0;
        }
        tracee->number = (uint32_t)info.entry.nr;
        tracee->system_ns = system_ns;
        tracee->inside = call->treatment == RECORD ? INSIDE : PASSED_OVER;
        if (call->treatment == RECORD)
            record_entry(&info, tracee, call);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        uint32_t inside = tracee->inside;
        tracee->inside = OUTSIDE;
        if (inside == HANDED_OVER || inside == OUTSIDE)
            return 0;
        if (inside == INSIDE)
            record_exit(&info, tracee, system_ns);
    } else {
        return 0;
    }
    bst_stops++;
    request(PTRACE_SYSCALL, tracee->tid, 0, NULL); /* ESRCH: as above */
    return 1;
}

/* -- what capture/compiled.py calls */

void bst_open(uint64_t arch, uint64_t waited_for, int measure, uint64_t few_tracees, int64_t sweep_ns,
              int64_t pause) {
    memset(calls, 0, sizeof calls);
    pause_ns = pause;
    own_arch = arch, signals = waited_for, measured = measure, few = few_tracees, sweep_every = sweep_ns;
}

void bst_call(uint32_t number, uint32_t treatment) {
    if (number < CALLS)
        calls[number].treatment = treatment;
}

/* Add to what is copied of a call; 0 where there is no room. */
int bst_step(uint32_t number, int moment, int kind, int index, int size_index, uint32_t item, uint64_t most,
             uint64_t choices) {
    struct plan *plan = &calls[number].plans[moment];
    if (plan->count == STEPS || most * (kind == CHOSEN ? 1 : item) > SCRATCH / STEPS - MAX_STRING)
        return 0;
    plan->steps[plan->count++] = (struct step){(uint8_t)kind, (uint8_t)index, (uint8_t)size_index, item, most, choices};
    return 1;
}

/* From now on take the plain stops of a tracee; `inside` says whether it is in a call that was handed over. */
void bst_register(int tid, int pid, uint32_t inside) {
    struct tracee *tracee = find(tid);
    if (!tracee) {
        if (tid < 0 || tid >= TIDS || (!vacancies && fresh_places == TRACEES))
            return;
        uint32_t place = vacancies ? vacant[--vacancies] : fresh_places++;
        places[tid] = place + 1;
        registered++;
        tracee = &tracees[place];
    }
    *tracee = (struct tracee){.tid = tid, .pid = pid, .inside = inside};
}

/* Hand every stop of a tracee over; returns what was known of it, for the moment, or NULL. */
struct tracee *bst_forget(int tid) {
    struct tracee *tracee = find(tid);
    if (tracee) {
        vacant[vacancies++] = places[tid] - 1;
        places[tid] = 0;
        registered--;
    }
    return tracee;
}

/* Put a record into the buffer; returns how many bytes wait there, 0 where it does not fit. */
uint64_t bst_append(const uint8_t *data, uint64_t size) {
    if (bst_used + 4 + size > BUFFER)
        return 0;
    memcpy(begin_record(), data, size);
    end_record(begin_record() + size);
    return bst_used;
}

uint8_t *bst_buffer(void) { return buffer; }

/* Take stops until something has to be done elsewhere. `until`: CLOCK_MONOTONIC, ns; `count`: of all tracees. */
int bst_run(int64_t patience, int64_t until, uint64_t count) {
    for (;;) {
        if (taken == queued) {
            enum reason reason = gather(patience, until, count);
            if (reason != STOPPED)
                return reason;
        }
        bst_stop = queue[taken++];
        struct tracee *tracee = bst_stop.status == SYSCALL_STATUS ? find(bst_stop.tid) : NULL;
        if (!tracee || !plain_stop(tracee, bst_stop.system_ns))
            return STOPPED;
        if (bst_used >= FLUSH_AT)
            return FULL;
    }
}
