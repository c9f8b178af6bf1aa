/* trace: -e trace=getrlimit,setrlimit,prlimit64,uname,sysinfo,sethostname,setdomainname */
/* trace: -v -e trace=getrlimit,setrlimit,prlimit64,uname,sysinfo,sethostname,setdomainname */
/* trace: -X verbose -s 2 -e trace=getrlimit,setrlimit,prlimit64,uname,sysinfo,sethostname */
/* trace: -X raw -s 3 -e trace=getrlimit,setrlimit,prlimit64,uname,sysinfo,sethostname */
/* trace: -e verbose=none -e trace=getrlimit,setrlimit,prlimit64,uname,sysinfo,sethostname */
/* trace: -v -xx -e trace=uname,sethostname,setdomainname */
/* mask: (?:uptime|loads|freeram|sharedram|bufferram|freeswap|procs)=(\[[\d, .]+\]|\d+) */
#include "forms.h"
#include <sys/resource.h>

static void limits(char *end)
{
	static const unsigned long values[] = {0, 1, 1023, 1024, 1025, 2048, 10240, 1 << 20, -1024, -1, 0x7fffffff, 0x4000000000};
	unsigned long pair[2];
	for (int resource = 0; resource < 17; resource++) {
		syscall(SYS_getrlimit, resource, end - 16);
		syscall(SYS_prlimit64, 0, resource | 0x500000000, NULL, end - 16);
	}
	for (int i = 0; i < 12; i++) {
		pair[0] = values[i];
		pair[1] = values[(i + 5) % 12];
		syscall(SYS_setrlimit, 16 + i, pair);
		syscall(SYS_prlimit64, 0x7ffffffe, i, pair, end - 16);
	}
	syscall(SYS_getrlimit, -1, end - 16);
	syscall(SYS_getrlimit, 7, end - 15);
	syscall(SYS_getrlimit, 7, NULL);
	syscall(SYS_setrlimit, 7, end - 15);
	syscall(SYS_setrlimit, 7, BAD);
	syscall(SYS_prlimit64, -1, 3, NULL, NULL);
	syscall(SYS_prlimit64, 0, 3, BAD, BAD);
	syscall(SYS_prlimit64, 0, 3, NULL, end - 15);
}

int main(void)
{
	char *end = edge();
	limits(end);
	syscall(SYS_uname, end - 390);
	syscall(SYS_uname, end - 389);
	syscall(SYS_uname, NULL);
	syscall(SYS_sysinfo, end - 112);
	syscall(SYS_sysinfo, end - 111);
	syscall(SYS_sysinfo, NULL);
	/* Too long for the kernel, or nowhere to be read: the names stay as they are. */
	memset(end - 66, 'n', 66);
	syscall(SYS_sethostname, end - 66, 65);
	syscall(SYS_sethostname, end - 64, -1);
	syscall(SYS_sethostname, end - 63, 64);
	syscall(SYS_setdomainname, end - 2, 0x500000041);
	syscall(SYS_setdomainname, BAD, 4);
	syscall(SYS_setdomainname, NULL, 4);
	syscall(SYS_setdomainname, end - 3, 64);
	return 0;
}
