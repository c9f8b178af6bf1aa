/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* trace: -y -s 1 -e trace=ioctl */
/* What ioctl(2) asks of files, block devices and loop devices. */
#include "ioctls.h"
#include <linux/blkpg.h>
#include <linux/blktrace_api.h>
#include <linux/blkzoned.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <linux/nbd.h>

static const unsigned requests[][2] = {
	{FITRIM, 24}, {FS_IOC_FSGETXATTR, 28}, {FS_IOC_FSSETXATTR, 28}, {FIFREEZE, 0}, {FITHAW, 0},
	{FS_IOC_GETFLAGS, 4}, {FS_IOC_SETFLAGS, 4}, {FS_IOC32_GETFLAGS, 4}, {FS_IOC32_SETFLAGS, 4}, {FICLONE, 0},
	{FICLONERANGE, 32}, {FS_IOC_GETFSLABEL, 256}, {FS_IOC_SETFSLABEL, 256}, {FS_IOC_FIEMAP, 32 + 3 * 56},
	{FIDEDUPERANGE, 24 + 4 * 32},
};
static const unsigned blocks[][2] = {
	{BLKRASET, 0}, {BLKFRASET, 0}, {BLKSECTGET, 2}, {BLKROTATIONAL, 2}, {BLKROGET, 4}, {BLKBSZGET, 4},
	{BLKROSET, 4}, {BLKIOMIN, 4}, {BLKRAGET, 8}, {BLKGETSIZE, 8}, {BLKGETSIZE64, 8}, {BLKDISCARD, 16},
	{BLKTRACESETUP, 72}, {BLKRRPART, 0}, {BLKPG, 24}, {LOOP_GET_STATUS, 168}, {LOOP_SET_STATUS, 168},
	{LOOP_GET_STATUS64, 232}, {LOOP_SET_STATUS64, 232}, {LOOP_CONFIGURE, 304}, {LOOP_CLR_FD, 0}, {LOOP_SET_FD, 0},
	{LOOP_CTL_ADD, 0}, {LOOP_SET_BLOCK_SIZE, 0}, {NBD_DISCONNECT, 0}, {NBD_SET_SOCK, 0}, {NBD_SET_SIZE, 0},
	{NBD_SET_FLAGS, 0},
};

static void counted(void)
{
	char *at = edge() - (24 + 4 * 32);
	struct blkpg_partition partition = {1, -2, 3, "name", "volume"};
	struct blkpg_ioctl_arg part = {BLKPG_ADD_PARTITION, 1, -1, &partition};

	for (unsigned i = 0; i < 24 + 4 * 32; i++)
		at[i] = i;
	for (int count = 0; count < 6; count++) {
		*(unsigned short *)(at + 16) = count;
		ioctl(-1, FIDEDUPERANGE, at);
	}
	at = edge() - (32 + 3 * 56);
	for (unsigned i = 0; i < 32 + 3 * 56; i++)
		at[i] = i;
	for (int count = 0; count < 5; count++) {
		*(unsigned *)(at + 20) = count;
		ioctl(-1, FS_IOC_FIEMAP, at);
	}
	ioctl(-1, BLKPG, &part);
	part.data = BAD;
	ioctl(-1, BLKPG, &part);
	texts(FS_IOC_SETFSLABEL, 256);
	texts(LOOP_SET_STATUS, 168);
	texts(LOOP_SET_STATUS64, 232);
}

int main(void)
{
	TABLE(requests);
	TABLE(blocks);
	counted();
	succeed();
	TABLE(requests);
	TABLE(blocks);
	counted();
	return 0;
}
