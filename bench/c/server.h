/* What the two C servers share: arguments, the listening socket, and the HTTP of the benchmark. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char RESPONSE[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";
#define RESPONSE_BYTES (sizeof RESPONSE - 1)

static int http;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* Counts the ends of request heads; `matched` bytes of an end were seen before. */
static int requests_in(const char *data, size_t length, uint8_t *matched)
{
    static const char END[] = "\r\n\r\n";
    int count = 0;
    uint8_t at = *matched;
    for (size_t i = 0; i < length; i++) {
        if (data[i] == END[at])
            at++;
        else
            at = data[i] == '\r';
        if (at == 4) {
            count++;
            at = 0;
        }
    }
    *matched = at;
    return count;
}

/* SERVER echo|http PORT: listens on 127.0.0.1 and prints the port, also for port 0. */
static int listen_from_arguments(int argc, char **argv, int type)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s echo|http PORT\n", argv[0]);
        exit(2);
    }
    http = strcmp(argv[1], "http") == 0;
    signal(SIGPIPE, SIG_IGN);
    int fd = socket(AF_INET, SOCK_STREAM | type, 0);
    int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(argv[2])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0
        || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 /* inherited by accept */
        || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 4096) != 0
        || getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        die("listen");
    printf("READY 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* Output that was not sent yet. */
struct bytes {
    char *data;
    size_t length, capacity;
};

static char *room(struct bytes *bytes, size_t more)
{
    if (bytes->length + more > bytes->capacity) {
        bytes->capacity = (bytes->length + more) * 2;
        bytes->data = realloc(bytes->data, bytes->capacity);
        if (!bytes->data)
            die("realloc");
    }
    char *at = bytes->data + bytes->length;
    bytes->length += more;
    return at;
}

static void append(struct bytes *bytes, const char *data, size_t length)
{
    memcpy(room(bytes, length), data, length);
}

/* The answer to what came in. */
static void answer(struct bytes *out, const char *data, size_t length, uint8_t *matched)
{
    if (!http) {
        append(out, data, length);
        return;
    }
    for (int n = requests_in(data, length, matched); n > 0; n--)
        append(out, RESPONSE, RESPONSE_BYTES);
}
#endif
