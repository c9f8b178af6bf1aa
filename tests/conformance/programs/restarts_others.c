/* Calls that other processes break off: by signals nobody handles, by stopping and continuing. */
/* trace: -f */
/* compare: thread */
/* retry: timing */
#include "forms.h"
#include <poll.h>

static pid_t first;
static int ends[2];

static void signals(void) { kill(first, SIGUSR1); }
static void answers(void) { write(ends[1], "answered", 8); }

static void stops(void)
{
	kill(first, SIGSTOP);
	spin(60);
	kill(first, SIGCONT);
}

static void noted(int number) {}

int main(void)
{
	char some[8];
	struct timespec long_enough = {0, 300000000}, left;
	sigset_t children;
	first = getpid();
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	pipe(ends);
	signal(SIGUSR1, SIG_IGN);
	child(signals);
	nanosleep(&long_enough, &left);
	wait(NULL);
	child(stops);
	nanosleep(&long_enough, &left);
	wait(NULL);
	child(stops);
	poll(NULL, 0, 300);
	wait(NULL);
	signal(SIGUSR1, noted);
	pid_t last = child(signals);
	pid_t second = syscall(SYS_fork);
	if (second == 0) {
		spin(250);
		answers();
		syscall(SYS_exit_group, 0);
	}
	read(ends[0], some, 8);
	waitpid(last, NULL, 0);
	waitpid(second, NULL, 0);
	second = syscall(SYS_fork);
	if (second == 0) {
		spin(250);
		answers();
		syscall(SYS_exit_group, 0);
	}
	pid_t third = child(stops);
	read(ends[0], some, 8);
	waitpid(second, NULL, 0);
	waitpid(third, NULL, 0);
	return 0;
}
