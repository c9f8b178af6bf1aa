/* trace: -e trace=stat,lstat,fstat,newfstatat,statx,statfs,fstatfs,ustat,getdents,getdents64,utime,utimes,futimesat,utimensat,lookup_dcookie */
/* trace: -v -e trace=stat,lstat,fstat,newfstatat,statx,statfs,fstatfs,ustat,getdents,getdents64,utime,utimes,futimesat,utimensat,lookup_dcookie */
/* trace: -v -X verbose -e trace=stat,lstat,fstat,newfstatat,statx,statfs,fstatfs,ustat,getdents,getdents64,utime,utimes,futimesat,utimensat */
/* trace: -X raw -s 1 -e trace=stat,newfstatat,statx,statfs,fstatfs,ustat,getdents64,utimes,utimensat */
/* trace: -v -X raw -e trace=stat,newfstatat,statx,statfs,fstatfs,ustat,getdents64,utimes,utimensat */
/* trace: -s 1 -e trace=stat,statx,statfs,getdents64,utimes,utimensat */
/* trace: -s 0 -e trace=stat,statx,statfs,getdents64,utimes,utimensat */
/* trace: -e verbose=none -e trace=stat,statx,statfs,getdents64,utimes,utimensat */
/* trace: -e abbrev=none -e trace=stat,getdents64,getdents */
/* trace: -e raw=stat,statfs,utimensat -e trace=stat,statx,statfs,getdents64,utimes,utimensat */
/* trace: -y -e trace=stat,fstat,newfstatat,statx,fstatfs,getdents64,utimensat */
#include "forms.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void statuses(char *end)
{
	static char buffer[256];
	static const char *const paths[] = {"/dev/null", "/dev/full", "file", "/usr", "/proc/self/exe", "fifo", "missing", "/", "sticky"};
	void *const where[] = {buffer, end - 144, end - 143, end - 120, end - 119, end, NULL, BAD};
	static const unsigned flags[] = {0, 0x100, 0x2000, 0x4000, 0x6000, 0x2100, 0xffff, -1, 0x80000000, 0x800};
	for (unsigned i = 0; i < COUNT(paths); i++) {
		syscall(SYS_stat, paths[i], buffer);
		syscall(SYS_lstat, paths[i], buffer);
		syscall(SYS_newfstatat, AT_FDCWD, paths[i], buffer, 0);
		for (unsigned mask = 1; mask <= 0x4000; mask *= i ? 0x7fff : 2)
			syscall(SYS_statx, AT_FDCWD, paths[i], 0, mask, buffer);
		syscall(SYS_statx, AT_FDCWD, paths[i], 0x100, 0xfff, buffer);
		syscall(SYS_statfs, paths[i], buffer);
	}
	syscall(SYS_statfs, "/proc", buffer);
	syscall(SYS_statfs, "/sys", buffer);
	syscall(SYS_statfs, "/dev", buffer);
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_stat, "/dev/null", where[i]);
		syscall(SYS_fstat, 0, where[i]);
		syscall(SYS_statfs, "/proc", where[i]);
		syscall(SYS_fstatfs, 1, where[i]);
		syscall(SYS_ustat, 0x12345678abcdef, where[i]);
		syscall(SYS_lookup_dcookie, -1 - i, where[i], i);
	}
	syscall(SYS_ustat, 0, NULL);
	for (unsigned i = 0; i < COUNT(flags); i++) {
		syscall(SYS_newfstatat, -i, "file", buffer, flags[i]);
		syscall(SYS_statx, AT_FDCWD, "file", flags[i], 1 << i, buffer);
		syscall(SYS_statx, AT_FDCWD, "missing", flags[i], 0x10000 << i, buffer);
		syscall(SYS_statx, i, "", flags[i], flags[i], NULL);
	}
	syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0xfff, end - 256);
	syscall(SYS_statx, AT_FDCWD, "/dev/null", 0, 0xfff, end - 255);
}

static void entries(char *end)
{
	static char buffer[100000];
	int file = open("file", O_RDONLY);
	static const char *const names[] = {".", "folder", "folder/empty"};
	for (unsigned i = 0; i < COUNT(names); i++) {
		int folder = open(names[i], O_RDONLY | O_DIRECTORY);
		syscall(SYS_getdents, folder, buffer, sizeof(buffer));
		syscall(SYS_getdents, folder, buffer, 17);
		lseek(folder, 0, SEEK_SET);
		syscall(SYS_getdents64, folder, buffer, sizeof(buffer));
		syscall(SYS_getdents64, folder, buffer, sizeof(buffer));
		lseek(folder, 0, SEEK_SET);
		syscall(SYS_getdents64, folder, buffer, 0xffffffff00000030);
		syscall(SYS_getdents64, folder, end - 24, 48);
		syscall(SYS_getdents64, folder, NULL, 99);
		syscall(SYS_getdents, folder, BAD, 99);
		close(folder);
	}
	syscall(SYS_getdents, -1, buffer, 7);
	syscall(SYS_getdents64, file, buffer, -1);
	close(file);
}

static void times(char *end)
{
	static long pairs[][4] = {{0, 0, 0, 1}, {1, 999999, 1, 1000000}, {-1, 5, 0x7fffffff, 999999999},
		{1000000000, 1000000000, 1234567890, 123456789}, {5, 0x3fffffff, 6, 0x3ffffffe}, {1UL << 62, -1, -1UL << 62, 0},
		{67767976233532799, 0, 67768036191676800, 0}};
	for (unsigned i = 0; i < COUNT(pairs); i++) {
		syscall(SYS_utime, "missing", pairs[i]);
		syscall(SYS_utimes, "missing", pairs[i]);
		syscall(SYS_futimesat, AT_FDCWD, "missing", pairs[i]);
		syscall(SYS_utimensat, AT_FDCWD, "missing", pairs[i], 0x80 << i);
	}
	void *const where[] = {NULL, BAD, end, end - 16, end - 31, end - 32};
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_utime, "missing", where[i]);
		syscall(SYS_utimes, NULL, where[i]);
		syscall(SYS_futimesat, -1, "missing", where[i]);
		syscall(SYS_utimensat, i, NULL, where[i], 0);
		syscall(SYS_utimensat, AT_FDCWD, "missing", where[i], -1);
	}
	syscall(SYS_utimensat, AT_FDCWD, "file", pairs[3], 0);
}

int main(void)
{
	char *end = edge();
	close(open("file", O_CREAT | O_WRONLY, 04600));
	syscall(SYS_mknod, "fifo", S_IFIFO | 0600, 0);
	mkdir("sticky", 0);
	chmod("sticky", 03765);
	mkdir("folder", 0700);
	symlink("x", "folder/\001\377\"link");
	mkdir("folder/empty", 0700);
	char name[64] = "folder/";
	for (int i = 0; i < 40; i++) {
		memset(name + 7, 'a' + i % 26, i + 1);
		mkdir(name, 0700);
	}
	int one = open("/dev/null", O_RDWR);
	dup2(one, 0);
	dup2(one, 1);
	times(end);
	statuses(end);
	entries(end);
	return 0;
}
