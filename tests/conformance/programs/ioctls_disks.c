/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* trace: -y -s 1 -e trace=ioctl */
/* What ioctl(2) asks of IDE and SCSI disks and of PTP clocks. */
#include "ioctls.h"
#include <linux/bsg.h>
#include <linux/hdreg.h>
#include <linux/ptp_clock.h>
#include <scsi/sg.h>
#include <scsi/scsi_ioctl.h>

static const unsigned requests[][2] = {
	{HDIO_GETGEO, 16}, {HDIO_DRIVE_CMD, 4 + 512}, {HDIO_DRIVE_RESET, 12}, {HDIO_GET_32BIT, 8},
	{HDIO_GET_BUSSTATE, 8}, {HDIO_GET_NICE, 8}, {HDIO_GET_IDENTITY, 512}, {HDIO_OBSOLETE_IDENTITY, 142},
	{HDIO_SET_BUSSTATE, 0}, {HDIO_SET_NICE, 0}, {HDIO_SET_DMA, 0}, {0x3ff, 0},
	{SG_IO, 88}, {SG_GET_SCSI_ID, 32}, {SG_GET_REQUEST_TABLE, 24}, {SG_SCSI_RESET, 4}, {SG_SET_TIMEOUT, 4},
	{SG_GET_VERSION_NUM, 4}, {SG_SET_TRANSFORM, 0}, {SG_GET_TIMEOUT, 0}, {0x22ff, 0},
};
static const unsigned clocks[][2] = {
	{PTP_CLOCK_GETCAPS, 80}, {PTP_EXTTS_REQUEST, 16}, {PTP_EXTTS_REQUEST2, 16}, {PTP_PEROUT_REQUEST, 56},
	{PTP_PEROUT_REQUEST2, 56}, {PTP_ENABLE_PPS, 0}, {PTP_SYS_OFFSET, 832}, {PTP_SYS_OFFSET2, 832},
	{PTP_PIN_GETFUNC, 96}, {PTP_PIN_GETFUNC2, 96}, {PTP_PIN_SETFUNC, 96}, {PTP_PIN_SETFUNC2, 96},
	{PTP_SYS_OFFSET_PRECISE, 64}, {PTP_SYS_OFFSET_EXTENDED, 1216}, {PTP_SYS_OFFSET_EXTENDED2, 1216},
	{_IO('=', 99), 0},
};

static void commands(void)
{
	static unsigned char data[64] = "0123456789abcdefghijklmnopqrstuvwxyz";
	static struct iovec vector[2] = {{data, 3}, {data + 10, 20}};
	static const int directions[] = {SG_DXFER_NONE, SG_DXFER_TO_DEV, SG_DXFER_FROM_DEV, SG_DXFER_TO_FROM_DEV, 5};
	struct sg_io_hdr three = {'S', 0, 6, 16, 0, 30, data, data + 1, data + 2, 1, 3, 2, data, 1, 2, 3, 4, 5, 6, 7, 8, 1};
	struct sg_io_v4 four = {'Q', 0, 0, 6, (long)data, 1, 2, 3, 4, 5, (long)data + 1, 0, 10, 0, 12, (long)data + 2,
				(long)data + 3, 6, 7, 8, 0, 9, 10, 11, 12, 13, 14, 4, 5, 6, 7};
	struct ptp_perout_request output = {{{1000000000, 5}}, {1, 2, 3}, 4, 7, {{5, 6}}};
	struct { unsigned samples, rsv[3]; struct ptp_clock_time times[76]; } offset = {2, {0, 0, 1}, {{1600000000, 1}}};
	char *end = edge();

	for (unsigned i = 0; i < 5; i++) {
		three.dxfer_direction = directions[i];
		ioctl(-1, SG_IO, &three);
		three.dxferp = vector;
		three.iovec_count = 2;
		three.resid = 40;
		ioctl(-1, SG_IO, &three);
		three.dxferp = data;
		three.iovec_count = 0;
		three.resid = 30;
	}
	ioctl(-1, SG_IO, &four);
	four.dout_xferp = four.din_xferp = (long)vector;
	four.dout_iovec_count = four.din_iovec_count = 2;
	four.din_resid = 100;
	ioctl(-1, SG_IO, &four);
	memcpy(end - 8, "S\0\0\0\1\2\3", 8);
	ioctl(-1, SG_IO, end - 8);
	end[-8] = 'Q';
	ioctl(-1, SG_IO, end - 8);
	for (output.flags = 0; output.flags < 9; output.flags++) {
		ioctl(-1, PTP_PEROUT_REQUEST, &output);
		ioctl(-1, PTP_PEROUT_REQUEST2, &output);
	}
	ioctl(-1, PTP_SYS_OFFSET, &offset);
	ioctl(-1, PTP_SYS_OFFSET_EXTENDED, &offset);
	offset.samples = 30;
	ioctl(-1, PTP_SYS_OFFSET2, &offset);
	ioctl(-1, PTP_SYS_OFFSET_EXTENDED2, &offset);
}

int main(void)
{
	TABLE(requests);
	TABLE(clocks);
	commands();
	succeed();
	TABLE(requests);
	TABLE(clocks);
	commands();
	return 0;
}
