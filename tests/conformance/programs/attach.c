/* What others attach to: it waits for a byte, goes through a few calls, and ends. test_attach.py traces it. */
/* trace: -f */
#include "forms.h"

static int second(void *unused)
{
	syscall(SYS_pause);
	return 0;
}

int main(int count, char **words)
{
	char one;
	if (count > 1) {
		thread(second, NULL);
		spin(30);
	}
	write(1, "ready\n", 6);
	read(0, &one, 1);
	getgid();
	int file = open("/etc/passwd", O_RDONLY);
	read(file, &one, 1);
	close(file);
	read(0, &one, 1);
	return 9;
}
