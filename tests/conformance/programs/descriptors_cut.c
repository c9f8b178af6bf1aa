/* trace: -f -e trace=read,write,readv,writev,preadv,fcntl,flock,splice,tee,vmsplice,sendfile,openat,copy_file_range */
/* trace: -f -a 80 -X verbose -e trace=read,write,readv,writev,fcntl,flock,splice,tee,vmsplice,sendfile,openat */
/* compare: thread */
#include "forms.h"
#include <sys/uio.h>
#include <sys/file.h>

/* Calls that wait: one is broken off by a signal, and begun again or not; then the process is killed in it. */

static int empty[2], full[2], file, locked;
static char text[65536];
static struct iovec vector[2] = {{text, 7}, {text + 7, 9}};
static struct flock lock = {F_WRLCK, SEEK_SET, 0, 10, 0};

static void reads(void) { syscall(SYS_read, empty[0], text, 5); }
static void writes(void) { syscall(SYS_write, full[1], "more", 4); }
static void read_vector(void) { syscall(SYS_readv, empty[0], vector, 2); }
static void write_vector(void) { syscall(SYS_writev, full[1], vector, 2); }
static void waits_for_lock(void) { syscall(SYS_fcntl, file, F_SETLKW, &lock); }
static void waits_for_own_lock(void) { syscall(SYS_fcntl, locked, F_OFD_SETLKW, &lock); }
static void waits_for_flock(void) { syscall(SYS_flock, locked, LOCK_EX); }
static void splices(void) { syscall(SYS_splice, empty[0], NULL, full[1], NULL, 10, 0); }
static void tees(void) { syscall(SYS_tee, empty[0], full[1], 10, 0); }
static void vmsplices(void) { syscall(SYS_vmsplice, full[1], vector, 2, 0); }
static void sends(void)
{
	loff_t offset = 1;
	syscall(SYS_sendfile, full[1], file, &offset, 10);
}
static void opens(void) { syscall(SYS_openat, AT_FDCWD, "fifo", O_RDONLY); }

static void (*const all[])(void) = {reads, writes, read_vector, write_vector, waits_for_lock, waits_for_own_lock,
	waits_for_flock, splices, tees, vmsplices, sends, opens};
#define COUNT (sizeof(all) / sizeof(*all))

static void handle(int number) {}

/* A child goes into its call, gets a signal there, and is killed, if it has not ended by itself. */
static void cut(void (*does)(void), int number)
{
	pid_t pid = syscall(SYS_fork);
	if (pid == 0) {
		does();
		syscall(SYS_exit_group, 0);
	}
	spin(25);
	kill(pid, number);
	spin(25);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(void)
{
	signal(SIGUSR1, handle);
	struct sigaction once = {.sa_handler = handle};
	sigaction(SIGUSR2, &once, NULL);
	pipe(empty);
	pipe(full);
	fcntl(full[1], F_SETFL, O_NONBLOCK);
	while (write(full[1], text, sizeof(text)) > 0)
		;
	fcntl(full[1], F_SETFL, 0);
	file = open("file", O_RDWR | O_CREAT, 0600);
	write(file, text, 100);
	fcntl(file, F_SETLKW, &lock);
	flock(file, LOCK_EX);
	locked = open("file", O_RDWR);
	mkfifo("fifo", 0600);
	for (unsigned i = 0; i < COUNT; i++)
		cut(all[i], SIGUSR1);
	cut(reads, SIGUSR2);
	cut(waits_for_lock, SIGUSR2);
	return 0;
}
