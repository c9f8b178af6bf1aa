/* Calls that a signal breaks off, and how they go on. */
/* trace: -f */
/* trace: -f -T */
/* trace: -f -Z */
/* retry: timing */
#include "forms.h"
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

static void noted(int number) {}

static void handle(int number, int flags)
{
	struct sigaction action = {.sa_handler = noted, .sa_flags = flags};
	sigaction(number, &action, NULL);
}

static void soon(void)
{
	struct itimerval once = {.it_value = {0, 30000}};
	setitimer(ITIMER_REAL, &once, NULL);
}

int main(void)
{
	int ends[2];
	char some[8];
	struct timespec second = {1, 0}, brief = {0, 60000000}, left;
	struct timeval wait = {1, 0};
	socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
	handle(SIGALRM, 0);
	soon();
	read(ends[0], some, 8);
	soon();
	nanosleep(&second, &left);
	soon();
	nanosleep(&second, NULL);
	soon();
	clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL);
	soon();
	pause();
	soon();
	poll(NULL, 0, 1000);
	soon();
	ppoll(NULL, 0, &second, NULL);
	soon();
	select(0, NULL, NULL, NULL, &wait);
	soon();
	pselect(0, NULL, NULL, NULL, &second, NULL);
	soon();
	sigset_t none;
	sigemptyset(&none);
	sigsuspend(&none);
	soon();
	int waiting = epoll_create1(0);
	struct epoll_event event;
	epoll_wait(waiting, &event, 1, 1000);
	soon();
	int word = 5;
	syscall(SYS_futex, &word, FUTEX_WAIT, 5, NULL, NULL, 0);
	soon();
	syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &second, NULL, 0);
	soon();
	recv(ends[0], some, 8, 0);
	recv(ends[0], some, 8, MSG_DONTWAIT);
	soon();
	accept(ends[0], NULL, NULL);
	int file = open("locked", O_RDWR | O_CREAT, 0600);
	struct flock lock = {.l_type = F_WRLCK};
	fcntl(file, F_SETLKW, &lock);
	int pipes[2];
	pipe(pipes);
	soon();
	read(pipes[0], some, 8);
	soon();
	sigtimedwait(&none, NULL, &second);
	handle(SIGALRM, SA_RESTART);
	struct itimerspec later = {.it_value = {0, 90000000}};
	int timer = timerfd_create(CLOCK_MONOTONIC, 0);
	timerfd_settime(timer, 0, &later, NULL);
	soon();
	read(timer, some, 8);               /* begins anew, and gets what it waits for */
	soon();
	nanosleep(&brief, &left);           /* does not, even so */
	soon();
	poll(NULL, 0, 60);
	signal(SIGALRM, SIG_IGN);
	soon();
	nanosleep(&brief, &left);           /* nothing is broken off: nobody hears the signal */
	return 0;
}
