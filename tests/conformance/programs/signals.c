/* Signals: who sent them, with what value, and what became of them. */
/* trace: -f */
/* trace: -f -e trace=none */
/* trace: -f -e signal=SIGUSR1,SIGSEGV */
/* trace: -f -e signal=!SIGUSR1 */
/* trace: -f -e signal=none */
#include "forms.h"
#include <sys/timerfd.h>

static sigjmp_buf back;
static volatile char *nowhere;

static void noted(int number, siginfo_t *info, void *context) {}

static void jump(int number, siginfo_t *info, void *context)
{
	siglongjmp(back, number);
}

static void handle(int number, void (*with)(int, siginfo_t *, void *), int flags)
{
	struct sigaction action = {.sa_sigaction = with, .sa_flags = SA_SIGINFO | flags};
	sigaddset(&action.sa_mask, SIGUSR2);
	sigaction(number, &action, NULL);
}

static void queue(int number, int code, void *value)
{
	siginfo_t info = {0};
	info.si_signo = number;
	info.si_code = code;
	info.si_uid = 7;
	info.si_value.sival_ptr = value;
	syscall(SYS_rt_sigqueueinfo, getpid(), number, &info);
}

int main(void)
{
	handle(SIGUSR1, noted, SA_RESTART);
	handle(SIGUSR2, noted, 0);
	handle(SIGRTMIN, noted, SA_NODEFER);
	handle(SIGRTMIN + 7, noted, SA_RESETHAND | SA_ONSTACK);
	handle(SIGRTMAX, noted, 0);
	handle(SIGALRM, noted, 0);
	handle(SIGPIPE, noted, 0);
	handle(SIGIO, noted, 0);
	handle(SIGSYS, noted, 0);
	kill(getpid(), SIGUSR1);
	raise(SIGUSR2);
	syscall(SYS_tkill, getpid(), SIGUSR1);
	union sigval value = {.sival_int = 42};
	sigqueue(getpid(), SIGUSR1, value);
	value.sival_ptr = (void *)0x123456789abc;
	sigqueue(getpid(), SIGRTMIN, value);
	sigqueue(getpid(), SIGRTMAX, value);
	sigqueue(getpid(), SIGRTMIN + 7, value);
	queue(SIGUSR1, SI_MESGQ, NULL);
	queue(SIGUSR1, SI_ASYNCIO, (void *)-1);
	queue(SIGUSR1, SI_SIGIO, NULL);
	queue(SIGUSR1, SI_ASYNCNL, NULL);
	queue(SIGUSR1, -99, (void *)5);
	queue(SIGRTMIN, SI_TIMER, (void *)5);
	queue(SIGUSR1, 5, NULL);
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, NULL);
	syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD);
	signal(SIGHUP, SIG_IGN);
	kill(getpid(), SIGHUP);
	kill(getpid(), SIGCHLD);
	kill(getpid(), SIGURG);
	kill(getpid(), 0);
	kill(getpid(), 65);
	kill(getpid(), -1);
	kill(0x7fffffff, SIGTERM);
	sigset_t some;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR1);
	sigaddset(&some, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &some, NULL);
	kill(getpid(), SIGUSR1);
	sigqueue(getpid(), SIGRTMIN, value);
	sigpending(&some);
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	sigfillset(&some);
	sigprocmask(SIG_SETMASK, &some, NULL);
	kill(getpid(), SIGUSR2);
	siginfo_t got;
	sigwaitinfo(&some, &got);
	struct timespec soon = {0, 1000};
	sigtimedwait(&some, &got, &soon);
	sigemptyset(&some);
	sigprocmask(SIG_SETMASK, &some, NULL);
	struct itimerval once = {.it_value = {0, 1000}};
	sigaddset(&some, SIGALRM);
	sigaddset(&some, SIGUSR1);
	sigprocmask(SIG_SETMASK, &some, NULL);
	sigemptyset(&some);
	setitimer(ITIMER_REAL, &once, NULL);
	sigsuspend(&some);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1, .sigev_value = {.sival_int = 9}};
	timer_t timer;
	timer_create(CLOCK_MONOTONIC, &event, &timer);
	struct itimerspec after = {.it_value = {0, 1000000}};
	timer_settime(timer, 0, &after, NULL);
	sigsuspend(&some);
	timer_delete(timer);
	sigprocmask(SIG_SETMASK, &some, NULL);
	int ends[2];
	pipe(ends);
	fcntl(ends[0], F_SETFL, O_ASYNC);
	fcntl(ends[0], F_SETOWN, getpid());
	write(ends[1], "io", 2);
	fcntl(ends[0], F_SETSIG, SIGUSR1);
	write(ends[1], "io", 2);
	close(ends[0]);
	write(ends[1], "nobody", 6);
	handle(SIGSEGV, jump, SA_NODEFER);
	handle(SIGFPE, jump, SA_NODEFER);
	handle(SIGILL, jump, SA_NODEFER);
	handle(SIGBUS, jump, SA_NODEFER);
	handle(SIGTRAP, jump, SA_NODEFER);
	if (!sigsetjmp(back, 0))
		*(volatile char *)0x10 = 1;
	if (!sigsetjmp(back, 0))
		*(edge()) = 1;
	if (!sigsetjmp(back, 0))
		*(volatile char *)0x8000000000000000 = 1;
	if (!sigsetjmp(back, 0))
		__asm__ volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; idiv %%ecx" ::: "eax", "ecx", "edx");
	if (!sigsetjmp(back, 0))
		__asm__ volatile("ud2");
	if (!sigsetjmp(back, 0))
		__asm__ volatile("int3");
	if (!sigsetjmp(back, 0))
		__asm__ volatile("hlt");
	int file = open("file", O_RDWR | O_CREAT, 0600);
	char *mapped = mmap(NULL, 8192, PROT_READ, MAP_SHARED, file, 0);
	if (!sigsetjmp(back, 0))
		nowhere = mapped + 4096, *nowhere;
	return 0;
}
