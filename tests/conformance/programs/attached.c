/* The trace on standard error: who has joined is said in the midst of the call that made him. */
/* trace: -f */
/* trace: -f -q */
/* trace: -f -tt */
/* trace: -f -Y */
/* trace: */
/* output: stderr */
/* retry: timing */
#include "forms.h"
#include <linux/sched.h>

static void three(void) { syscall(SYS_exit_group, 3); }

static int runner(void *unused)
{
	spin(60);
	getuid();
	return 0;
}

int main(void)
{
	int status;
	pid_t pid;
	struct clone_args asked = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
		.parent_tid = (uintptr_t)&pid,
		.child_tid = (uintptr_t)&status,
		.exit_signal = SIGCHLD,
	};
	getuid();
	pid = child(three);
	spin(20);
	waitpid(pid, &status, 0);
	getuid();
	if (syscall(SYS_clone3, &asked, sizeof asked) == 0) {
		spin(60);
		write(2, "from the child\n", 15);
		kill(getpid(), SIGTERM);
	}
	spin(20);
	wait(&status);
	thread(runner, NULL);
	spin(20);
	struct timespec moment = {0, 150000000};
	nanosleep(&moment, NULL);
	write(2, "no end of line", 14);
	return 0;
}
