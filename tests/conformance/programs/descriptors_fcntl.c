/* trace: -e trace=fcntl */
/* trace: -X verbose -e trace=fcntl */
/* trace: -X raw -e trace=fcntl */
/* trace: -y -e trace=fcntl */
/* trace: -e verbose=none -e trace=fcntl */
/* trace: -e raw=fcntl -e trace=fcntl */
#include "forms.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const int commands[] = {F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN,
	F_SETSIG, F_GETSIG, 12, 13, 14, F_SETOWN_EX, F_GETOWN_EX, 17, 36, 37, 38, 39, 1024, 1025, 1026, 1027, 1029, 1030, 1031,
	1032, 1033, 1034, 1035, 1036, 1037, 1038, -1, 0x7fffffff};

static void every(int file, unsigned long value)
{
	for (unsigned i = 0; i < COUNT(commands); i++)
		syscall(SYS_fcntl, file, commands[i], value);
}

static void locks(int file, char *end)
{
	static struct flock lock;
	static const int kinds[] = {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW};
	for (unsigned i = 0; i < COUNT(kinds); i++) {
		lock = (struct flock){F_WRLCK, SEEK_SET, 5, 10, 0};
		syscall(SYS_fcntl, file, kinds[i], &lock);
		lock = (struct flock){F_RDLCK, SEEK_END, -1, -1, 77};
		syscall(SYS_fcntl, -1, kinds[i], &lock);
		lock = (struct flock){-1, -1, 1UL << 63, -1, -1};
		syscall(SYS_fcntl, file, kinds[i], &lock);
		lock = (struct flock){8, 4, 0, 0, 0};
		syscall(SYS_fcntl, file, kinds[i], &lock);
		syscall(SYS_fcntl, file, kinds[i], NULL);
		syscall(SYS_fcntl, file, kinds[i], BAD);
		syscall(SYS_fcntl, file, kinds[i], end - 32);
		syscall(SYS_fcntl, file, kinds[i], end - 31);
	}
}

int main(void)
{
	char *end = edge();
	int file = syscall(SYS_memfd_create, "file", 2), pair[2];
	ftruncate(file, 100);
	pipe(pair);
	locks(file, end);
	every(-1, 0);
	every(-1, -1);
	every(-1, 0x123456789);
	every(-1, (unsigned long)(end - 8));
	for (unsigned i = 0; i < 8; i++) {
		syscall(SYS_fcntl, -1, F_SETFD, i);
		syscall(SYS_fcntl, -1, F_SETFL, 1 << 2 * i + 1);
		syscall(SYS_fcntl, -1, F_SETFL, 0x400000 << i | i);
		syscall(SYS_fcntl, -1, F_SETSIG, i * 10);
		syscall(SYS_fcntl, -1, F_SETLEASE, i);
		syscall(SYS_fcntl, -1, F_NOTIFY, 1UL << 4 * i);
		syscall(SYS_fcntl, -1, F_ADD_SEALS, 1 << i);
		syscall(SYS_fcntl, -1, F_SETOWN, -(int)i);
		int owner[] = {i, 5 - i};
		syscall(SYS_fcntl, -1, F_SETOWN_EX, owner);
	}
	syscall(SYS_fcntl, file, F_GETFD);
	syscall(SYS_fcntl, file, F_SETFD, 1);
	syscall(SYS_fcntl, file, F_GETFD);
	syscall(SYS_fcntl, file, F_GETFL);
	syscall(SYS_fcntl, pair[0], F_SETFL, O_NONBLOCK | O_APPEND);
	syscall(SYS_fcntl, pair[0], F_GETFL);
	syscall(SYS_fcntl, pair[1], F_GETFL);
	syscall(SYS_fcntl, pair[1], F_SETPIPE_SZ, 65536);
	syscall(SYS_fcntl, pair[1], F_GETPIPE_SZ);
	syscall(SYS_fcntl, file, F_GET_SEALS);
	syscall(SYS_fcntl, file, F_ADD_SEALS, 6);
	syscall(SYS_fcntl, file, F_GET_SEALS);
	syscall(SYS_fcntl, pair[0], F_GETOWN);
	syscall(SYS_fcntl, pair[0], F_SETOWN, 1);
	syscall(SYS_fcntl, pair[0], F_GETOWN);
	syscall(SYS_fcntl, pair[0], F_GETOWN_EX, end - 8);
	syscall(SYS_fcntl, pair[0], F_GETOWN_EX, end - 7);
	syscall(SYS_fcntl, pair[0], F_GETSIG);
	syscall(SYS_fcntl, pair[0], F_SETSIG, SIGUSR1);
	syscall(SYS_fcntl, pair[0], F_GETSIG);
	syscall(SYS_fcntl, pair[0], F_SETSIG, 40);
	syscall(SYS_fcntl, pair[0], F_GETSIG);
	close(open("leased", O_CREAT | O_RDWR, 0600));
	int leased = open("leased", O_RDONLY);
	syscall(SYS_fcntl, leased, F_GETLEASE);
	syscall(SYS_fcntl, leased, F_SETLEASE, F_RDLCK);
	syscall(SYS_fcntl, leased, F_GETLEASE);
	unlink("leased");
	syscall(SYS_fcntl, file, F_DUPFD, 50);
	syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, -1);
	syscall(SYS_fcntl, pair[0], F_DUPFD_CLOEXEC, 60);
	unsigned long hint = 2;
	syscall(SYS_fcntl, leased, 1036, 3);
	return 0;
}
