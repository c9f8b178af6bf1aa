/* trace: -e trace=inotify_init,inotify_init1,inotify_add_watch,inotify_rm_watch,fanotify_init,fanotify_mark,landlock_create_ruleset,landlock_add_rule,landlock_restrict_self,name_to_handle_at,open_by_handle_at,setxattr,lsetxattr,fsetxattr,getxattr,lgetxattr,fgetxattr,listxattr,llistxattr,flistxattr,removexattr,lremovexattr,fremovexattr */
/* trace: -v -X verbose -s 5 -e trace=inotify_init1,inotify_add_watch,fanotify_init,fanotify_mark,landlock_create_ruleset,landlock_add_rule,landlock_restrict_self,name_to_handle_at,open_by_handle_at,setxattr,getxattr,listxattr */
/* trace: -X raw -x -e trace=inotify_init1,inotify_add_watch,fanotify_init,fanotify_mark,landlock_create_ruleset,landlock_add_rule,name_to_handle_at,open_by_handle_at,setxattr,getxattr,listxattr */
/* trace: -xx -s 6 -e trace=name_to_handle_at,open_by_handle_at,setxattr,getxattr,listxattr */
/* trace: -y -e verbose=none -e trace=inotify_add_watch,fanotify_mark,landlock_create_ruleset,landlock_add_rule,name_to_handle_at,open_by_handle_at,setxattr,getxattr,listxattr */
/* trace: -y -e trace=inotify_add_watch,inotify_rm_watch,fanotify_mark,landlock_add_rule,name_to_handle_at */
#include "forms.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static const unsigned flags[] = {0, 1, 2, 4, 8, 0xc, 0x10, 0x800, 0x80000, 0x80800, 0x1000, 0x100, 0x1000000, 0x80000000,
	0x7fffffff, -1};

static void watches(void)
{
	close(syscall(SYS_inotify_init));
	int watch = syscall(SYS_inotify_init1, 0x80000);
	for (unsigned i = 0; i < COUNT(flags); i++) {
		syscall(SYS_inotify_init1, flags[i] | 0x40000000);
		syscall(SYS_inotify_add_watch, watch, "missing", flags[i]);
		syscall(SYS_inotify_rm_watch, -1, flags[i]);
		syscall(SYS_fanotify_init, flags[i] | 0x80000000, flags[i]);
		syscall(SYS_fanotify_mark, -1, flags[i], flags[i] * 0x100000001, (int)i - 2, i % 3 ? "missing" : BAD);
		syscall(SYS_fanotify_mark, -1, flags[i] << 4, 1UL << i, AT_FDCWD, NULL);
	}
	syscall(SYS_inotify_add_watch, watch, "/", 0x2);
	syscall(SYS_inotify_rm_watch, watch, 1);
}

static void rules(char *end)
{
	static unsigned long attribute[2] = {0x1f};
	memset(end - 12, 0, 12);
	void *const where[] = {NULL, BAD, attribute, end - 8, end - 7, end - 12, end - 11};
	syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
	for (unsigned i = 0; i < COUNT(where); i++) {
		for (unsigned size = 7; size < 10; size++)
			syscall(SYS_landlock_create_ruleset, where[i], size, 6 + i);
		syscall(SYS_landlock_add_rule, -1, 1, where[i], i);
		syscall(SYS_landlock_add_rule, i, i, where[i], -i);
		attribute[0] = -1;
		attribute[1] = 0xffffffff;
	}
	syscall(SYS_landlock_restrict_self, -1, 0xfffffffff);
}

static void handles(char *end)
{
	static struct { unsigned bytes; int type; char handle[200]; } handle;
	int mount;
	for (unsigned i = 0; i < 3; i++) {
		handle.bytes = i * 50;
		syscall(SYS_name_to_handle_at, AT_FDCWD, "/proc", &handle, &mount, i << 10);
		handle.bytes = i * 50;
		syscall(SYS_name_to_handle_at, AT_FDCWD, "/etc", &handle, &mount, i);
		handle.bytes = 127 + i;
		syscall(SYS_name_to_handle_at, -1, "missing", &handle, &mount, -1);
		syscall(SYS_open_by_handle_at, -1, &handle, i * 0x101);
	}
	void *const where[] = {NULL, BAD, end, end - 8, end - 7, end - 12};
	for (unsigned i = 0; i < COUNT(where); i++) {
		memset(end - 12, i % 2 ? 0 : 4, 12);
		syscall(SYS_name_to_handle_at, AT_FDCWD, "/", where[i], where[5 - i], 0);
		syscall(SYS_open_by_handle_at, -1, where[i], flags[i] << 6);
	}
}

static void attributes(char *end)
{
	static char value[70000] = "val\0ue\0\377\0";
	static const unsigned long sizes[] = {0, 1, 3, 4, 5, 6, 7, 8, 9, 33, 65536, 65537, -1};
	void *const where[] = {NULL, BAD, end, end - 3, end - 4};
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		syscall(SYS_setxattr, "missing", "user.n", value, sizes[i], i);
		syscall(SYS_lsetxattr, "missing", "user.name\1", value + 3, sizes[i], -1);
		syscall(SYS_fsetxattr, -1, "a name that is longer than strings are shown", value, sizes[i], 3);
		syscall(SYS_getxattr, "missing", "user.n", value, sizes[i]);
		syscall(SYS_listxattr, "missing", value, sizes[i]);
	}
	for (unsigned i = 0; i < COUNT(where); i++) {
		syscall(SYS_setxattr, "missing", where[i], where[4 - i], 4, 0);
		syscall(SYS_lgetxattr, where[i], "user.n", where[i], 4);
		syscall(SYS_fgetxattr, -1, where[i], where[i], 4);
		syscall(SYS_llistxattr, "file", where[i], i);
		syscall(SYS_flistxattr, 0, where[i], i);
		syscall(SYS_removexattr, "missing", where[i]);
		syscall(SYS_lremovexattr, where[i], "user.n");
		syscall(SYS_fremovexattr, -1, where[i]);
	}
	int file = open("file", O_RDWR);
	syscall(SYS_fsetxattr, file, "user.n", value, 10, 1);
	syscall(SYS_setxattr, "file", "user.empty", NULL, 0, 0);
	syscall(SYS_setxattr, "file", "user.long", "a value that is longer than strings are shown", 45, 0);
	for (unsigned i = 0; i < COUNT(sizes); i++) {
		syscall(SYS_getxattr, "file", "user.n", value, sizes[i]);
		syscall(SYS_getxattr, "file", "user.long", value, sizes[i]);
		syscall(SYS_fgetxattr, file, "user.empty", value, sizes[i]);
	}
	syscall(SYS_getxattr, "file", "user.n", NULL, 0);
	syscall(SYS_getxattr, "file", "user.n", BAD, 0);
	syscall(SYS_flistxattr, file, value, 1000);
	syscall(SYS_listxattr, "file", value, 2);
	syscall(SYS_listxattr, "file", value, 0);
	syscall(SYS_fremovexattr, file, "user.n");
	close(file);
}

int main(void)
{
	char *end = edge();
	close(open("file", O_CREAT | O_WRONLY, 0600));
	watches();
	rules(end);
	handles(end);
	attributes(end);
	return 0;
}
