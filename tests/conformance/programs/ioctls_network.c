/* trace: -e trace=ioctl */
/* trace: -v -s 1 -e trace=ioctl */
/* trace: -X verbose -v -e trace=ioctl */
/* trace: -X raw -e trace=ioctl */
/* trace: -e trace=ioctl -e verbose=none */
/* trace: -xx -s 4 -e trace=ioctl */
/* What ioctl(2) asks of network interfaces. */
#include "ioctls.h"
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

static const unsigned requests[] = {
	SIOCADDMULTI, SIOCSIFADDR, SIOCSIFBRDADDR, SIOCSIFDSTADDR, SIOCSIFFLAGS, SIOCSIFHWADDR, SIOCSIFHWBROADCAST,
	SIOCSIFMAP, SIOCSIFMETRIC, SIOCSIFMTU, SIOCSIFNAME, SIOCSIFNETMASK, SIOCSIFSLAVE, SIOCSIFTXQLEN, SIOCGIFADDR,
	SIOCGIFBRDADDR, SIOCGIFDSTADDR, SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCGIFINDEX, SIOCGIFMAP, SIOCGIFMETRIC,
	SIOCGIFMTU, SIOCGIFNAME, SIOCGIFNETMASK, SIOCGIFSLAVE, SIOCGIFTXQLEN, SIOCBRADDIF,
};
static const unsigned others[][2] = {
	{SIOCBRADDBR, 16}, {SIOCATMARK, 4}, {SIOCSPGRP, 4}, {SIOCOUTQNSD, 4}, {SIOCADDRT, 0}, {SIOCETHTOOL, 0},
	{0x89ff, 0}, {SIOCGIFCONF, 16},
};

static void interfaces(int fd)
{
	static struct ifreq list[4];
	static const unsigned short families[] = {AF_INET, AF_INET6, AF_UNIX, 1, 772, 27, 9999};
	struct ifreq request;
	struct ifconf all = {0};
	char *end = edge();

	for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++) {
		for (unsigned j = 0; j < sizeof families / sizeof *families; j += j ? 6 : 1) {
			memset(&request, j ? 0xff : 0, sizeof request);
			strcpy(request.ifr_name, j == 1 ? "fifteen letters" : "lo");
			request.ifr_addr.sa_family = families[j];
			ioctl(fd, requests[i], &request);
		}
		ioctl(fd, requests[i], NULL);
		ioctl(fd, requests[i], end - 39);
	}
	for (unsigned j = 0; j < sizeof families / sizeof *families; j++) {
		memset(&request, j, sizeof request);
		request.ifr_addr.sa_family = families[j];
		ioctl(fd, SIOCSIFADDR, &request);
		ioctl(fd, SIOCSIFHWADDR, &request);
	}
	request.ifr_ifindex = 1;
	ioctl(fd, SIOCGIFNAME, &request);
	ioctl(fd, SIOCBRADDIF, &request);
	ioctl(fd, SIOCBRADDBR, "a bridge with a long name");
	ioctl(fd, SIOCGIFCONF, &all);
	all.ifc_len = sizeof list;
	all.ifc_req = list;
	strcpy(list[0].ifr_name, "one");
	strcpy(list[1].ifr_name, "two");
	ioctl(fd, SIOCGIFCONF, &all);
	all.ifc_len = 41;
	ioctl(fd, SIOCGIFCONF, &all);
	all.ifc_len = -40;
	ioctl(fd, SIOCGIFCONF, &all);
	all.ifc_len = 80;
	all.ifc_buf = end - 40;
	memset(end - 40, 0, 40);
	ioctl(fd, SIOCGIFCONF, &all);
}

int main(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct ifreq request = {"lo"};

	ioctl(fd, SIOCGIFFLAGS, &request);
	ioctl(fd, SIOCGIFADDR, &request);
	ioctl(fd, SIOCGIFHWADDR, &request);
	ioctl(fd, SIOCGIFINDEX, &request);
	ioctl(fd, SIOCGIFNAME, &request);
	ioctl(fd, SIOCGIFMTU, &request);
	ioctl(fd, SIOCGIFMAP, &request);
	ioctl(fd, SIOCGIFTXQLEN, &request);
	interfaces(-1);
	TABLE(others);
	succeed();
	interfaces(-1);
	TABLE(others);
	return 0;
}
