/* trace: -e trace=none */
/* trace: -X verbose -e trace=none */
/* trace: -X raw -e trace=none */
/* compare: thread */
/* mask: si_timerid=0, si_overrun=(\d+) */
#include "forms.h"
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static sigjmp_buf back;

static void handler(int number, siginfo_t *info, void *context)
{
	if (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL)
		siglongjmp(back, 1);
}

static void faults(char *end)
{
	volatile int zero = 0;
	char *file = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, open("/proc/self/exe", O_RDONLY) + 0 * zero, 1 << 28);
	if (!sigsetjmp(back, 1))
		*(volatile char *)0x1234 = 1;
	if (!sigsetjmp(back, 1))
		*end = 1;
	if (!sigsetjmp(back, 1))
		*(volatile char *)0xdeadbeefdeadbeef = 1;
	if (!sigsetjmp(back, 1))
		zero = *file;
	if (!sigsetjmp(back, 1))
		zero = 7 / zero;
	if (!sigsetjmp(back, 1))
		__builtin_trap();
	__asm__ volatile("int3");
}

/* The system calls that this filter stops come as SIGSYS. */
static void trapped(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {4, all};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	syscall(SYS_getppid);
}

static void sent(void)
{
	union sigval value = {.sival_ptr = (void *)0x1ffffffff};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 3, .sigev_value = value};
	struct itimerspec once = {{0, 0}, {0, 1}};
	struct itimerval soon = {{0, 0}, {0, 1}};
	timer_t timer;
	int ends[2];
	raise(SIGUSR1);
	kill(getpid(), SIGHUP);
	sigqueue(getpid(), SIGUSR2, value);
	value.sival_ptr = NULL;
	sigqueue(getpid(), SIGUSR2, value);
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	timer_settime(timer, 0, &once, NULL);
	spin(3);
	setitimer(ITIMER_REAL, &soon, NULL);
	spin(3);
	pipe(ends);
	fcntl(ends[0], F_SETOWN, getpid());
	fcntl(ends[0], F_SETFL, O_ASYNC);
	write(ends[1], "x", 1);
	fcntl(ends[0], F_SETSIG, SIGRTMIN + 1);
	write(ends[1], "x", 1);
	fcntl(ends[0], F_SETSIG, SIGIO);
	write(ends[1], "x", 1);
	write(-1, "", 0);
	close(ends[0]);
	write(ends[1], "x", 1);
}

static void children(void)
{
	int how[] = {0, 3, -SIGTERM, -SIGSEGV};
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	syscall(SYS_getpgid, getpid());
	syscall(SYS_kill, getpid(), 0);
	syscall(SYS_kill, -getpgrp(), 0);
	syscall(SYS_kill, 0, 0);
	syscall(SYS_prlimit64, getpid(), 7, NULL, NULL);
	syscall(SYS_pidfd_open, getpid(), 0);
	for (int i = 0; i < 4; i++) {
		pid_t pid = syscall(SYS_fork);
		if (pid == 0) {
			if (how[i] < 0) {
				signal(-how[i], SIG_DFL);
				syscall(SYS_kill, syscall(SYS_getpid), -how[i]);
			}
			syscall(SYS_exit_group, how[i]);
		}
		syscall(SYS_wait4, pid, NULL, 0, NULL);
	}
}

int main(void)
{
	char *end = edge();
	struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
	for (int number = 1; number <= 64; number++)
		sigaction(number, &action, NULL);
	faults(end);
	sent();
	children();
	trapped();
	return 0;
}
