/* trace: -e trace=open,openat,openat2,creat,access,faccessat,faccessat2,chdir,fchdir,rmdir,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,fchmodat,chown,lchown,fchown,fchownat,mknod,mknodat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,readlink,readlinkat,getcwd,truncate,ftruncate,umask,chroot,acct,uselib */
/* trace: -v -X verbose -s 4 -e trace=open,openat,openat2,creat,access,faccessat,faccessat2,rmdir,unlinkat,mkdir,fchmodat,chown,fchownat,mknod,mknodat,renameat2,linkat,symlinkat,readlink,readlinkat,getcwd,truncate,umask */
/* trace: -X raw -x -e trace=open,openat,openat2,creat,access,faccessat2,unlinkat,mkdir,fchmodat,chown,fchownat,mknod,mknodat,renameat2,linkat,readlink,readlinkat,getcwd,umask */
/* trace: -xx -e verbose=none -e trace=openat,openat2,mknodat,renameat2,linkat,symlinkat,readlinkat,getcwd,umask */
/* trace: -e raw=openat2,readlink,umask,mknod -e trace=openat2,readlink,umask,mknod */
/* trace: -y -e trace=openat,openat2,fchdir,fchmod,fchmodat,unlinkat,renameat2,linkat,symlinkat,readlinkat,getcwd,ftruncate */
#include "forms.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const unsigned flags[] = {0, 1, 2, 3, 0100, 0200, 0101, 02000000, 0x2000, 0x1000, 0x101000, 0x100000,
	0x400000, 0x410000, 0x410002, 0x10000, 0x4000, 0x8000, 0x80000000, 0xff800000, -1};
static const unsigned modes[] = {0, 1, 07, 022, 0644, 07777, 010000, 0140644, 0170000, 0200644, -1};

static void opened(char *end)
{
	static unsigned long how[6];
	for (unsigned i = 0; i < COUNT(flags); i++) {
		syscall(SYS_open, "missing/a", flags[i], 01234567);
		syscall(SYS_openat, AT_FDCWD, "missing/\"\\\n\001\3772", flags[i], -1);
		how[0] = flags[i] | 0x100000000;
		how[1] = i % 4 ? 0 : i;
		how[2] = 1UL << i;
		syscall(SYS_openat2, -2, "missing", how, 24);
	}
	how[0] = how[2] = -1;
	for (unsigned i = 20; i <= 40; i += 4)
		syscall(SYS_openat2, AT_FDCWD, "missing", how, i);
	how[4] = 0x0100;
	syscall(SYS_openat2, AT_FDCWD, "missing", how, 40);
	syscall(SYS_openat2, AT_FDCWD, "missing", how, -1);
	memset(end - 24, 0, 24);
	syscall(SYS_openat2, AT_FDCWD, "missing", end - 24, 24);
	syscall(SYS_openat2, AT_FDCWD, "missing", end - 24, 32);
	syscall(SYS_openat2, AT_FDCWD, "missing", end - 23, 24);
	syscall(SYS_openat2, AT_FDCWD, NULL, NULL, 24);
	for (unsigned i = 0; i < COUNT(modes); i++) {
		syscall(SYS_creat, "missing/b", modes[i]);
		syscall(SYS_mknod, "missing/c", modes[i], 0x12345678abcdef01);
		syscall(SYS_mknodat, AT_FDCWD, "missing/c", 020000 | modes[i], 0xfffffffff);
		syscall(SYS_mknodat, 99, "c", 060000 | (modes[i] & 07777), i);
		syscall(SYS_mkdir, "missing/d", modes[i]);
		syscall(SYS_mkdirat, 3, "missing/d", modes[i]);
		syscall(SYS_chmod, "missing", modes[i]);
		syscall(SYS_fchmod, -1, modes[i]);
		syscall(SYS_fchmodat, -100, "missing", modes[i]);
		syscall(SYS_umask, modes[i]);
		syscall(SYS_access, "missing", modes[i]);
		syscall(SYS_faccessat, 0x12345678fffffff8, "missing", i);
		syscall(SYS_faccessat2, AT_FDCWD, "missing", i, modes[i] << 8);
		syscall(SYS_chown, "missing", modes[i], -1);
		syscall(SYS_lchown, "missing", -1, modes[i]);
		syscall(SYS_fchown, -1, modes[i], 0xffffffff00000001);
		syscall(SYS_fchownat, -1, "missing", -2, modes[i], modes[i] << 8);
	}
	syscall(SYS_umask, 022);
}

/* Everything that a path can be, in every place where one is taken. */
static void paths(char *end)
{
	char *longest = malloc(5000);
	memset(longest, 'x', 4999);
	longest[4095] = 0;
	memcpy(end - 4, "/\xff.", 3);
	end[-1] = 0;
	char *const given[] = {NULL, BAD, (char *)-1, end, end - 1, end - 4, longest, longest + 1, "", "a\tb"};
	for (unsigned i = 0; i < COUNT(given); i++) {
		char *path = given[i], *other = given[COUNT(given) - 1 - i];
		syscall(SYS_chdir, path);
		syscall(SYS_rmdir, path);
		syscall(SYS_unlink, path);
		if (path)
			syscall(SYS_acct, "missing/a");
		syscall(SYS_uselib, path);
		syscall(SYS_unlinkat, -5, path, 0x200 << i);
		syscall(SYS_rename, path, other);
		syscall(SYS_renameat, i, path, -i, other);
		syscall(SYS_renameat2, AT_FDCWD, path, -100, other, (1 << i) - 1);
		syscall(SYS_link, path, other);
		syscall(SYS_linkat, AT_FDCWD, path, -100, other, 0x100 << i);
		syscall(SYS_symlink, path, "missing/s");
		syscall(SYS_symlinkat, path, -1, other);
		syscall(SYS_readlink, path, other, i);
		syscall(SYS_readlinkat, -100, path, other, -i);
		syscall(SYS_truncate, path, -i);
		syscall(SYS_ftruncate, -1, 1L << (63 - i));
	}
	end[-1] = 'u';
	syscall(SYS_chroot, end - 4);
	syscall(SYS_chroot, "missing");
	longest[4095] = 'x';
	syscall(SYS_chdir, longest);
	free(longest);
}

static void successes(char *end)
{
	char buffer[4096];
	syscall(SYS_mkdir, "folder", 0755);
	int folder = syscall(SYS_openat, AT_FDCWD, "folder", O_DIRECTORY | O_PATH);
	syscall(SYS_symlinkat, "a \"target\" that is as long as forty letters are", folder, "link");
	syscall(SYS_readlinkat, folder, "link", buffer, sizeof(buffer));
	syscall(SYS_readlink, "folder/link", buffer, 3);
	syscall(SYS_readlink, "folder/link", end - 5, 5);
	syscall(SYS_readlink, "/proc/self/exe", buffer, 0);
	int file = syscall(SYS_openat, folder, "fi<le>", O_RDWR | O_CREAT, 0600);
	syscall(SYS_fchmod, file, 0640);
	syscall(SYS_ftruncate, file, 4097);
	struct { unsigned long flags, mode, resolve; } how = {O_RDONLY, 0, 8};
	close(syscall(SYS_openat2, folder, "fi<le>", &how, sizeof(how)));
	syscall(SYS_linkat, folder, "fi<le>", AT_FDCWD, "other", 0);
	syscall(SYS_renameat2, AT_FDCWD, "other", folder, "fi<le>", 2);
	close(syscall(SYS_openat, AT_FDCWD, "other", O_RDONLY));
	syscall(SYS_unlinkat, folder, "fi<le>", 0);
	syscall(SYS_fchmodat, AT_FDCWD, "other", 0600);
	syscall(SYS_unlink, "other");
	syscall(SYS_unlinkat, folder, "link", 0);
	syscall(SYS_fchdir, 999);
	syscall(SYS_fchdir, folder);
	syscall(SYS_chdir, "/proc/self/fd");
	syscall(SYS_chdir, "/");
	syscall(SYS_getcwd, buffer, sizeof(buffer));
	syscall(SYS_getcwd, buffer, 0);
	syscall(SYS_getcwd, NULL, 1);
	syscall(SYS_getcwd, end - 2, 2);
	syscall(SYS_getcwd, end - 1, 2);
	syscall(SYS_getcwd, -1, -1);
	syscall(SYS_chdir, "/proc/self");
	syscall(SYS_getcwd, buffer, 5);
	chdir("/usr/lib");
	syscall(SYS_getcwd, buffer, sizeof(buffer));
	fchdir(folder);
	chdir("..");
	syscall(SYS_rmdir, "folder");
}

int main(void)
{
	char *end = edge();
	opened(end);
	paths(end);
	successes(end);
	return 0;
}
