/* trace: -e trace=wait4,waitid,getrusage,times */
/* trace: -v -e trace=wait4,waitid,getrusage,times */
/* trace: -v -X verbose -e trace=wait4,waitid,getrusage,times */
/* trace: -X raw -e trace=wait4,waitid,getrusage,times */
/* trace: -e verbose=none -e trace=wait4,waitid,getrusage,times */
/* trace: -e raw=getrusage -e trace=wait4,waitid,getrusage */
/* trace: -y -e trace=waitid */
/* mask: (?:ru|tms)_\w+=(\d+(?: .. [\d.]+ s ..)?) */
/* mask: tv_u?sec=(\d+) */
/* mask: times\(.*= (\d+)$ */
/* mask: (\{ru_utime=\{tv_sec=.*?\}\}) */
/* mask: (0x[0-9a-f]{9,}) */
#include "forms.h"
#include <sys/ptrace.h>
#include <sys/resource.h>

static pid_t ending(int how)
{
	pid_t pid = syscall(SYS_fork);
	if (pid == 0) {
		if (how < 0) {
			signal(-how, SIG_DFL);
			syscall(SYS_kill, syscall(SYS_getpid), -how);
		}
		syscall(SYS_exit_group, how);
	}
	return pid;
}

/* A child that is traced, for the wait statuses of events. */
static void traced(long options, void (*does)(void))
{
	int status;
	pid_t pid = syscall(SYS_fork);
	if (pid == 0) {
		syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
		syscall(SYS_kill, syscall(SYS_getpid), SIGSTOP);
		does();
		syscall(SYS_exit_group, 0);
	}
	syscall(SYS_wait4, pid, &status, 0, NULL);
	syscall(SYS_ptrace, PTRACE_SETOPTIONS, pid, 0, options);
	for (int i = 0; i < 8; i++) {
		syscall(SYS_ptrace, i < 3 ? PTRACE_SYSCALL : PTRACE_CONT, pid, 0, 0);
		if (syscall(SYS_wait4, pid, &status, __WALL, NULL) < 0 || WIFEXITED(status) || WIFSIGNALED(status))
			break;
	}
}

static void nothing(void)
{
	syscall(SYS_getpid);
}

int main(void)
{
	char *end = edge();
	int status = 0x12345678;
	struct rusage used;
	char info[128];
	static const int ways[] = {0, 1, 77, 255, -9, -15, -6, -11, -10, -64};
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	/* No signal comes between: when it would come is not sure. */
	unsigned long set = 1 << SIGCHLD - 1;
	syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
	for (int i = 0; i < 10; i++) {
		pid_t pid = ending(ways[i]);
		syscall(SYS_waitid, i % 2 ? P_PID : P_ALL, pid, info, WEXITED | WNOWAIT, i % 3 ? &used : NULL);
		syscall(SYS_wait4, i % 2 ? pid : -1, i == 3 ? NULL : i == 4 ? (void *)(end - 4) : &status, i % 3 ? 0 : __WALL,
			i % 2 ? &used : NULL);
	}
	pid_t pid = ending(3);
	syscall(SYS_waitid, P_ALL, pid, end - 127, WEXITED | WNOWAIT, NULL);
	syscall(SYS_wait4, pid, &status, 0, end - 143);
	pid = syscall(SYS_fork);
	if (pid == 0)
		for (;;)
			syscall(SYS_pause);
	syscall(SYS_wait4, pid, &status, WNOHANG, &used);
	syscall(SYS_waitid, P_PID, pid, info, WEXITED | WNOHANG, &used);
	syscall(SYS_kill, pid, SIGSTOP);
	syscall(SYS_wait4, pid, &status, WUNTRACED, NULL);
	syscall(SYS_kill, pid, SIGCONT);
	syscall(SYS_wait4, -getpgrp(), &status, WCONTINUED, &used);
	syscall(SYS_kill, pid, SIGKILL);
	syscall(SYS_waitid, P_PGID, 0, info, WEXITED | WNOWAIT | __WALL, NULL);
	syscall(SYS_wait4, 0, &status, __WCLONE | __WALL, NULL);
	traced(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXIT, nothing);
	traced(0, nothing);

	syscall(SYS_wait4, -1, &status, 0, &used);
	syscall(SYS_wait4, 0x7ffffffe, NULL, -1, NULL);
	syscall(SYS_wait4, -0x7ffffffe, BAD, 0x10, BAD);
	syscall(SYS_waitid, 3, 0, info, WEXITED, NULL);
	syscall(SYS_waitid, 3, -1, NULL, 0, NULL);
	syscall(SYS_waitid, 4, -1, info, -1, &used);
	syscall(SYS_waitid, -1, 77, BAD, 0x1000000, BAD);
	syscall(SYS_waitid, P_PID, 0x7ffffffe, end - 1, WEXITED, end - 1);
	syscall(SYS_waitid, P_PGID, 0x7ffffffe, NULL, WEXITED, NULL);
	static const unsigned whose[] = {0, 1, -1, -2, 2, 0x80000000};
	for (int i = 0; i < 6; i++)
		syscall(SYS_getrusage, whose[i], i ? end - 144 : end - 143);
	syscall(SYS_getrusage, 0, NULL);
	syscall(SYS_times, end - 32);
	syscall(SYS_times, end - 31);
	syscall(SYS_times, NULL);
	return 0;
}
