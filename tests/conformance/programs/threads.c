/* Threads: what one does while the other is in a call, which is broken off in the trace and resumed later. */
/* trace: -f */
/* trace: -f -e trace=nanosleep */
/* trace: -f -n -i -T -a 60 */
/* trace: */
/* retry: timing */
#include "forms.h"

static int ends[2];

static void pause_for(long ms)
{
	struct timespec time = {0, ms * 1000000};
	syscall(SYS_nanosleep, &time, NULL);
}

static int quick(void *value)
{
	spin(100);
	getuid();
	return 8;
}

static int both(void *unused)
{
	char some[4];
	spin(100);
	getuid();
	pause_for(200);
	read(ends[0], some, 4);
	read(ends[0], some, 4);
	spin(60);
	return 300;
}

int main(void)
{
	pipe(ends);
	thread(quick, NULL);
	pause_for(200);
	thread(both, NULL);
	spin(200);
	write(ends[1], "word", 4);
	struct timespec moment = {0, 200000000}, left;
	syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &moment, &left);
	pause_for(120);
	close(ends[1]);
	pause_for(200);
	return 0;
}
