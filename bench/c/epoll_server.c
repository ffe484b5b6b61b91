/* The reference for epoll: one thread, level-triggered, one recv and one send per readiness. */
#include "server.h"
#include <sys/epoll.h>

struct connection {
    int fd;
    uint8_t matched;
    int waits_for_room;
    size_t sent;
    struct bytes out;
};

static int epoll_fd;
static char received[256 * 1024];

static void interest(struct connection *c, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll_fd, op, c->fd, &event) != 0)
        die("epoll_ctl");
}

static void drop(struct connection *c)
{
    close(c->fd);
    free(c->out.data);
    free(c);
}

static void accept_all(int listener)
{
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        struct connection *c = calloc(1, sizeof *c);
        if (!c)
            die("calloc");
        c->fd = fd;
        interest(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}

/* Sends what is queued. Returns 0 when the connection is broken. */
static int flush(struct connection *c)
{
    while (c->sent < c->out.length) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.length - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (!c->waits_for_room) {
                c->waits_for_room = 1;
                interest(c, EPOLL_CTL_MOD, EPOLLOUT); /* back-pressure: no reading meanwhile */
            }
            return 1;
        }
        if (n < 0)
            return 0;
        c->sent += (size_t)n;
    }
    c->sent = c->out.length = 0;
    if (c->waits_for_room) {
        c->waits_for_room = 0;
        interest(c, EPOLL_CTL_MOD, EPOLLIN);
    }
    return 1;
}

static int readable(struct connection *c)
{
    ssize_t n = recv(c->fd, received, sizeof received, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    if (http) {
        answer(&c->out, received, (size_t)n, &c->matched);
        return flush(c);
    }
    /* An echo goes out of the buffer it came into; only what the kernel refuses is copied. */
    ssize_t sent = send(c->fd, received, (size_t)n, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        return 0;
    if (sent < 0)
        sent = 0;
    if (sent < n)
        append(&c->out, received + sent, (size_t)(n - sent));
    return sent == n || flush(c);
}

int main(int argc, char **argv)
{
    int listener = listen_from_arguments(argc, argv, SOCK_NONBLOCK);
    struct epoll_event events[512] = {{.events = EPOLLIN, .data.ptr = NULL}};
    epoll_fd = epoll_create1(0);
    if (epoll_fd < 0 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listener, events) != 0)
        die("epoll");
    for (;;) {
        int count = epoll_wait(epoll_fd, events, 512, -1);
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (!c)
                accept_all(listener);
            else if (!(c->waits_for_room ? flush(c) : readable(c)))
                drop(c);
        }
    }
}
