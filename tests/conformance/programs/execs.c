/* execve: failing in every way, with long and odd words, and at last succeeding. */
/* trace: -f */
/* trace: -f -v */
/* trace: -f -s 8 */
/* trace: -f -v -s 4 */
/* trace: -f -e trace=execve */
/* trace: -f -e status=failed */
/* trace: -f -e status=successful */
/* trace: -f -Z */
/* trace: -b execve */
#include "forms.h"

int main(int count, char **words)
{
	char *none[] = {NULL}, *one[] = {"one", NULL}, *odd[] = {"", "\n", "\"q\"", "\377", NULL};
	char *many[101], *vast[40], big[300];
	if (count > 1)
		return 0;
	memset(big, 'b', sizeof big);
	big[299] = 0;
	for (int i = 0; i < 100; i++)
		many[i] = "w";
	many[100] = NULL;
	for (int i = 0; i < 39; i++)
		vast[i] = big;
	vast[39] = NULL;
	syscall(SYS_execve, "/nonexistent", none, none);
	syscall(SYS_execve, "/nonexistent", one, NULL);
	syscall(SYS_execve, "/nonexistent", NULL, one);
	syscall(SYS_execve, "/nonexistent", odd, odd);
	syscall(SYS_execve, "/nonexistent", many, many);
	syscall(SYS_execve, "/nonexistent", vast, vast);
	syscall(SYS_execve, "/nonexistent", one, 1);
	syscall(SYS_execve, "/nonexistent", -1, -1);
	syscall(SYS_execve, "/etc/passwd", one, one);
	syscall(SYS_execve, "/", one, one);
	syscall(SYS_execve, "", one, one);
	syscall(SYS_execve, big, one, one);
	close(creat("empty", 0755));
	syscall(SYS_execve, "empty", one, one);
	int script = creat("script", 0755);
	write(script, "#!/nonexistent/interpreter\n", 27);
	close(script);
	syscall(SYS_execve, "script", one, one);
	syscall(SYS_execveat, AT_FDCWD, "script", one, one, 0);
	syscall(SYS_execveat, -1, "", odd, many, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
	syscall(SYS_execveat, 3, "x", BAD, NULL, 0x40);
	if (syscall(SYS_fork) == 0) {
		spin(60);
		char *again[] = {"itself", "again", NULL};
		syscall(SYS_execve, words[0], again, none);
	}
	wait(NULL);
	int self = open(words[0], O_RDONLY | O_CLOEXEC);
	char *last[] = {"last", "time", NULL};
	syscall(SYS_execveat, self, "", last, one, AT_EMPTY_PATH);
	return 1;
}
