/* What a ZeroMQ program does at its start, as the dump in the assignment's report shows it: a case for each form. */
/* trace: -f */
/* compare: thread */
/* retry: timing */
#include "forms.h"
#include <asm/prctl.h>
#include <dirent.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <netdb.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>

static int waiting, woken;

static void *reaper(void *unused)
{
	struct sched_param parameter;
	struct epoll_event events[4];
	sigset_t all;
	sigfillset(&all);
	spin(60);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	pid_t tid = syscall(SYS_gettid);
	syscall(SYS_sched_getparam, tid, &parameter);
	syscall(SYS_sched_getscheduler, tid);
	syscall(SYS_sched_setscheduler, tid, SCHED_OTHER, &parameter);
	prctl(PR_SET_NAME, "ZMQbg/Reaper");
	epoll_wait(waiting, events, 4, -1);
	spin(100);
	return NULL;
}

int main(void)
{
	struct stat status;
	struct rlimit limit;
	char some[4096];
	cpu_set_t processors;
	pthread_t thread;
	syscall(SYS_arch_prctl, 0x3001, some);
	syscall(SYS_arch_prctl, ARCH_GET_FS, some);
	access("/etc/ld.so.preload", R_OK);
	int file = openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC);
	fstatat(file, "", &status, AT_EMPTY_PATH);
	char *mapped = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	pread(file, some, 48, 16);
	close(file);
	mmap(mapped, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1, 0);
	mprotect(mapped, 4096, PROT_NONE);
	munmap(mapped, status.st_size);
	prlimit(0, RLIMIT_STACK, NULL, &limit);
	prlimit(getpid(), RLIMIT_NOFILE, &limit, NULL);
	syscall(SYS_getrandom, some, 8, GRND_NONBLOCK);
	syscall(SYS_futex, some, FUTEX_WAKE_PRIVATE, 2147483647, NULL, NULL, 0);
	file = open("/sys/devices/system/cpu", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_DIRECTORY);
	fstatat(file, "", &status, AT_EMPTY_PATH);
	close(file);
	file = open(".", O_RDONLY | O_DIRECTORY);
	syscall(SYS_getdents64, file, some, sizeof some);
	syscall(SYS_getdents64, file, some, sizeof some);
	close(file);
	getpid();
	syscall(SYS_sched_getaffinity, getpid(), 128, &processors);
	fstatat(AT_FDCWD, "/", &status, 0);
	fstatat(AT_FDCWD, "/lib/tls/x86_64", &status, 0);
	openat(AT_FDCWD, "/lib/tls/libnss_db.so.2", O_RDONLY | O_CLOEXEC);
	woken = eventfd(0, EFD_CLOEXEC);
	fcntl(woken, F_GETFL);
	fcntl(woken, F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(woken, F_GETFL);
	waiting = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.data.u64 = 0x7fff12345678};
	epoll_ctl(waiting, EPOLL_CTL_ADD, woken, &event);
	event.events = EPOLLIN;
	epoll_ctl(waiting, EPOLL_CTL_MOD, woken, &event);
	pthread_create(&thread, NULL, reaper, NULL);
	struct pollfd asked = {woken, POLLIN};
	poll(&asked, 1, 180);
	uint64_t one = 1;
	write(woken, &one, 8);
	pthread_join(thread, NULL);
	fstatat(0, "", &status, AT_EMPTY_PATH);
	fstatat(1, "", &status, AT_EMPTY_PATH);
	int ends[2];
	pipe(ends);
	lseek(ends[0], -1, SEEK_CUR);
	write(1, "Commands:\n", 10);
	return 0;
}
