/*
 * NOPs through io_uring without any library: what bench/ring-nop.sh compares Java with.
 *
 *   nop FLAGS BATCH MILLIS      prints nanoseconds per NOP
 *
 * FLAGS are IORING_SETUP bits. Each round fills BATCH entries, publishes the tail, makes one
 * io_uring_enter that submits and waits, reads every completion and releases the head.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
    SETUP_CQSIZE = 1 << 3, SETUP_R_DISABLED = 1 << 6, SETUP_SQPOLL = 1 << 1,
    SETUP_SQE128 = 1 << 10, SETUP_CQE32 = 1 << 11, SETUP_NO_SQARRAY = 1 << 16,
    ENTER_GETEVENTS = 1, ENTER_SQ_WAKEUP = 2, ENTER_REGISTERED_RING = 1 << 4,
    ENTER_NO_IOWAIT = 1 << 7, REGISTER_ENABLE_RINGS = 12, REGISTER_RING_FDS = 20,
    SQ_NEED_WAKEUP = 1, SQ_ENTRIES = 256, CQ_ENTRIES = 1024
};

struct params {
    uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, resv[3];
    struct { uint32_t head, tail, mask, entries, flags, dropped, array, resv; uint64_t addr; } sq;
    struct { uint32_t head, tail, mask, entries, overflow, cqes, flags, resv; uint64_t addr; } cq;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: nop FLAGS BATCH MILLIS\n");
        return 2;
    }
    uint32_t flags = strtoul(argv[1], 0, 0), batch = strtoul(argv[2], 0, 0);
    int64_t millis = strtoll(argv[3], 0, 0);
    struct params p = {.flags = flags | SETUP_CQSIZE, .cq_entries = CQ_ENTRIES, .sq_thread_idle = 2000};
    int fd = syscall(425, SQ_ENTRIES, &p);
    if (fd < 0) fail("io_uring_setup");
    size_t cqe_bytes = flags & SETUP_CQE32 ? 32 : 16, sqe_bytes = flags & SETUP_SQE128 ? 128 : 64;
    size_t cq_end = p.cq.cqes + p.cq_entries * cqe_bytes, sq_end = p.sq.array + p.sq_entries * 4;
    char *ring = mmap(0, cq_end > sq_end ? cq_end : sq_end, 3, MAP_SHARED | MAP_POPULATE, fd, 0);
    char *sqes = mmap(0, p.sq_entries * sqe_bytes, 3, MAP_SHARED | MAP_POPULATE, fd, 0x10000000);
    if (ring == MAP_FAILED || sqes == MAP_FAILED) fail("mmap");
    if (!(flags & SETUP_NO_SQARRAY))
        for (uint32_t i = 0; i < p.sq_entries; i++) ((uint32_t *)(ring + p.sq.array))[i] = i;
    if ((flags & SETUP_R_DISABLED) && syscall(427, fd, REGISTER_ENABLE_RINGS, 0, 0) < 0) fail("enable");
    struct { uint32_t offset, resv; uint64_t data; } update = {UINT32_MAX, 0, fd};
    if (syscall(427, fd, REGISTER_RING_FDS, &update, 1) != 1) fail("ring fds");

    uint32_t *sq_head = (uint32_t *)(ring + p.sq.head), *sq_tail = (uint32_t *)(ring + p.sq.tail);
    uint32_t *sq_flags = (uint32_t *)(ring + p.sq.flags);
    uint32_t *cq_head = (uint32_t *)(ring + p.cq.head), *cq_tail = (uint32_t *)(ring + p.cq.tail);
    uint32_t sq_mask = *(uint32_t *)(ring + p.sq.mask), cq_mask = *(uint32_t *)(ring + p.cq.mask);
    char *cqes = ring + p.cq.cqes;
    uint32_t tail = *sq_tail;
    uint64_t sum = 0, count = 0, polled = flags & SETUP_SQPOLL;
    uint32_t enter_flags = ENTER_GETEVENTS | ENTER_REGISTERED_RING | ENTER_NO_IOWAIT;
    int64_t start = 0, end = now() + millis * 1000000 / 4;
    for (int warm = 1; warm >= 0; warm--) {
        if (!warm) { count = 0; start = now(); end = start + millis * 1000000; }
        do {
            for (int round = 0; round < 64; round++) {
                for (uint32_t i = 0; i < batch; i++) {
                    if (tail - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE) == p.sq_entries) return 3;
                    char *sqe = sqes + (tail++ & sq_mask) * sqe_bytes;
                    memset(sqe, 0, sqe_bytes);
                    *(int32_t *)(sqe + 4) = -1;
                    *(uint64_t *)(sqe + 32) = i;
                }
                __atomic_store_n(sq_tail, tail, __ATOMIC_RELEASE);
                uint32_t wake = 0;
                if (polled) {
                    __atomic_thread_fence(__ATOMIC_SEQ_CST);
                    wake = __atomic_load_n(sq_flags, __ATOMIC_RELAXED) & SQ_NEED_WAKEUP ? ENTER_SQ_WAKEUP : 0;
                }
                if (syscall(426, update.offset, batch, batch, enter_flags | wake, 0, 8) < 0) fail("enter");
                uint32_t head = *cq_head, seen = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
                for (; head != seen; head++) {
                    char *cqe = cqes + (head & cq_mask) * cqe_bytes;
                    sum += *(uint64_t *)cqe + *(int32_t *)(cqe + 8) + *(uint32_t *)(cqe + 12);
                }
                __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
                count += batch;
            }
        } while (now() < end);
    }
    printf("%.2f\n", (double)(now() - start) / count);
    return sum == 42; /* keeps the sum alive */
}
