/* How a process of several threads ends, while some of them are in a call. */
/* trace: -f -- exit */
/* trace: -f -- kill */
/* trace: -f -- fault */
/* trace: -f -- other */
/* trace: -f -T -n -- exit */
/* compare: thread */
/* retry: timing */
#include "forms.h"

static int ends[2];

static int sleeper(void *unused)
{
	syscall(SYS_pause);
	return 0;
}

static int reader(void *unused)
{
	char one;
	read(ends[0], &one, 1);
	return 0;
}

static int leaver(void *unused)
{
	spin(60);
	syscall(SYS_exit_group, 5);
	return 0;
}

int main(int count, char **words)
{
	pipe(ends);
	thread(sleeper, NULL);
	spin(60);
	thread(reader, NULL);
	spin(60);
	if (!strcmp(words[1], "exit"))
		syscall(SYS_exit_group, 4);
	if (!strcmp(words[1], "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(words[1], "fault"))
		*(volatile int *)8 = 0;
	thread(leaver, NULL);
	pause();
	return 1;
}
