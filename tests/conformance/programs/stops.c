/* Processes that stop, and are continued. */
/* trace: -f */
/* trace: -f -e trace=none */
/* compare: thread */
/* retry: timing */
#include "forms.h"

static pid_t first;

static void continues(void) { kill(first, SIGCONT); }
static void stopped(void) { kill(getpid(), SIGSTOP); }
static void stopped_by_terminal(void) { kill(getpid(), SIGTSTP); }
static void noted(int number) {}

int main(void)
{
	int status;
	siginfo_t info;
	sigset_t children;
	first = getpid();
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	pid_t pid = child(continues);
	kill(first, SIGSTOP);
	waitpid(pid, NULL, 0);
	signal(SIGCONT, noted);
	pid = child(continues);
	kill(first, SIGTTIN);
	waitpid(pid, NULL, 0);
	pid = child(stopped);
	waitpid(pid, &status, WUNTRACED);
	spin(30);
	kill(pid, SIGCONT);
	spin(60);
	waitpid(pid, &status, WCONTINUED | WUNTRACED);
	waitpid(pid, &status, 0);
	pid = child(stopped_by_terminal);
	waitid(P_PID, pid, &info, WSTOPPED);
	spin(30);
	kill(pid, SIGKILL);
	waitid(P_PID, pid, &info, WEXITED);
	return 0;
}
