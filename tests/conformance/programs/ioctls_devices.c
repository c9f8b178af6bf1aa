/* trace: -e trace=ioctl */
/* trace: -v -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* trace: -y -s 1 -e trace=ioctl */
/* What ioctl(2) asks of clocks, random numbers, namespaces, userfaultfd and others. */
#include "ioctls.h"
#include <linux/lirc.h>
#include <linux/nsfs.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/userfaultfd.h>
#include <linux/watchdog.h>

static const unsigned requests[][2] = {
	{RTC_RD_TIME, 36}, {RTC_SET_TIME, 36}, {RTC_IRQP_SET, 0}, {RTC_IRQP_READ, 8}, {RTC_WKALM_RD, 40},
	{RTC_WKALM_SET, 40}, {RTC_PLL_GET, 32}, {RTC_PLL_SET, 32}, {RTC_VL_READ, 4}, {_IOW('p', 0x13, char[24]), 24},
	{_IOW('p', 0x14, char[24]), 24}, {RTC_AIE_ON, 0}, {RNDGETENTCNT, 4}, {RNDADDTOENTCNT, 4}, {RNDADDENTROPY, 48},
	{RNDCLEARPOOL, 0}, {WDIOC_GETSTATUS, 4}, {WDIOC_SETTIMEOUT, 4}, {WDIOC_KEEPALIVE, 0},
	{_IOW('I', 0, int), 0}, {_IOW(0x3e, 0, char[6]), 6}, {_IO(0x3e, 1), 0}, {LIRC_GET_FEATURES, 4},
	{LIRC_SET_SEND_MODE, 4}, {LIRC_SET_TRANSMITTER_MASK, 4}, {LIRC_GET_LENGTH, 4},
	{NS_GET_USERNS, 0}, {NS_GET_OWNER_UID, 4}, {UFFDIO_API, 24}, {UFFDIO_COPY, 40},
	{UFFDIO_REGISTER, 32}, {UFFDIO_UNREGISTER, 16}, {UFFDIO_ZEROPAGE, 32}, {SECCOMP_IOCTL_NOTIF_RECV, 80},
	{SECCOMP_IOCTL_NOTIF_SEND, 24}, {SECCOMP_IOCTL_NOTIF_ID_VALID, 8}, {_IOR('!', 2, long), 8},
	{SECCOMP_IOCTL_NOTIF_ADDFD, 24},
};

static void notified(void)
{
	struct seccomp_notif notif = {1, 2, 3, {59, 0xc000003e, 4, {1, 2, 3, 4, 5, 6}}};
	struct seccomp_notif_resp response = {1, -2, -2, 1};

	ioctl(-1, SECCOMP_IOCTL_NOTIF_RECV, &notif);
	notif.data.nr = 12345;
	ioctl(-1, SECCOMP_IOCTL_NOTIF_RECV, &notif);
	ioctl(-1, SECCOMP_IOCTL_NOTIF_SEND, &response);
	for (unsigned kind = 0; kind < 4; kind++) {
		unsigned long parameter[3] = {kind, 5, kind << 32};
		ioctl(-1, _IOW('p', 0x13, char[24]), parameter);
		ioctl(-1, _IOW('p', 0x14, char[24]), parameter);
	}
}

int main(void)
{
	int space = open("/proc/self/ns/user", O_RDONLY);
	int other = open("/proc/self/ns/uts", O_RDONLY);
	int fault = syscall(SYS_userfaultfd, O_CLOEXEC | 1);
	struct uffdio_api api = {UFFD_API, 0, 0};

	ioctl(space, NS_GET_NSTYPE);
	ioctl(other, NS_GET_NSTYPE);
	close(ioctl(other, NS_GET_USERNS));
	ioctl(space, NS_GET_OWNER_UID, &api);
	ioctl(fault, UFFDIO_API, &api);
	TABLE(requests);
	notified();
	succeed();
	value(NS_GET_NSTYPE);
	TABLE(requests);
	notified();
	return 0;
}
