/* Children: how they come, how they end, and what their parent hears of it. */
/* trace: -f */
/* trace: -f -e trace=process */
/* trace: -f -e quiet=attach,exit */
/* trace: -f -y -T */
/* trace: -f -Y */
/* trace: -f -e trace=wait4,waitid -e signal=none */
#include "forms.h"
#include <sys/resource.h>

static void nothing(void) {}
static void three(void) { syscall(SYS_exit_group, 3); }
static void terminated(void) { syscall(SYS_tkill, getpid(), SIGTERM); }
static void real_time(void) { kill(getpid(), SIGRTMIN + 2); }
static void aborted(void) { kill(getpid(), SIGABRT); }
static void killed(void) { kill(getpid(), SIGKILL); }
static void faulted(void) { *(volatile int *)0; }

int main(void)
{
	int status;
	siginfo_t info;
	struct rusage used;
	memset(&info, 0, sizeof info);
	child(nothing);
	wait(NULL);
	child(three);
	wait4(-1, &status, 0, &used);
	waitpid(child(terminated), &status, 0);
	waitpid(child(real_time), &status, __WALL);
	waitpid(child(aborted), &status, __WNOTHREAD);
	waitpid(child(killed), &status, 0);
	child(faulted);
	waitid(P_ALL, 0, &info, WEXITED | WSTOPPED | WCONTINUED);
	pid_t pid = child(three);
	syscall(SYS_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &used);
	waitid(P_PID, pid, NULL, WEXITED);
	signal(SIGCHLD, SIG_IGN);
	child(nothing);
	wait(&status);
	signal(SIGCHLD, nothing);
	child(three);
	wait(&status);
	signal(SIGCHLD, SIG_DFL);
	pid = child(three);
	waitpid(pid, &status, WNOHANG);
	waitid(P_PID, pid, &info, WEXITED | WNOHANG);
	wait(BAD);
	wait(&status);
	waitid(P_ALL, 0, &info, WEXITED);
	waitid(99, 1, BAD, 0x55000000);
	wait4(-1, BAD, 0xff, BAD);
	wait4(0, NULL, 0, NULL);
	wait4(0x80000000, NULL, 0, NULL);
	pid = syscall(SYS_clone, SIGUSR1 | CLONE_FILES | CLONE_PARENT_SETTID, NULL, &status, NULL, NULL);
	if (pid == 0) {
		spin(60);
		_exit(0);
	}
	signal(SIGUSR1, SIG_IGN);
	waitpid(pid, &status, __WCLONE);
	syscall(SYS_clone, CLONE_THREAD, NULL, NULL, NULL, NULL);
	syscall(SYS_clone, SIGCHLD | CLONE_NEWNS | CLONE_FS, NULL, NULL, NULL, NULL);
	syscall(SYS_clone3, NULL, 0);
	syscall(SYS_clone3, BAD, 88);
	return 0;
}
