/* trace: -e trace=execve,execveat */
/* trace: -v -s 5 -e trace=execve,execveat */
/* trace: -s 2 -X verbose -e trace=execve,execveat */
/* trace: -v -xx -X raw -e trace=execve,execveat */
/* trace: -e verbose=none -e trace=execve,execveat */
/* trace: -e raw=execveat -e trace=execve,execveat */
/* trace: -e abbrev=none -y -e trace=execve,execveat */
/* mask: ^execve\("[^"]*processes_exec(.*) = 0 */
#include "forms.h"

#define TRY(words, environment)                                                      \
	do {                                                                             \
		syscall(SYS_execve, "missing/no", words, environment);                       \
		syscall(SYS_execveat, -100, "missing/no", words, environment, 0);            \
	} while (0)

static char *many[1200];

int main(void)
{
	char *end = edge();
	char **last = (char **)end;
	char long_one[4200];
	char *words[] = {"no", "", "a\"b\\c\n\001\3777", long_one, "12345", "123456", NULL, "after"};
	char *broken[] = {"one", BAD, NULL, "after"};
	memset(long_one, 'x', sizeof long_one - 1);
	long_one[sizeof long_one - 1] = 0;
	for (int i = 0; i < 1199; i++)
		many[i] = i % 100 ? "v=1" : "longer=0123456789012345678901234567890123456789";
	memcpy(end - 6, "last!", 6);
	TRY(words, words);
	TRY(broken, broken);
	TRY(NULL, NULL);
	TRY(BAD, BAD);
	TRY(end, end - 7);
	words[0] = NULL;
	TRY(words, words);
	last[-1] = NULL;
	TRY(last - 1, last - 1);
	last[-1] = "x";
	last[-2] = "y";
	TRY(last - 1, last - 1);
	TRY(last - 2, last - 2);
	TRY((char **)(end - 12), (char **)(end - 12));
	TRY(words + 1, many + 1198);
	TRY(words + 1, many + 1197);
	many[34] = NULL;
	TRY(many, words);
	TRY(many + 2, words);
	TRY(many + 1, words);
	TRY(many + 3, words);
	words[1] = end - 1;
	words[2] = end - 4;
	end[-1] = 'z';
	TRY(words + 1, words + 2);
	syscall(SYS_execve, many[0], many + 35, many + 35);
	syscall(SYS_execve, NULL, NULL, NULL);
	syscall(SYS_execve, BAD, words, words);
	syscall(SYS_execveat, -1, "", words + 3, NULL, 0x1100);
	syscall(SYS_execveat, 99, long_one, NULL, words + 3, -1);
	syscall(SYS_execveat, 0, "no", NULL, NULL, 0x80000000);
	return 0;
}
