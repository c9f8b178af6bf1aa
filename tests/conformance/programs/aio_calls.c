/* trace: -e trace=io_setup,io_destroy,io_submit,io_cancel,io_getevents,io_pgetevents */
/* trace: -v -X verbose -e trace=io_setup,io_destroy,io_submit,io_cancel,io_getevents,io_pgetevents */
/* trace: -s 3 -X raw -e trace=io_submit,io_cancel,io_getevents,io_pgetevents */
#include "forms.h"
#include <linux/aio_abi.h>
#include <sys/uio.h>

#define WIDE 0xfedcba9800000000ul

int main(void)
{
	char *end = edge(), data[100] = "some data to be written, \1\2\3, more than is shown of a string";
	void *const nowhere[] = {NULL, BAD, end, end - 7, (void *)-1};
	int fd = open("/dev/null", O_RDWR);
	aio_context_t context = 0;
	struct timespec none = {0, 0}, *some = (void *)(end - 16);
	struct io_event events[40];
	uint64_t mask = 0x4002;
	struct {
		void *set;
		size_t size;
	} masks[] = {{NULL, 8}, {BAD, 8}, {&mask, 8}, {&mask, 7}, {end - 4, 8}};
	struct iovec parts[2] = {{data, 40}, {data + 5, 3}};
	struct iocb block, *blocks[40], *last = (void *)(end - sizeof(block));

	for (int i = 0; i < 5; i++)
		syscall(SYS_io_setup, i ? 1 : WIDE, nowhere[i]);
	syscall(SYS_io_setup, -1, &context);
	/* Without the call in the kernel the context stays 0, and what follows is decoded all the same. */
	syscall(SYS_io_setup, 50, &context);
	memset(&block, 0, sizeof(block));
	block.aio_fildes = fd;
	for (int i = 0; i < 40; i++)
		blocks[i] = &block;
	for (int command = 0; command < 11; command++) {
		block.aio_lio_opcode = command;
		block.aio_buf = (uintptr_t)(command == 7 || command == 8 ? (void *)parts : data);
		block.aio_nbytes = command == 7 || command == 8 ? 2 : 60;
		block.aio_offset = command * 1000 - 1;
		block.aio_flags = 0, block.aio_resfd = 0, block.aio_rw_flags = 0, block.aio_reqprio = 0, block.aio_key = 0;
		syscall(SYS_io_submit, 0, 1, blocks);
		block.aio_data = 0x123456789abcdef;
		block.aio_key = command;
		block.aio_flags = 1;
		block.aio_resfd = fd;
		block.aio_reqprio = -1;
		syscall(SYS_io_submit, 0, 1, blocks);
		block.aio_flags = 2;
		block.aio_reqprio = 0x4003;
		block.aio_rw_flags = 0x15;
		block.aio_nbytes = command == 8 ? 3 : -1;
		syscall(SYS_io_submit, 0, 1, blocks);
		block.aio_flags = 0xfffffff0;
		block.aio_rw_flags = 0x80000000;
		block.aio_buf = command * 0x1001;
		block.aio_fildes = -1;
		syscall(SYS_io_submit, 0, 1, blocks);
		block.aio_flags = 0;
		block.aio_reqprio = 7;
		syscall(SYS_io_cancel, 0, &block, events);
		block.aio_fildes = fd;
		block.aio_data = 0;
	}
	memcpy(last, &block, sizeof(block));
	for (int i = 0; i < 5; i++) {
		blocks[1] = nowhere[i];
		syscall(SYS_io_submit, 0, 3, blocks);
		syscall(SYS_io_submit, WIDE, i, nowhere[i]);
		syscall(SYS_io_cancel, 7, nowhere[i], nowhere[4 - i]);
		syscall(SYS_io_getevents, 0, -1, WIDE, nowhere[i], nowhere[4 - i]);
		syscall(SYS_io_pgetevents, 0, 1, 2, nowhere[i], &none, nowhere[4 - i]);
		syscall(SYS_io_pgetevents, 0, 1, 2, events, nowhere[i], &masks[i]);
	}
	blocks[1] = last;
	blocks[2] = (void *)((char *)last + 1);
	syscall(SYS_io_submit, 0, 3, blocks);
	for (int count = -1; count < 41; count += 7)
		syscall(SYS_io_submit, 0, (long)count, blocks);
	syscall(SYS_io_submit, 0, WIDE, blocks);
	memcpy(end - 16, blocks, 16);
	syscall(SYS_io_submit, 0, 3, end - 16);

	/* What really happens. */
	some->tv_sec = 1, some->tv_nsec = 5;
	block.aio_lio_opcode = IOCB_CMD_PWRITE;
	block.aio_buf = (uintptr_t)data;
	block.aio_nbytes = 10;
	block.aio_reqprio = block.aio_rw_flags = block.aio_flags = block.aio_resfd = block.aio_offset = 0;
	for (int i = 0; i < 40; i++)
		blocks[i] = &block;
	if (context) {
		syscall(SYS_io_submit, context, 40, blocks);
		syscall(SYS_io_getevents, context, 0, 2, events, some);
		syscall(SYS_io_getevents, context, 1, 1, end - 40, &none);
		syscall(SYS_io_pgetevents, context, 0, 40, events, &none, &masks[2]);
		syscall(SYS_io_pgetevents, context, 0, 40, events, &none, &masks[3]);
		syscall(SYS_io_getevents, context, 0, 2, events, &none);
		syscall(SYS_io_destroy, context);
	}
	syscall(SYS_io_destroy, -1);
	syscall(SYS_io_destroy, NULL);
	return 0;
}
