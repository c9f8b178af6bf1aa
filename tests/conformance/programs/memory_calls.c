/* trace: -e trace=mmap,munmap,mprotect,brk,mremap,madvise,msync,mlock,mlock2,munlock,mlockall,munlockall,mincore,remap_file_pages,pkey_alloc,pkey_free,pkey_mprotect,membarrier,process_madvise,process_mrelease,memfd_create,memfd_secret,userfaultfd */
/* trace: -X verbose -e trace=mmap,mprotect,mremap,madvise,msync,mlock2,mlockall,mincore,remap_file_pages,pkey_alloc,pkey_mprotect,membarrier,process_madvise,memfd_create,memfd_secret,userfaultfd */
/* trace: -v -s 3 -X raw -e trace=mmap,mprotect,mremap,madvise,msync,mlock2,mincore,remap_file_pages,pkey_alloc,membarrier,process_madvise,memfd_create,userfaultfd */
#include "forms.h"
#include <sys/uio.h>

#define WIDE 0xfedcba9800000000ul

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

static void maps(void)
{
	/* Length 0 or an offset that is no page: nothing is ever mapped. */
	for (int bit = 0; bit < 64; bit++) {
		syscall(SYS_mmap, NULL, 0, 1ul << bit, 1ul << bit, -1, 1ul << bit);
		syscall(SYS_mprotect, 1, 1ul << bit, 1ul << bit | 5);
		syscall(SYS_mremap, 1, 0, 1ul << bit, 1ul << bit | 1, bit);
	}
	for (int type = 0; type < 16; type++)
		syscall(SYS_mmap, BAD, 0, 7, type | 0x20, 0xffffffff00000000 | type, -1);
	syscall(SYS_mmap, NULL, 0, -1, -1, -1, 0);
	syscall(SYS_mmap, NULL, 0, 0, 0, 7, 4095);
	syscall(SYS_mmap, NULL, 0, WIDE, WIDE | 2, 0, 1);
	syscall(SYS_mmap, NULL, 0, 3, 0x22 | MAP_HUGETLB | 21 << 26, -1, 0);
	syscall(SYS_mmap, NULL, 0, 3, 30ul << 26, -1, 0);
	syscall(SYS_mmap, NULL, 0, 3, 30ul << 26 | 0x80000200, -1, 0);
	char *at = (void *)syscall(SYS_mmap, NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	at = (void *)syscall(SYS_mremap, at, 8192, 16384, MREMAP_MAYMOVE, 7);
	syscall(SYS_mremap, at, 8192, 16384, MREMAP_FIXED, 7);
	syscall(SYS_mremap, at, 8192, 16384, MREMAP_FIXED | MREMAP_MAYMOVE, 7);
	syscall(SYS_mremap, at, 8192, 16384, MREMAP_FIXED | MREMAP_MAYMOVE, 0);
	syscall(SYS_munmap, at, 16384);
	syscall(SYS_munmap, NULL, -1);
	syscall(SYS_munmap, BAD, 0);
	syscall(SYS_brk, 0);
	syscall(SYS_brk, 1);
	syscall(SYS_brk, -1);
}

static void advice(char *end)
{
	struct iovec ranges[40], *two = (void *)(end - sizeof(struct iovec) * 2);
	memset(ranges, 0x11, sizeof(ranges));
	memset(two, 0, sizeof(struct iovec) * 2);
	for (int each = -1; each < 30; each++)
		syscall(SYS_madvise, 1, each, each);
	syscall(SYS_madvise, NULL, -1, 100);
	syscall(SYS_madvise, NULL, 1, WIDE | 101);
	for (int count = 3; count < 40; count += 4)
		syscall(SYS_process_madvise, -1, ranges, count, count, count);
	syscall(SYS_process_madvise, 0, two, 2, 21, 0);
	syscall(SYS_process_madvise, 0, two, 3, 20, WIDE);
	syscall(SYS_process_madvise, 0, NULL, 3, WIDE | 4, 1);
	syscall(SYS_process_madvise, 0, BAD, 3, 4, 1);
	syscall(SYS_process_mrelease, -1, 0);
	syscall(SYS_process_mrelease, WIDE, WIDE | 7);
	for (int bit = 0; bit < 33; bit++)
		syscall(SYS_msync, 1, 4096, 1ul << bit);
	syscall(SYS_msync, 1, 1, 7);
	syscall(SYS_mlock, 1, -1);
	syscall(SYS_munlock, NULL, 4096);
	syscall(SYS_mlock2, NULL, 4096, 2);
	syscall(SYS_mlock2, BAD, 0, 1);
	syscall(SYS_mlock2, BAD, 0, WIDE);
	syscall(SYS_mlockall, 0);
	syscall(SYS_mlockall, -1);
	syscall(SYS_mlockall, 8);
	syscall(SYS_mlockall, 4);
	syscall(SYS_munlockall);
}

static void residents(char *end)
{
	char *at = mmap(NULL, 4096 * 64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	static const size_t sizes[] = {0, 1, 4096, 4097, 3 * 4096, 32 * 4096, 33 * 4096, 64 * 4096, -1};
	void *const bad[] = {NULL, BAD, end, (void *)-1};
	memset(end - 8, 0xfe, 8);
	for (unsigned i = 0; i < 9; i++) {
		syscall(SYS_mincore, at, sizes[i], end - 64);
		syscall(SYS_mincore, at, sizes[i], end - 1);
		syscall(SYS_mincore, at, sizes[i], bad[i % 4]);
	}
	syscall(SYS_mincore, 1, 4096, end - 8);
	syscall(SYS_remap_file_pages, 0, 0, 0, 0, 0);
	syscall(SYS_remap_file_pages, at + 1, WIDE, WIDE | 7, -1, WIDE | 0x12);
	syscall(SYS_remap_file_pages, at, 0, -1, 7, -1);
	munmap(at, 4096 * 64);
}

static void others(char *end)
{
	for (int bit = 0; bit < 33; bit++) {
		syscall(SYS_pkey_alloc, 1ul << bit, bit);
		syscall(SYS_membarrier, 0x10000000 | 1 << bit, bit, bit);
		syscall(SYS_userfaultfd, 0x10 | 1ul << bit);
	}
	syscall(SYS_pkey_alloc, -1, WIDE | 3);
	syscall(SYS_pkey_free, 0xffffffff00000077);
	syscall(SYS_pkey_mprotect, 1, 2, 0xf, -1);
	syscall(SYS_membarrier, WIDE, 0, 3);
	syscall(SYS_membarrier, 0, 7, 3);
	syscall(SYS_membarrier, 4, 1, -3);
	syscall(SYS_membarrier, 5, 2, -3);
	syscall(SYS_membarrier, 1, 1, -3);
	syscall(SYS_userfaultfd, -1);
	memset(end - 300, 'n', 300);
	end[-1] = 0;
	static const int lengths[] = {0, 1, 3, 4, 31, 32, 33, 248, 249, 250, 251, 299};
	for (unsigned i = 0; i < 12; i++)
		close(syscall(SYS_memfd_create, end - 1 - lengths[i], i < 9 ? i : 0));
	for (int bit = 0; bit < 33; bit++)
		syscall(SYS_memfd_create, "bad", 0x40 | 1ul << bit);
	end[-1] = 'n';
	syscall(SYS_memfd_create, end - 2, -1);
	syscall(SYS_memfd_create, end - 300, 0xfc000000);
	syscall(SYS_memfd_create, NULL, 0xfc000001);
	syscall(SYS_memfd_create, BAD, 21ul << 26);
	syscall(SYS_memfd_create, "bad\1\377", WIDE);
	syscall(SYS_memfd_secret, 1);
	syscall(SYS_memfd_secret, 0x80001);
	syscall(SYS_memfd_secret, WIDE | 2);
}

int main(void)
{
	char *end = edge();
	maps();
	advice(end);
	residents(end);
	others(end);
	return 0;
}
