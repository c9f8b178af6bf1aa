/* Pointers that cannot be read, or only so far. */
/* trace: -e trace=write,openat,rt_sigaction,nanosleep,writev,readv,execve,getcwd,pipe2,socketpair,poll */
/* trace: -v -e trace=write,openat,rt_sigaction,nanosleep,writev,readv,execve,getcwd,pipe2,socketpair,poll */
/* trace: -e trace=write,openat,writev -xx -s 8 */
#include "forms.h"
#include <poll.h>
#include <sys/uio.h>

int main(void)
{
	char *end = edge();
	int nowhere = open("/dev/null", O_WRONLY);
	write(nowhere, NULL, 0);
	write(nowhere, NULL, 5);
	write(nowhere, BAD, 5);
	write(nowhere, (void *)-1, 5);
	write(nowhere, end - 3, 3);
	write(nowhere, end - 3, 8);
	write(nowhere, end - 3, 100);
	write(nowhere, end - 40, 100);
	write(nowhere, end - 3, 0);
	write(-1, "closed", 6);
	write(nowhere, "wide", -1);
	strcpy(end - 5, "path");
	openat(AT_FDCWD, end - 5, O_RDONLY);
	memset(end - 5, 'u', 5);
	openat(AT_FDCWD, end - 5, O_RDONLY);
	memset(end - 50, 'u', 50);
	openat(AT_FDCWD, end - 50, O_RDONLY);
	openat(AT_FDCWD, NULL, O_RDONLY);
	openat(AT_FDCWD, BAD, O_RDONLY);
	openat(AT_FDCWD, end, O_RDONLY);
	openat(-5, "relative", O_RDONLY);
	openat(1000000, "relative", O_RDONLY);
	syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR1, end - 8, NULL, 8);
	syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8);
	syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 9);
	syscall(SYS_rt_sigaction, 0, NULL, NULL, 8);
	syscall(SYS_rt_sigaction, 65, NULL, NULL, 8);
	syscall(SYS_rt_sigaction, 64, NULL, NULL, 8);
	nanosleep(BAD, NULL);
	nanosleep(NULL, NULL);
	nanosleep((void *)(end - 8), NULL);
	struct timespec never = {-1, 2000000000};
	nanosleep(&never, NULL);
	struct iovec *vector = (struct iovec *)end - 2;
	vector[0] = (struct iovec){"first", 5};
	vector[1] = (struct iovec){BAD, 5};
	writev(nowhere, vector, 1);
	writev(nowhere, vector, 2);
	writev(nowhere, vector, 3);
	writev(nowhere, NULL, 0);
	writev(nowhere, NULL, 2);
	writev(nowhere, BAD, 2);
	writev(nowhere, vector, -1);
	readv(nowhere, vector, 2);
	getcwd(BAD, 100);
	getcwd(NULL, 0);
	pipe2(BAD, 0);
	pipe2((void *)(end - 4), O_CLOEXEC);
	poll(BAD, 1, 0);
	poll(NULL, 0, 0);
	struct pollfd *asked = (struct pollfd *)end - 2;
	asked[0] = (struct pollfd){nowhere, POLLOUT};
	asked[1] = (struct pollfd){-1, POLLIN | POLLPRI};
	poll(asked, 2, 0);
	poll(asked, 3, 0);
	syscall(SYS_execve, NULL, NULL, NULL);
	syscall(SYS_execve, BAD, BAD, BAD);
	char **words = (char **)end - 3;
	words[0] = "zero";
	words[1] = BAD;
	words[2] = "two";
	syscall(SYS_execve, "/nonexistent", words, words);
	words[1] = "one";
	syscall(SYS_execve, "/nonexistent", words, words);
	return 0;
}
