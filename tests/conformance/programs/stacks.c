/* trace: -f -k -e trace=getppid,write,clock_nanosleep,mprotect */
/* trace: -k -e trace=getppid,kill -e signal=USR1 */
/* Call stacks: of functions that call one another, of a signal's handler, of code that nobody knows. */
#include "forms.h"

static __attribute__((noinline)) long innermost(int depth)
{
	long found = depth ? innermost(depth - 1) : syscall(SYS_getppid);
	__asm__ volatile("");
	return found + 1;
}

static __attribute__((noinline)) void handler(int number)
{
	innermost(1);
	__asm__ volatile("");
}

__attribute__((noinline)) void between(void)
{
	innermost(2);
	__asm__ volatile("");
}

int main(void)
{
	static const unsigned char code[] = {0xb8, SYS_getppid, 0, 0, 0, 0x0f, 0x05, 0xc3};
	char *own = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	between();
	signal(SIGUSR1, handler);
	kill(getpid(), SIGUSR1);
	innermost(300);
	memcpy(own, code, sizeof code);
	mprotect(own, 4096, PROT_READ | PROT_EXEC);
	((void (*)(void))own)();
	write(2, "", 0);
	usleep(1);
	return 0;
}
