/* Waiting for stops: capture/loop.py says how, and why. */

#ifndef BSTRACE_WAITING_H
#define BSTRACE_WAITING_H

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "state.h"

enum {
    QUEUE = 256,
    ROW = 32, /* so many stops in a row, and wait4 is waited in */
    TICK_NS = 10 * 1000000,
};

static struct stop queue[QUEUE];
static uint32_t queued, taken, unswept = 1, hidden;
static int64_t swept;

/* While stops come one upon the other, they are waited for in wait4 itself, without a signal each; the timer
   ends a wait in vain, and lets other signals be seen. */
static timer_t timer;
static int has_timer, in_a_row;
static uint64_t since_tick;

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

#endif
