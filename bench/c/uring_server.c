/*
 * The reference for io_uring: one thread, DEFER_TASKRUN, SINGLE_ISSUER, multishot accept and receive, a
 * provided buffer ring that is consumed incrementally (6.12), and one coalesced send in flight per connection.
 * An echo goes out of the buffers it came into: copying it first made 64 streams a fifth dearer.
 * Without liburing: what is measured is the kernel's interface, and cc is all it needs.
 */
#include "server.h"
#include <linux/io_uring.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif
#ifndef IORING_CQE_F_BUF_MORE
#define IORING_CQE_F_BUF_MORE (1U << 4)
#endif

/* io_uring_buf_reg of 6.12: headers of older kernels have padding where the flags are. */
struct buffer_registration {
    uint64_t ring_address;
    uint32_t entries;
    uint16_t group, flags;
    uint64_t reserved[3];
};
#define CONSUMED_INCREMENTALLY 2 /* IOU_PBUF_RING_INC; an enum, so it cannot be asked for */

enum { ENTRIES = 4096, CQ_ENTRIES = 32768, BUFFERS = 128, BUFFER_BYTES = 64 * 1024, GROUP = 1 };
enum tag { ACCEPT, RECEIVE, SEND };

/* Received bytes that are to be sent, in a buffer that is provided again when nobody has any of it. */
struct region {
    char *data;
    size_t length;
    unsigned id;
};

struct regions {
    struct region *items;
    struct iovec *vectors;
    unsigned count, capacity;
};

struct connection {
    int fd;
    uint8_t matched;
    uint8_t sending, closing, dirty;
    size_t sent;
    struct bytes out, queued; /* HTTP: in flight, and collected meanwhile */
    struct regions sending_regions, queued_regions; /* echo: the same */
    struct msghdr message;
    struct connection *next_dirty;
};

static int ring_fd, listener;
static unsigned *sq_head, *sq_tail, sq_mask, sq_next, *cq_head, *cq_tail, cq_mask;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;
static struct io_uring_buf_ring *buffer_ring;
static char *buffers;
static unsigned consumed[BUFFERS]; /* of each buffer, in bytes */
static unsigned users[BUFFERS];    /* regions in it */
static uint8_t full[BUFFERS];      /* the kernel is done with it */
static uint16_t buffer_tail;
static struct connection *dirty;

static void enter(unsigned wait)
{
    unsigned pending = sq_next - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE);
    __atomic_store_n(sq_tail, sq_next, __ATOMIC_RELEASE);
    long result = syscall(__NR_io_uring_enter, ring_fd, pending, wait, IORING_ENTER_GETEVENTS, NULL, 0);
    if (result < 0 && errno != EINTR && errno != EBUSY)
        die("io_uring_enter");
}

static struct io_uring_sqe *next_sqe(enum tag tag, struct connection *c)
{
    while (sq_next - __atomic_load_n(sq_head, __ATOMIC_ACQUIRE) > sq_mask)
        enter(0);
    struct io_uring_sqe *sqe = &sqes[sq_next++ & sq_mask];
    memset(sqe, 0, sizeof *sqe);
    sqe->user_data = (uintptr_t)c | tag; /* calloc aligns to 16: the low bits are free */
    return sqe;
}

static void arm_accept(void)
{
    struct io_uring_sqe *sqe = next_sqe(ACCEPT, NULL);
    sqe->opcode = IORING_OP_ACCEPT;
    sqe->fd = listener;
    sqe->ioprio = IORING_ACCEPT_MULTISHOT;
}

static void arm_receive(struct connection *c)
{
    struct io_uring_sqe *sqe = next_sqe(RECEIVE, c);
    sqe->opcode = IORING_OP_RECV;
    sqe->fd = c->fd;
    sqe->ioprio = IORING_RECV_MULTISHOT;
    sqe->flags = IOSQE_BUFFER_SELECT;
    sqe->buf_group = GROUP;
}

static void provide(unsigned id)
{
    struct io_uring_buf *buffer = &buffer_ring->bufs[buffer_tail++ & (BUFFERS - 1)];
    buffer->addr = (uintptr_t)(buffers + (size_t)id * BUFFER_BYTES);
    buffer->len = BUFFER_BYTES;
    buffer->bid = (uint16_t)id;
    consumed[id] = 0;
    full[id] = 0;
    __atomic_store_n(&buffer_ring->tail, buffer_tail, __ATOMIC_RELEASE);
}

static void release(unsigned id)
{
    users[id]--;
    if (full[id] && users[id] == 0)
        provide(id);
}

static void release_all(struct regions *regions)
{
    for (unsigned i = 0; i < regions->count; i++)
        release(regions->items[i].id);
    regions->count = 0;
}

static void add_region(struct regions *regions, unsigned id, char *data, size_t length)
{
    struct region *last = regions->count ? &regions->items[regions->count - 1] : NULL;
    if (last && last->id == id && last->data + last->length == data) {
        last->length += length;
        return;
    }
    if (regions->count == regions->capacity) {
        regions->capacity = regions->capacity ? regions->capacity * 2 : 4;
        regions->items = realloc(regions->items, regions->capacity * sizeof *regions->items);
        regions->vectors = realloc(regions->vectors, regions->capacity * sizeof *regions->vectors);
        if (!regions->items || !regions->vectors)
            die("realloc");
    }
    regions->items[regions->count++] = (struct region){data, length, id};
    users[id]++;
}

static void send_bytes(struct connection *c, const char *data, size_t length)
{
    struct io_uring_sqe *sqe = next_sqe(SEND, c);
    sqe->opcode = IORING_OP_SEND;
    sqe->fd = c->fd;
    sqe->addr = (uintptr_t)data;
    sqe->len = (unsigned)length;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void send_regions(struct connection *c)
{
    struct regions *regions = &c->sending_regions;
    for (unsigned i = 0; i < regions->count; i++)
        regions->vectors[i] = (struct iovec){regions->items[i].data, regions->items[i].length};
    c->message = (struct msghdr){.msg_iov = regions->vectors, .msg_iovlen = regions->count};
    struct io_uring_sqe *sqe = next_sqe(SEND, c);
    sqe->opcode = IORING_OP_SENDMSG;
    sqe->fd = c->fd;
    sqe->addr = (uintptr_t)&c->message;
    sqe->len = 1;
    sqe->msg_flags = MSG_NOSIGNAL | MSG_WAITALL;
}

static void send_rest(struct connection *c)
{
    c->sending = 1;
    if (http)
        send_bytes(c, c->out.data + c->sent, c->out.length - c->sent);
    else if (c->sending_regions.count == 1)
        send_bytes(c, c->sending_regions.items[0].data, c->sending_regions.items[0].length);
    else
        send_regions(c);
}

static int has_queued(struct connection *c)
{
    return c->queued.length > 0 || c->queued_regions.count > 0;
}

static void send_queued(struct connection *c)
{
    struct bytes empty = c->out;
    empty.length = 0;
    c->out = c->queued;
    c->queued = empty;
    struct regions none = c->sending_regions;
    c->sending_regions = c->queued_regions;
    c->queued_regions = none;
    c->sent = 0;
    send_rest(c);
}

/* Takes what was sent off the front; returns whether nothing is left. */
static int sent_regions(struct regions *regions, size_t sent)
{
    unsigned done = 0;
    while (done < regions->count && regions->items[done].length <= sent) {
        sent -= regions->items[done].length;
        release(regions->items[done++].id);
    }
    regions->count -= done;
    memmove(regions->items, regions->items + done, regions->count * sizeof *regions->items);
    if (regions->count > 0) {
        regions->items[0].data += sent;
        regions->items[0].length -= sent;
    }
    return regions->count == 0;
}

static void drop_when_idle(struct connection *c)
{
    c->closing = 1;
    if (c->sending || c->dirty)
        return;
    close(c->fd);
    release_all(&c->sending_regions);
    release_all(&c->queued_regions);
    free(c->sending_regions.items);
    free(c->sending_regions.vectors);
    free(c->queued_regions.items);
    free(c->queued_regions.vectors);
    free(c->out.data);
    free(c->queued.data);
    free(c);
}

static void received(struct connection *c, int result, unsigned flags)
{
    if (result > 0) {
        unsigned id = flags >> IORING_CQE_BUFFER_SHIFT;
        char *data = buffers + (size_t)id * BUFFER_BYTES + consumed[id];
        consumed[id] += (unsigned)result;
        full[id] = !(flags & IORING_CQE_F_BUF_MORE);
        users[id]++; /* while it is looked at */
        if (http)
            answer(&c->queued, data, (size_t)result, &c->matched);
        else
            add_region(&c->queued_regions, id, data, (size_t)result);
        release(id);
        if (!c->dirty) {
            c->dirty = 1;
            c->next_dirty = dirty;
            dirty = c;
        }
    }
    if (flags & IORING_CQE_F_MORE)
        return;
    if (result > 0 || result == -ENOBUFS)
        arm_receive(c);
    else
        drop_when_idle(c);
}

static void sent(struct connection *c, int result)
{
    c->sending = 0;
    if (result < 0) {
        shutdown(c->fd, SHUT_RDWR); /* ends the receive too, and that drops the connection */
        c->queued.length = 0;
        release_all(&c->sending_regions);
        release_all(&c->queued_regions);
    } else {
        c->sent += (size_t)result;
        if (http ? c->sent < c->out.length : !sent_regions(&c->sending_regions, (size_t)result)) {
            send_rest(c);
            return;
        }
        if (has_queued(c) && !c->dirty)
            send_queued(c);
    }
    if (c->closing)
        drop_when_idle(c);
}

static void accepted(int result, unsigned flags)
{
    if (result >= 0) {
        struct connection *c = calloc(1, sizeof *c);
        if (!c)
            die("calloc");
        c->fd = result;
        arm_receive(c);
    }
    if (!(flags & IORING_CQE_F_MORE))
        arm_accept();
}

/* Sends once per connection and batch, whatever number of receives it had. */
static void flush_dirty(void)
{
    while (dirty) {
        struct connection *c = dirty;
        dirty = c->next_dirty;
        c->dirty = 0;
        if (!c->sending && has_queued(c))
            send_queued(c);
        if (c->closing)
            drop_when_idle(c);
    }
}

static void drain(void)
{
    unsigned head = *cq_head;
    unsigned tail = __atomic_load_n(cq_tail, __ATOMIC_ACQUIRE);
    for (; head != tail; head++) {
        struct io_uring_cqe *cqe = &cqes[head & cq_mask];
        struct connection *c = (struct connection *)(uintptr_t)(cqe->user_data & ~7ULL);
        enum tag tag = cqe->user_data & 7;
        if (tag == RECEIVE)
            received(c, cqe->res, cqe->flags);
        else if (tag == SEND)
            sent(c, cqe->res);
        else
            accepted(cqe->res, cqe->flags);
    }
    __atomic_store_n(cq_head, head, __ATOMIC_RELEASE);
    flush_dirty();
}

static void *map(size_t size, off_t offset)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring_fd, offset);
    if (at == MAP_FAILED)
        die("mmap of the ring");
    return at;
}

static void set_up_ring(void)
{
    struct io_uring_params p = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN
                                         | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE
                                         | IORING_SETUP_NO_SQARRAY,
                                .cq_entries = CQ_ENTRIES};
    ring_fd = (int)syscall(__NR_io_uring_setup, ENTRIES, &p);
    if (ring_fd < 0)
        die("io_uring_setup");
    char *ring = map(p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_SQ_RING);
    sqes = map(p.sq_entries * sizeof(struct io_uring_sqe), (off_t)IORING_OFF_SQES);
    sq_head = (unsigned *)(ring + p.sq_off.head);
    sq_tail = (unsigned *)(ring + p.sq_off.tail);
    cq_head = (unsigned *)(ring + p.cq_off.head);
    cq_tail = (unsigned *)(ring + p.cq_off.tail);
    cqes = (struct io_uring_cqe *)(ring + p.cq_off.cqes);
    sq_mask = p.sq_entries - 1;
    cq_mask = p.cq_entries - 1;
    sq_next = *sq_tail;
}

static void set_up_buffers(void)
{
    size_t ring_bytes = BUFFERS * sizeof(struct io_uring_buf);
    buffer_ring = mmap(NULL, ring_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    buffers = mmap(NULL, (size_t)BUFFERS * BUFFER_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (buffer_ring == MAP_FAILED || buffers == MAP_FAILED)
        die("mmap of the buffers");
    struct buffer_registration reg = {.ring_address = (uintptr_t)buffer_ring,
                                      .entries = BUFFERS,
                                      .group = GROUP,
                                      .flags = CONSUMED_INCREMENTALLY};
    if (syscall(__NR_io_uring_register, ring_fd, IORING_REGISTER_PBUF_RING, &reg, 1) != 0)
        die("register the buffer ring (needs Linux 6.12)");
    for (unsigned id = 0; id < BUFFERS; id++)
        provide(id);
}

int main(int argc, char **argv)
{
    listener = listen_from_arguments(argc, argv, 0);
    set_up_ring();
    set_up_buffers();
    arm_accept();
    for (;;) {
        enter(1);
        drain();
    }
}
