/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -v -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -e trace=ioctl -e raw=ioctl */
/* trace: -xx -s 4 -e trace=ioctl */
/* What ioctl(2) asks of terminals: structures that are read and filled, those that cannot be read, odd values. */
#include "forms.h"
#include <asm/termbits.h>
#include <linux/kd.h>
#include <linux/serial.h>
#include <sys/ioctl.h>

#define TCGETA 0x5405
#define TCSETA 0x5406

static int master, slave;

static void all(unsigned request, unsigned size)
{
	static char filled[256];
	char *end = edge();

	for (unsigned i = 0; i < sizeof filled; i++)
		filled[i] = i * 37 + 11;
	ioctl(-1, request, 0);
	ioctl(-1, request, -1L);
	ioctl(-1, request, BAD);
	ioctl(-1, request, end - size + 1);
	memcpy(end - size, filled, size);
	ioctl(-1, request, end - size);
	memset(end - size, 0xff, size);
	ioctl(-1, request, end - size);
	memset(end - size, 0, size);
	ioctl(-1, request, end - size);
}

int main(void)
{
	static const unsigned requests[][2] = {
		{TCGETS, 36}, {TCSETS, 36}, {TCSETSW, 36}, {TCSETSF, 36}, {TIOCGLCKTRMIOS, 36}, {TIOCSLCKTRMIOS, 36},
		{TCGETS2, 44}, {TCSETS2, 44}, {TCSETSW2, 44}, {TCSETSF2, 44}, {TCGETA, 18}, {TCSETA, 18}, {TCSETA + 1, 18},
		{TCSETA + 2, 18}, {TIOCGWINSZ, 8}, {TIOCSWINSZ, 8}, {TIOCMGET, 4}, {TIOCMBIS, 4}, {TIOCMBIC, 4},
		{TIOCMSET, 4}, {TIOCGPGRP, 4}, {TIOCGSID, 4}, {TIOCSPGRP, 4}, {TIOCSETD, 4}, {FIONBIO, 4}, {FIOASYNC, 4},
		{TIOCPKT, 4}, {TIOCSPTLCK, 4}, {TIOCSTI, 1},
	};
	static const unsigned values[] = {TCXONC, TCFLSH, TCSBRK, TCSBRKP, TIOCSCTTY, TIOCSBRK, TIOCCBRK, TIOCCONS,
					  TIOCNOTTY, TIOCEXCL, TIOCNXCL, FIOCLEX, FIONCLEX, 0x5437, 0x541f, 0x54ff,
					  0x1234, 0xc0045499, 0xffffffff, 0, 0x80000012, 0x4321543};
	static const long arguments[] = {0, 1, 2, 3, 4, -1, 0x100000001};
	struct termios termios;
	struct termios2 termios2;
	char old[18];
	struct winsize window = {24, 80, 1, 65535};
	int number;

	for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
		all(requests[i][0], requests[i][1]);
	for (unsigned i = 0; i < sizeof values / sizeof *values; i++)
		for (unsigned j = 0; j < sizeof arguments / sizeof *arguments; j++)
			ioctl(-1, values[i], arguments[j]);

	master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
	number = 0;
	ioctl(master, TIOCSPTLCK, &number);
	ioctl(master, TIOCGPTN, BAD);
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	ioctl(slave, TCGETS, &termios);
	ioctl(slave, TCSETS, &termios);
	ioctl(slave, TCGETS, 1);
	ioctl(slave, TCGETS2, &termios2);
	termios2.c_cflag = CBAUDEX | CS8 | (B300 << IBSHIFT);
	termios2.c_oflag = FF1 | TAB3 | OPOST;
	ioctl(slave, TCSETSF2, &termios2);
	ioctl(slave, TCGETS2, &termios2);
	ioctl(slave, TCGETA, old);
	ioctl(slave, TCSETA, old);
	ioctl(slave, TIOCSWINSZ, &window);
	ioctl(slave, TIOCGWINSZ, &window);
	ioctl(slave, TIOCMGET, &number);
	ioctl(slave, TIOCGETD, &number);
	ioctl(slave, TIOCGEXCL, &number);
	ioctl(slave, FIONREAD, &number);
	ioctl(slave, TIOCOUTQ, &number);
	ioctl(slave, TIOCGPGRP, &number);
	ioctl(slave, TIOCGDEV, &termios);
	ioctl(slave, TIOCGSOFTCAR, &number);
	return 0;
}
