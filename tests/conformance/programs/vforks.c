/* vfork: the parent waits in the call until its child ends or becomes another program. */
/* trace: -f */
/* trace: -f -e trace=vfork */
/* trace: */
/* compare: thread */
/* retry: timing */
#include "forms.h"

int main(int count, char **words)
{
	char *again[] = {"itself", "again", NULL};
	if (count > 1)
		return 3;
	sigset_t children;
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	if (vfork() == 0)
		_exit(7);
	wait(NULL);
	if (vfork() == 0)
		kill(getpid(), SIGKILL);
	wait(NULL);
	if (vfork() == 0)
		execv(words[0], again);
	wait(NULL);
	return 0;
}
