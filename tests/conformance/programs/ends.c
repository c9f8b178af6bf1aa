/* How a process ends. */
/* trace: -f -- exit 0 */
/* trace: -f -- exit 255 */
/* trace: -f -- exit 256 */
/* trace: -f -- signal 15 */
/* trace: -f -- signal 9 */
/* trace: -f -- signal 6 */
/* trace: -f -- signal 34 */
/* trace: -f -- signal 36 */
/* trace: -f -- signal 64 */
/* trace: -- fault */
/* trace: -- trap */
/* trace: -q -- exit 1 */
/* trace: -qq -- exit 1 */
/* trace: -qq -- signal 15 */
/* trace: -qqq -- signal 15 */
/* trace: -e quiet=all -- exit 1 */
/* trace: -f -- first */
/* trace: -f -- alone */
#include "forms.h"

static int sleeper(void *unused)
{
	syscall(SYS_pause);
	return 0;
}

static int leaver(void *unused)
{
	spin(60);
	syscall(SYS_exit_group, 5);
	return 0;
}

static int late(void *unused)
{
	spin(60);
	return 9;
}

int main(int count, char **words)
{
	if (!strcmp(words[1], "exit"))
		syscall(SYS_exit_group, atoi(words[2]));
	if (!strcmp(words[1], "signal"))
		kill(getpid(), atoi(words[2]));
	if (!strcmp(words[1], "fault"))
		*(volatile int *)8 = 0;
	if (!strcmp(words[1], "trap"))
		__asm__ volatile("ud2");
	if (!strcmp(words[1], "first")) {  /* the first thread leaves, another ends all */
		thread(leaver, NULL);
		syscall(SYS_exit, 3);
	}
	if (!strcmp(words[1], "alone")) {  /* the first thread leaves, and another after it */
		thread(late, NULL);
		syscall(SYS_exit, 3);
	}
	return 1;
}
