/* trace: -e trace=mq_open,mq_unlink,mq_timedsend,mq_timedreceive,mq_notify,mq_getsetattr */
/* trace: -v -X verbose -e trace=mq_open,mq_timedsend,mq_timedreceive,mq_notify,mq_getsetattr */
/* trace: -s 3 -xx -X raw -e trace=mq_open,mq_unlink,mq_timedsend,mq_timedreceive,mq_notify,mq_getsetattr */
#include "forms.h"
#include <mqueue.h>

#define WIDE 0xfedcba9800000000ul

struct attributes {
	long flags, most, size, now, reserved[4];
};

int main(void)
{
	char *end = edge(), name[] = "bstrace-mq_calls", text[64];
	void *const nowhere[] = {NULL, BAD, end, end - 63, (void *)-1};
	struct attributes few = {-1, 4, 64, -3}, *last = (void *)(end - sizeof(few));
	struct timespec over = {1, 0}, *times = (void *)(end - 16);
	unsigned priority = 0;
	syscall(SYS_mq_unlink, name);
	int fd = syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_NONBLOCK, 0x10600 | 0600, &few);
	syscall(SYS_mq_open, name, O_RDWR | O_CREAT | O_EXCL, 0600, NULL);
	syscall(SYS_mq_open, "bstrace-none", O_RDONLY, 0600, NULL);
	syscall(SYS_mq_open, "bstrace/none", O_CREAT | O_CLOEXEC | 3, -1, &few);
	syscall(SYS_mq_open, "", -1, 0, BAD);
	memcpy(last, &few, sizeof(few));
	for (int i = 0; i < 5; i++) {
		syscall(SYS_mq_open, nowhere[i], WIDE | 2, 0, nowhere[i]);
		syscall(SYS_mq_open, "a/b", WIDE | O_CREAT, 0777, nowhere[i]);
		syscall(SYS_mq_unlink, nowhere[i]);
		syscall(SYS_mq_getsetattr, fd, NULL, nowhere[i]);
		syscall(SYS_mq_getsetattr, fd, nowhere[i], &few);
		syscall(SYS_mq_timedsend, fd, nowhere[i], 5, i, &over);
		syscall(SYS_mq_timedsend, -1, "text", 4, i, nowhere[i]);
		syscall(SYS_mq_timedreceive, fd, nowhere[i], 64, nowhere[i], &over);
		syscall(SYS_mq_timedreceive, fd, text, 64, &priority, nowhere[i]);
		syscall(SYS_mq_notify, -1, nowhere[i]);
	}
	few.flags = 0x800;
	syscall(SYS_mq_getsetattr, fd, &few, last);
	few.flags = -1;
	syscall(SYS_mq_getsetattr, fd, &few, last);
	syscall(SYS_mq_getsetattr, WIDE | 99, last, last);
	syscall(SYS_mq_timedsend, fd, "hello\1\377 and more that is going to be cut", 41, 0, NULL);
	syscall(SYS_mq_timedsend, fd, "urgent", 6, 32767, &over);
	syscall(SYS_mq_timedsend, fd, "too urgent", 6, WIDE | -1u, &over);
	syscall(SYS_mq_timedsend, fd, end - 4, 9, 1, &over);
	syscall(SYS_mq_timedsend, fd, "", 0, 1, &over);
	memset(end - 64, 'r', 64);
	times->tv_sec = -1;
	times->tv_nsec = -1;
	syscall(SYS_mq_timedreceive, fd, text, 64, end - 4, times);
	times->tv_sec = 0;
	times->tv_nsec = 5;
	syscall(SYS_mq_timedreceive, fd, text, 64, end - 64, times);
	syscall(SYS_mq_timedreceive, fd, text, 64, NULL, NULL);
	syscall(SYS_mq_timedreceive, fd, end - 64, 64, &priority, NULL);
	syscall(SYS_mq_timedreceive, fd, text, 64, &priority, NULL);
	syscall(SYS_mq_timedreceive, fd, text, 1, &priority, &over);
	static const int notify[] = {0, 1, 2, 4, 3, -1}, signals[] = {0, 10, 32, 64, 65, -1};
	struct sigevent *event = (void *)(end - 32);
	for (int i = 0; i < 36; i++) {
		memset(event, i % 3 ? 0x91 : 0, 32);
		event->sigev_signo = signals[i / 6];
		event->sigev_notify = notify[i % 6];
		syscall(SYS_mq_notify, -1, event);
	}
	syscall(SYS_mq_notify, fd, NULL);
	close(fd);
	syscall(SYS_mq_unlink, name);
	return 0;
}
