/* The tracer's hot loop, compiled: takes the syscall-stops of frequent calls, and hands every other stop over.

   It is the twin of capture/loop.py, for what needs no decision: a syscall-stop of the
   machine's own kind, of a call whose memory a table names (capture/reads.py). The records that it writes are
   those of records.py, as msgspec reads them. No Python in here: capture/compiled.py calls it through ctypes.

   ptrace(2), PTRACE_GET_SYSCALL_INFO (Linux 5.3); waitpid(2), __WALL; process_vm_readv(2). */

#define _GNU_SOURCE
#include <errno.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "model.h"
#include "msgpack.h"
enum {
    QUEUE = 256,
    TIDS = 1 << 22, /* PID_MAX_LIMIT of 64-bit kernels */
    TRACEES = 1 << 16,
    BUFFER = 20 << 20, /* address space; the largest record (16 MiB) always fits */
    FLUSH_AT = 1 << 15,
    ROW = 32,             /* so many stops in a row, and wait4 is waited in */
    TICK_NS = 10 * 1000000,
};

/* One process is one tracer, and one thread of it: all is static. What is not touched takes no memory. */
static struct call calls[CALLS];
static uint32_t places[TIDS]; /* 1 + place in `tracees`; 0 for none */
static struct tracee tracees[TRACEES];
static uint32_t vacant[TRACEES], vacancies, fresh_places, registered;
static uint8_t buffer[BUFFER];
static uint64_t own_arch, signals, few;
static int64_t sweep_every, pause_ns;
static int measured;

static struct stop queue[QUEUE];
static uint32_t queued, taken, unswept = 1, hidden;
static int64_t swept, now;

/* While stops come one upon the other, they are waited for in wait4 itself; the timer ends a wait in vain. */
static timer_t timer;
static int has_timer, in_a_row;
static uint64_t since_tick;

/* Read by capture/compiled.py. */
struct stop bst_stop;
int32_t bst_signal;
uint64_t bst_used;
uint64_t bst_stops; /* syscall-stops that were not handed over */

/* ptrace(2) itself: the C library's header and the kernel's do not go together. */
static long request(long what, int tid, uint64_t address, void *data) {
    return syscall(SYS_ptrace, what, (long)tid, address, data);
}

static int64_t monotonic(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

/* -- records */

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

/* -- stops */

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

/* -- waiting */

static struct tracee *find(int tid) {
    uint32_t place = tid >= 0 && tid < TIDS ? places[tid] : 0;
    return place ? &tracees[place - 1] : NULL;
}

static int reap(int pid, int options) {
    struct rusage usage;
    int status;
    pid_t tid = (pid_t)syscall(SYS_wait4, pid, &status, options | __WALL, measured ? &usage : NULL);
    if (tid <= 0)
        return 0;
    int64_t system_ns = measured ? (usage.ru_stime.tv_sec * 1000000LL + usage.ru_stime.tv_usec) * 1000 : 0;
    queue[queued++] = (struct stop){tid, status, system_ns};
    return 1;
}

/* Take all that is there, before the first of them runs on: on one CPU it would keep the others out.
   Where every tracee is registered, and each is in a syscall-stop (none in that of a fork), nobody else can be. */
static int sweep(uint64_t count) {
    uint64_t known = queued && queue[0].status == SYSCALL_STATUS && find(queue[0].tid);
    while (queued < QUEUE && !(registered == count && known == count) && reap(-1, WNOHANG))
        known += queue[queued - 1].status == SYSCALL_STATUS && find(queue[queued - 1].tid);
    unswept = queued == QUEUE;
    swept = monotonic();
    return queued > 0;
}

/* Wait for the next signal: SIGCHLD says who has stopped. */
static enum reason next_signal(int64_t patience, int *stopped) {
    sigset_t set;
    siginfo_t found;
    struct timespec span = {patience / 1000000000, patience % 1000000000};
    memset(&set, 0, sizeof set);
    memcpy(&set, &signals, sizeof signals);
    int number = patience < 0 ? sigwaitinfo(&set, &found) : sigtimedwait(&set, &found, &span);
    if (number < 0)
        return DRY;
    if (number != SIGCHLD) {
        bst_signal = number;
        return SIGNALLED;
    }
    *stopped = found.si_pid;
    return STOPPED;
}

static void on_tick(int number) { (void)number; }

/* Start or stop the timer. Its signal does nothing but to interrupt wait4. */
static void tick(int on) {
    struct itimerspec span = {{0, on ? TICK_NS : 0}, {0, on ? TICK_NS : 0}};
    if (!has_timer && on) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMAX};
        struct sigaction action = {.sa_handler = on_tick};
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMAX);
        has_timer = !sigaction(SIGRTMAX, &action, NULL) && !timer_create(CLOCK_MONOTONIC, &event, &timer) &&
                    !sigprocmask(SIG_UNBLOCK, &set, NULL);
    }
    if (has_timer)
        timer_settime(timer, 0, &span, NULL);
}

/* Fill the queue: capture/loop.py says how, and why. */
static enum reason gather(int64_t patience, int64_t until, uint64_t count) {
    queued = taken = 0;
    int is_few = count <= few, stopped = 0;
    int patient = is_few && (patience < 0 || patience >= pause_ns);
    if (bst_used && (patience < 0 || patience > pause_ns))
        patience = pause_ns; /* then what was recorded is written out */
    for (;;) {
        int64_t moment = monotonic();
        if (until && moment >= until)
            return TICK;
        if (patient && in_a_row == ROW && has_timer) {
            if (reap(-1, 0)) {
                since_tick++;
                sweep(count);
                return STOPPED;
            }
            in_a_row = since_tick ? ROW : 0; /* a tick; without a stop since the last, wait for signals again */
            since_tick = 0;
            unswept = 1;
            if (in_a_row && next_signal(0, &stopped) != SIGNALLED)
                continue;
            tick(in_a_row);
            if (in_a_row)
                return SIGNALLED;
        }
        if (unswept && (is_few || hidden || moment - swept > sweep_every)) {
            int found = sweep(count);
            hidden = found && !is_few;
            if (found) {
                in_a_row += in_a_row < ROW;
                if (in_a_row == ROW && patient)
                    tick(1);
                return STOPPED;
            }
        }
        int shortened = unswept && !(patience >= 0 && patience <= sweep_every);
        enum reason reason = next_signal(shortened ? sweep_every : patience, &stopped);
        if (reason == SIGNALLED)
            return reason;
        if (reason == DRY) {
            if (unswept && sweep(count))
                return STOPPED;
            if (!shortened)
                return DRY;
        } else {
            unswept = 1;
            if (!is_few && reap(stopped, WNOHANG))
                return STOPPED;
        }
    }
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
int bst_step(uint32_t number, int moment, int kind, int index, int size_index, uint32_t item, uint64_t most) {
    struct plan *plan = &calls[number].plans[moment];
    if (plan->count == STEPS || most * item > SCRATCH / STEPS - MAX_STRING)
        return 0;
    plan->steps[plan->count++] = (struct step){(uint8_t)kind, (uint8_t)index, (uint8_t)size_index, item, most};
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
