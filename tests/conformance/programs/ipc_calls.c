/* trace: -e trace=msgget,msgsnd,msgrcv,msgctl,semget,semop,semtimedop,semctl,shmget,shmat,shmdt,shmctl */
/* trace: -v -X verbose -e trace=msgget,msgsnd,msgrcv,msgctl,semget,semop,semtimedop,semctl,shmget,shmat,shmctl */
/* trace: -s 3 -X raw -e trace=msgget,msgsnd,msgrcv,msgctl,semget,semop,semctl,shmget,shmat,shmctl */
#include "forms.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define WIDE 0xfedcba9800000000ul

static void *const nowhere[] = {NULL, BAD, (void *)-1};

static void messages(char *end)
{
	struct {
		long type;
		char text[100];
	} message = {7, "hello, \"queue\"\n\1\377 and more that gets cut"}, *last = (void *)(end - 16);
	/* The key -1 belongs to nobody; without IPC_CREAT none is made. */
	for (int bit = 0; bit < 32; bit++)
		if (1u << bit != IPC_CREAT)
			syscall(SYS_msgget, -1, 1u << bit);
	syscall(SYS_msgget, -1, -1 & ~IPC_CREAT);
	syscall(SYS_msgget, 0x12345678, WIDE | 0x10000007);
	int id = syscall(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0600);
	int other = syscall(SYS_msgget, WIDE, IPC_CREAT | IPC_EXCL | 0x10000000 | 0777);
	syscall(SYS_msgctl, other, IPC_RMID, 7);
	syscall(SYS_msgsnd, id, &message, 0, 0);
	syscall(SYS_msgsnd, id, &message, 5, IPC_NOWAIT);
	syscall(SYS_msgsnd, id, &message, 100, 0xf0000000);
	last->type = -1;
	last->text[0] = 'x';
	syscall(SYS_msgsnd, id, last, 8, IPC_NOWAIT);
	syscall(SYS_msgsnd, -1, last, 9, -1);
	syscall(SYS_msgsnd, id, last, -1, 0);
	for (int i = 0; i < 3; i++) {
		syscall(SYS_msgsnd, id, nowhere[i], 1, 0);
		syscall(SYS_msgrcv, id, nowhere[i], 1, 3, IPC_NOWAIT);
	}
	syscall(SYS_msgsnd, id, end - 15, 1, IPC_NOWAIT);
	syscall(SYS_msgsnd, id, end - 8, 0, IPC_NOWAIT);
	memset(&message, '-', sizeof(message));
	syscall(SYS_msgrcv, id, &message, 3, 7, IPC_NOWAIT);
	syscall(SYS_msgrcv, id, &message, 10, -8, IPC_NOWAIT | MSG_NOERROR);
	syscall(SYS_msgrcv, id, &message, 10, 0, IPC_NOWAIT | 0x2000);
	syscall(SYS_msgrcv, id, &message, 100, 0, IPC_NOWAIT | MSG_NOERROR | 0x8000);
	syscall(SYS_msgrcv, WIDE | 99, &message, -1, -1, -1);
	syscall(SYS_msgctl, id, IPC_RMID, NULL);
}

static void queues(char *end)
{
	int id = msgget(IPC_PRIVATE, IPC_CREAT | 0640);
	struct msqid_ds ds, *last = (void *)(end - sizeof(ds));
	struct msginfo *info = (void *)(end - sizeof(*info));
	syscall(SYS_msgctl, id, IPC_STAT, &ds);
	memcpy(last, &ds, sizeof(ds));
	last->msg_perm.uid = -1;
	last->msg_perm.gid = -2;
	last->msg_perm.mode = 0xffffu;
	last->msg_qbytes = -1;
	syscall(SYS_msgctl, -1, IPC_SET, last);
	syscall(SYS_msgctl, -1, IPC_SET | 0x100, last);
	syscall(SYS_msgctl, -1, IPC_SET, (char *)last + 1);
	syscall(SYS_msgctl, id, IPC_SET, &ds);
	for (int command = -1; command < 18; command++) {
		if (command == IPC_RMID)
			continue;
		syscall(SYS_msgctl, command == MSG_STAT || command == 13 ? 0 : id, command, &ds);
		syscall(SYS_msgctl, -1, command, &ds);
		syscall(SYS_msgctl, -1, command | 0x100, nowhere[(command + 1) % 3]);
	}
	syscall(SYS_msgctl, id, IPC_STAT, end - 50);
	syscall(SYS_msgctl, id, IPC_STAT | 0x100, NULL);
	syscall(SYS_msgctl, WIDE, WIDE | IPC_STAT, BAD);
	syscall(SYS_msgctl, 0, IPC_INFO, info);
	syscall(SYS_msgctl, 0, IPC_INFO, (char *)info + 1);
	syscall(SYS_msgctl, id, IPC_RMID, &ds);
}

static void semaphores(char *end)
{
	struct sembuf operations[40], *last = (void *)(end - 12);
	struct timespec soon = {0, 1000};
	struct semid_ds ds;
	struct seminfo info;
	unsigned short values[4] = {1, 2, 3, 4};
	syscall(SYS_semget, -1, -1, -1 & ~IPC_CREAT);
	syscall(SYS_semget, -1, 3, 0x10000004);
	syscall(SYS_semget, WIDE | 77, WIDE, WIDE);
	int id = syscall(SYS_semget, IPC_PRIVATE, 4, IPC_CREAT | IPC_EXCL | 0600);
	for (int i = 0; i < 40; i++)
		operations[i] = (struct sembuf){i % 4, i % 3 ? 1 : i, i % 2 ? SEM_UNDO : IPC_NOWAIT};
	operations[3] = (struct sembuf){-1, -1, -1};
	operations[6] = (struct sembuf){-7, -7, 0x0004};
	for (int count = 0; count < 40; count = count * 2 + 1)
		syscall(SYS_semop, id, operations, count);
	syscall(SYS_semop, id, operations, 2);
	memcpy(last, operations, 12);
	for (int i = 0; i < 3; i++) {
		syscall(SYS_semop, id, nowhere[i], 2);
		syscall(SYS_semtimedop, id, last, 2 + i, nowhere[i]);
	}
	operations[0] = (struct sembuf){0, -1000, 0};
	syscall(SYS_semtimedop, id, operations, 1, &soon);
	syscall(SYS_semtimedop, -1, last, WIDE | 33, end - 15);
	syscall(SYS_semctl, id, 0, SETALL, values);
	syscall(SYS_semctl, id, 0, GETALL, values);
	syscall(SYS_semctl, id, 1, SETVAL, 7);
	syscall(SYS_semctl, id, 1, GETVAL, 0);
	for (int command = -1; command < 24; command++) {
		if (command == IPC_RMID)
			continue;
		if (command != IPC_SET)
			syscall(SYS_semctl, command == GETPID ? -1 : command == SEM_STAT || command == 20 ? 0 : id, 1, command, command == SETVAL ? 0 : (long)&ds);
		syscall(SYS_semctl, -1, -1, command, &ds);
		syscall(SYS_semctl, -1, 2, command | 0x100, nowhere[(command + 1) % 3]);
	}
	memset(end - 104, 0x81, 104);
	syscall(SYS_semctl, -1, 0, IPC_SET, end - 104);
	syscall(SYS_semctl, -1, 0, IPC_SET, end - 80);
	syscall(SYS_semctl, id, 0, IPC_STAT, end - 80);
	syscall(SYS_semctl, WIDE, WIDE, WIDE | IPC_INFO, &info);
	syscall(SYS_semctl, 0, 0, IPC_INFO, end - 39);
	syscall(SYS_semctl, id, 0, IPC_RMID, 0);
}

static void segments(char *end)
{
	struct shmid_ds ds, *last = (void *)(end - sizeof(ds));
	for (int bit = 0; bit < 32; bit++)
		if (1u << bit != IPC_CREAT)
			syscall(SYS_shmget, -1, bit, 1u << bit);
	syscall(SYS_shmget, -1, -1, -1 & ~IPC_CREAT);
	syscall(SYS_shmget, WIDE | 5, WIDE, 21 << 26 | SHM_HUGETLB | 7);
	int id = syscall(SYS_shmget, IPC_PRIVATE, 4097, IPC_CREAT | 0600);
	syscall(SYS_shmat, id, 4097, 0);
	void *at = (void *)syscall(SYS_shmat, id, NULL, SHM_RDONLY | SHM_RND);
	syscall(SYS_shmat, id, BAD, -1);
	syscall(SYS_shmat, WIDE, BAD, WIDE | 0x10000);
	syscall(SYS_shmat, -1, BAD, SHM_EXEC | 7);
	memset(&ds, 0x55, sizeof(ds));
	memcpy(last, &ds, sizeof(ds));
	syscall(SYS_shmctl, -1, IPC_SET, last);
	syscall(SYS_shmctl, -1, IPC_SET | 0x100, last);
	syscall(SYS_shmctl, -1, IPC_SET, (char *)last + 8);
	for (int command = -1; command < 18; command++) {
		if (command == IPC_RMID)
			continue;
		if (command != IPC_SET)
			syscall(SYS_shmctl, command == 13 || command == 15 ? 0 : id, command, &ds);
		syscall(SYS_shmctl, -1, command, &ds);
		syscall(SYS_shmctl, -1, command | 0x100, nowhere[(command + 1) % 3]);
	}
	syscall(SYS_shmctl, id, IPC_STAT, end - 100);
	syscall(SYS_shmctl, id, IPC_STAT, end - 112);
	syscall(SYS_shmctl, 0, IPC_INFO, end - 71);
	syscall(SYS_shmdt, at);
	syscall(SYS_shmdt, NULL);
	syscall(SYS_shmctl, id, IPC_RMID, -1);
}

int main(void)
{
	char *end = edge();
	/* Identifiers count from 0 in a name space of its own, where it may have one. */
	if (unshare(CLONE_NEWIPC))
		unshare(CLONE_NEWUSER | CLONE_NEWIPC);
	messages(end);
	queues(end);
	semaphores(end);
	segments(end);
	return 0;
}
