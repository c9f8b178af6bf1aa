/* trace: -e trace=read,write,pread64,pwrite64,readv,writev,preadv,pwritev,preadv2,pwritev2,close,close_range,dup,dup2,dup3,lseek,pipe,pipe2,eventfd,eventfd2,memfd_create,memfd_secret,fallocate,fadvise64,readahead,sync_file_range,flock,fsync,fdatasync,syncfs,sync,sendfile,copy_file_range,splice,tee,vmsplice */
/* trace: -v -X verbose -s 4 -e trace=read,write,pread64,readv,writev,preadv2,pwritev2,close_range,dup3,lseek,pipe,pipe2,eventfd2,memfd_create,memfd_secret,fallocate,fadvise64,sync_file_range,flock,sendfile,copy_file_range,splice,tee,vmsplice */
/* trace: -X raw -s 3 -x -e trace=read,write,pread64,readv,writev,preadv2,pwritev2,close_range,dup3,lseek,pipe,pipe2,eventfd2,memfd_create,memfd_secret,fallocate,fadvise64,sync_file_range,flock,sendfile,splice,tee,vmsplice */
/* trace: -s 100 -xx -e trace=read,write,readv,writev,memfd_create */
/* trace: -s 0 -e trace=read,write,readv,writev,pipe,memfd_create */
/* trace: -v -s 2 -e trace=readv,writev,vmsplice */
/* trace: -e verbose=none -e trace=read,write,readv,writev,preadv,pwritev,pipe,sendfile,copy_file_range,splice,memfd_create */
/* trace: -e raw=read,readv,pipe,sendfile -e trace=read,write,readv,writev,pipe,sendfile */
/* trace: -y -e trace=read,write,readv,writev,close,dup,dup2,dup3,pipe2,eventfd2,memfd_create,sendfile,splice,tee */
#include "forms.h"
#include <sys/uio.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const unsigned flags[] = {0, 1, 2, 3, 4, 7, 8, 0x10, 0x1f, 0x20, 0x40, 0x7f, 0x80, 0x800, 0x80000, 0x80801,
	0x10000000, 0x7c000000, 0x80000000, -1};

static void buffers(char *end)
{
	static char data[] = "0123456789abcdefghijklmnopqrstuvwxyz\n\t\"\\\0\0011\377 and some more, until this is long enough";
	static const unsigned long sizes[] = {0, 1, 4, 5, 31, 32, 33, 60, 99, 100, 101};
	char buffer[128];
	int file = syscall(SYS_memfd_create, "file", 0);
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		syscall(SYS_write, file, data, sizes[i]);
		syscall(SYS_pread64, file, buffer, sizes[i], i);
		syscall(SYS_pwrite64, file, data + 36, sizes[i] / 2, 3);
	}
	syscall(SYS_lseek, file, 0, 0);
	for (unsigned i = 0; i < COUNT(sizes); i++)
		syscall(SYS_read, file, buffer, sizes[i]);
	syscall(SYS_read, file, buffer, -1);
	memcpy(end - 40, data, 40);
	void *const where[] = {NULL, BAD, end, end - 5, end - 32, end - 33, end - 40};
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_write, -1, where[i], 33);
		syscall(SYS_write, file, where[i], 5);
		syscall(SYS_write, -1, where[i], -1);
		syscall(SYS_pwrite64, -i, where[i], 0, -1);
		syscall(SYS_pread64, file, where[i], 10, 1UL << 63);
		syscall(SYS_pread64, file, where[i], 40, 0);
		syscall(SYS_read, file, where[i], i);
	}
}

static void vectors(char *end)
{
	char text[100] = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ", other[100], third[7];
	struct iovec good[] = {{text, 40}, {NULL, 0}, {other, 5}, {text + 30, 16}, {third, 1}};
	struct iovec bad[] = {{NULL, 3}, {BAD, 0}, {(void *)-1, -1}, {end, 1}, {end - 1, 2}, {end - 3, 3}};
	static struct iovec many[70];
	for (unsigned i = 0; i < COUNT(many); i++)
		many[i] = (struct iovec){text + i % 40, i % 5};
	memset(other, 'o', sizeof(other));
	memset(third, 't', sizeof(third));
	int file = syscall(SYS_memfd_create, "vectors", MFD_CLOEXEC);
	syscall(SYS_writev, file, good, 5);
	syscall(SYS_pwritev, file, good, 3, 1, -1);
	syscall(SYS_writev, file, many, 70);
	syscall(SYS_writev, file, many, 33);
	syscall(SYS_writev, file, many, 32);
	for (unsigned i = 0; i < COUNT(bad); i++) {
		syscall(SYS_writev, file, bad + i, 1);
		syscall(SYS_readv, -1, bad + i, 2);
	}
	syscall(SYS_writev, -1, bad, 6);
	memcpy(end - sizeof(good), good, sizeof(good));
	void *const where[] = {NULL, BAD, end, end - 1, end - 16, end - 32, (void *)-16, (void *)-15};
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_writev, -1, where[i], 0);
		syscall(SYS_writev, -1, where[i], 3);
		syscall(SYS_writev, -1, where[i], 1UL << 60);
		syscall(SYS_readv, -1, where[i], i);
		syscall(SYS_preadv, -1, where[i], 2, i, 1);
		syscall(SYS_vmsplice, -1, where[i], 2, flags[i]);
	}
	for (long i = 0; i < 70; i += 13) {
		syscall(SYS_preadv, file, good, 5, i, 0);
		syscall(SYS_preadv2, file, good, 2, i, 0, i);
		syscall(SYS_pwritev2, file, good, 4, i, 0, i << 2);
	}
	for (unsigned i = 0; i < COUNT(flags); i++) {
		syscall(SYS_preadv2, -1, good, 1, -1, 0, flags[i]);
		syscall(SYS_pwritev2, -1, good, 1, 1UL << i, 0, flags[i]);
	}
	lseek(file, 30, SEEK_SET);
	syscall(SYS_readv, file, good, 5);
	syscall(SYS_readv, file, good, 5);
	syscall(SYS_readv, file, many, 70);
	lseek(file, 1L << 40, SEEK_SET);
	syscall(SYS_readv, file, good, 5);
}

static void made(char *end)
{
	int pair[2];
	syscall(SYS_pipe, pair);
	syscall(SYS_pipe, end - 8);
	syscall(SYS_pipe, end - 7);
	syscall(SYS_pipe, NULL);
	syscall(SYS_pipe, BAD);
	static const char *const names[] = {NULL, "", "a\n\377", "a name that is longer than thirty-two letters, as strace shows them"};
	for (unsigned i = 0; i < COUNT(names); i++)
		syscall(SYS_memfd_create, names[i], 0x100 << i);
	char *longest = malloc(400);
	memset(longest, 'n', 400);
	longest[249] = 0;
	syscall(SYS_memfd_create, longest, 1);
	longest[249] = 'n';
	syscall(SYS_memfd_create, longest, 1);
	free(longest);
	memset(end - 3, 'e', 3);
	syscall(SYS_memfd_create, end - 3, 0);
	for (unsigned i = 0; i < COUNT(flags); i++) {
		int fds[2] = {-1, -1};
		syscall(SYS_pipe2, fds, flags[i]);
		close(fds[0]);
		close(fds[1]);
		close(syscall(SYS_memfd_create, "m", flags[i] & ~4));
		syscall(SYS_memfd_create, BAD, flags[i] | 4);
		syscall(SYS_memfd_secret, flags[i] | 0x100);
		close(syscall(SYS_eventfd2, flags[i] * 3, flags[i]));
		syscall(SYS_dup3, pair[0], -1, flags[i]);
		syscall(SYS_dup3, 1, 1, flags[i] << 4);
		syscall(SYS_close_range, 1000 + i, flags[i] | 1, flags[i] & ~6 | 0x20);
		syscall(SYS_flock, -1, flags[i]);
		syscall(SYS_lseek, pair[0], flags[i], i);
		syscall(SYS_fallocate, -1, flags[i], 1UL << 63, -1);
		syscall(SYS_fadvise64, -1, -1L - i, -1L, i);
		syscall(SYS_sync_file_range, -1, -1L, 1L << 62, flags[i]);
		syscall(SYS_tee, -1, i, -1, flags[i]);
	}
	close(syscall(SYS_eventfd, -7));
	close(syscall(SYS_dup, pair[0]));
	close(syscall(SYS_dup2, pair[1], 77));
	close(syscall(SYS_dup3, pair[1], 78, O_CLOEXEC));
	syscall(SYS_dup, -1);
	syscall(SYS_dup2, pair[0], -5);
	syscall(SYS_readahead, -1, -1L, -1L);
	syscall(SYS_fsync, -1);
	syscall(SYS_fdatasync, pair[0]);
	syscall(SYS_syncfs, 0x100000000 - 3);
	syscall(SYS_close, 0xffffffff12345678);
	syscall(SYS_close_range, 900, 901, 0);
}

static void moved(char *end)
{
	int from = syscall(SYS_memfd_create, "from", 0), to = syscall(SYS_memfd_create, "to", 0), pair[2];
	pipe(pair);
	syscall(SYS_write, from, "the text that is moved here and there", 37);
	loff_t offset = 3, other = 7;
	syscall(SYS_sendfile, to, from, &offset, 5);
	syscall(SYS_sendfile, to, from, &offset, 0);
	syscall(SYS_sendfile, to, from, NULL, 5);
	offset = -1;
	syscall(SYS_sendfile, to, from, &offset, 5);
	offset = 1000;
	syscall(SYS_sendfile, to, from, &offset, -1);
	offset = 0;
	syscall(SYS_copy_file_range, from, &offset, to, &other, 9, 0);
	syscall(SYS_copy_file_range, from, &offset, to, NULL, 9, -1);
	offset = 1;
	syscall(SYS_splice, from, &offset, pair[1], NULL, 9, 3);
	other = -1;
	syscall(SYS_splice, pair[0], NULL, to, &other, 4, 4);
	void *const where[] = {NULL, BAD, end, end - 8, end - 7};
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_sendfile, -1, from, where[i], i);
		syscall(SYS_copy_file_range, -1, where[i], to, where[4 - i], -1, flags[i]);
		syscall(SYS_splice, -1, where[i], i, where[4 - i], -1, flags[i] | 8);
	}
	*(long *)(end - 8) = 30;
	syscall(SYS_sendfile, to, from, end - 8, 20);
}

int main(void)
{
	char *end = edge();
	buffers(end);
	vectors(end);
	made(end);
	moved(end);
	return 0;
}
