// A load client in one epoll thread. Closed loop (each connection asks again when it is answered) or open loop (requests
// leave at a fixed rate; latency counts from the intended time, so a slow server cannot hide by slowing the client).
// Usage: load PORT PATH REQUEST_FILE CONNECTIONS SECONDS RATE STREAM [HEADER_FILE]
//   RATE 0 is a closed loop. STREAM 1 also takes the time to the first byte and counts events; `cut` are streams without
//   their [DONE]. Prints one line of JSON; times in milliseconds.
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
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST_SAMPLES 3000000
#define BUFFER 16384
#define GRACE_NS 30000000000ull  // for what is under way when the time is over

typedef enum { SIZE, DATA, DATA_END, TRAILER } Part;  // of a chunked body

typedef struct {
    int fd, connected, busy, sent;
    int in_head, chunked, status, close_after, done;
    Part part;
    long left;               // bytes of the body or of the chunk; -1: until the connection ends
    uint64_t asked, first;   // nanoseconds
    char buffer[BUFFER], tail[16];
    int length, tail_length;
} Connection;

static char *request;
static int request_length, port, events_fd, stream, running = 0, connections, made = 0, idle_count = 0;
static Connection **idle;
static double *latency, *first_byte;
static long samples = 0, errors = 0, cut = 0, events = 0;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static Connection *open_connection(Connection *c) {
    if (!c) {
        c = calloc(1, sizeof *c);
        made++;
    }
    int one = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (connect(c->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) perror("load: connect");
    struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET, {.ptr = c}};
    epoll_ctl(events_fd, EPOLL_CTL_ADD, c->fd, &event);
    c->connected = 0;
    return c;
}

static void send_rest(Connection *c) {
    while (c->connected && c->busy && c->sent < request_length) {
        int written = write(c->fd, request + c->sent, request_length - c->sent);
        if (written < 0) return;
        c->sent += written;
    }
}

static void ask(Connection *c, uint64_t intended) {
    c->asked = intended;
    c->first = 0;
    c->busy = c->in_head = 1;
    c->length = c->tail_length = c->sent = c->done = c->close_after = c->chunked = c->status = 0;
    running++;
    send_rest(c);
}

static void note(Connection *c, int whole) {
    running--;
    c->busy = 0;
    if (!whole || c->status != 200) {
        errors++;
    } else if (samples < MOST_SAMPLES) {
        if (stream) {
            first_byte[samples] = (c->first - c->asked) / 1e6;
            cut += !c->done;
        }
        latency[samples++] = (now() - c->asked) / 1e6;
    }
}

// Counts events, and finds the [DONE] that may lie across two reads.
static void look(Connection *c, const char *bytes, int length) {
    if (length <= 0) return;
    if (!c->first) c->first = now();
    if (!stream) return;
    for (const char *at = bytes, *end = bytes + length; (at = memmem(at, end - at, "data:", 5)); at += 5) events++;
    char seam[32];
    int head = length < 16 ? length : 16;
    memcpy(seam, c->tail, c->tail_length);
    memcpy(seam + c->tail_length, bytes, head);
    c->done |= memmem(seam, c->tail_length + head, "[DONE]", 6) != NULL;
    c->done |= memmem(bytes, length, "[DONE]", 6) != NULL;
    int kept = length < 15 ? length : 15;
    memcpy(c->tail, bytes + length - kept, kept);
    c->tail_length = kept;
}

static void drop(Connection *c, int bytes) {
    memmove(c->buffer, c->buffer + bytes, c->length - bytes);
    c->length -= bytes;
}

// 1 if the head is there.
static int read_head(Connection *c) {
    char *end = memmem(c->buffer, c->length, "\r\n\r\n", 4), *field;
    if (!end) return 0;
    *end = 0;
    c->status = atoi(c->buffer + 9);
    c->left = -1;
    if ((field = strcasestr(c->buffer, "\ncontent-length:"))) c->left = atol(field + 16);
    else if (strcasestr(c->buffer, "transfer-encoding: chunked")) c->chunked = 1, c->part = SIZE;
    c->close_after = strcasestr(c->buffer, "\nconnection: close") != NULL;
    drop(c, end - c->buffer + 4);
    c->in_head = 0;
    return 1;
}

// 1 if the body is complete.
static int read_chunks(Connection *c) {
    int at = 0;
    while (at < c->length) {
        int there = c->length - at;
        if (c->part == SIZE) {
            char *end = memmem(c->buffer + at, there, "\r\n", 2);
            if (!end) break;
            c->left = strtol(c->buffer + at, 0, 16);
            at = end - c->buffer + 2;
            c->part = c->left ? DATA : TRAILER;
        } else if (c->part == DATA) {
            int taken = there < c->left ? there : c->left;
            look(c, c->buffer + at, taken);
            at += taken;
            c->left -= taken;
            if (!c->left) c->part = DATA_END;
        } else {
            if (there < 2) break;
            at += 2;
            if (c->part == TRAILER) return drop(c, at), 1;
            c->part = SIZE;
        }
    }
    drop(c, at);
    return 0;
}

// 1 if the reply is complete.
static int read_reply(Connection *c) {
    if (c->in_head && !read_head(c)) return 0;
    if (c->chunked) return read_chunks(c);
    int taken = c->left >= 0 && c->length > c->left ? c->left : c->length;
    look(c, c->buffer, taken);
    drop(c, taken);
    if (c->left > 0) c->left -= taken;
    return c->left == 0;
}

// Reads what is there: 1 complete, -1 the connection ended, 0 more is to come.
static int receive(Connection *c) {
    for (;;) {
        int room = BUFFER - c->length;
        if (!room) return -1;
        int got = read(c->fd, c->buffer + c->length, room);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return -1;
        if (got < 0) return 0;
        c->length += got;
        if (c->busy && read_reply(c)) return 1;
    }
}

static int by_size(const void *a, const void *b) {
    double x = *(double *)a, y = *(double *)b;
    return x < y ? -1 : x > y;
}

static double quantile(double *sorted, double q) { return samples ? sorted[(long)((samples - 1) * q)] : 0; }

static void read_request(char **words, int count) {
    char body[1 << 16], headers[4096] = "";
    FILE *file = fopen(words[3], "r");
    if (!file) perror(words[3]), exit(2);
    int length = fread(body, 1, sizeof body, file);
    fclose(file);
    if (count > 8 && (file = fopen(words[8], "r"))) {
        headers[fread(headers, 1, sizeof headers - 1, file)] = 0;
        fclose(file);
    }
    const char *key = getenv("LOAD_KEY") ? getenv("LOAD_KEY") : "none";
    request = malloc(length + 8192);
    request_length = sprintf(request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
                             "Authorization: Bearer %s\r\n%sContent-Length: %d\r\n\r\n",
                             words[2], port, key, headers, length);
    memcpy(request + request_length, body, length);
    request_length += length;
}

int main(int count, char **words) {
    if (count < 8) return fprintf(stderr, "usage: see the head of load.c\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    port = atoi(words[1]);
    connections = atoi(words[4]);
    double seconds = atof(words[5]), rate = atof(words[6]);
    stream = atoi(words[7]);
    read_request(words, count);
    latency = malloc(MOST_SAMPLES * sizeof *latency);
    first_byte = malloc(MOST_SAMPLES * sizeof *first_byte);
    idle = malloc((connections + 1) * sizeof *idle);
    events_fd = epoll_create1(0);
    uint64_t start = now(), end = start + (uint64_t)(seconds * 1e9), last = start;
    double gap = rate > 0 ? 1e9 / rate : 0;
    long sent = 0;
    for (int i = 0; i < (rate > 0 && connections > 16 ? 16 : connections); i++) {
        Connection *c = open_connection(0);
        if (rate > 0) idle[idle_count++] = c;
        else ask(c, now());
    }
    struct epoll_event event[1024];
    for (;;) {
        uint64_t at = now();
        if (at > end + GRACE_NS || (at >= end && !running)) break;
        int timeout = 100;
        if (rate > 0 && at < end) {
            uint64_t due;
            while ((due = start + 20000000 + (uint64_t)(sent * gap)) <= at && due < end) {
                Connection *c = idle_count ? idle[--idle_count] : made < connections ? open_connection(0) : 0;
                if (!c) break;
                ask(c, due);
                sent++;
            }
            timeout = due > at ? (due - at) / 1000000 : 0;
            if (timeout > 100) timeout = 100;
        }
        int ready = epoll_wait(events_fd, event, 1024, timeout);
        for (int i = 0; i < ready; i++) {
            Connection *c = event[i].data.ptr;
            if (event[i].events & EPOLLOUT) c->connected = 1, send_rest(c);
            if (!(event[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
            int got = receive(c);
            if (!got) continue;
            int was_busy = c->busy, open_ended = !c->in_head && !c->chunked && c->left == -1;
            if (was_busy) note(c, got == 1 || open_ended), last = now();
            if (got < 0 || c->close_after) close(c->fd), open_connection(c);
            if (!was_busy) continue;
            if (rate > 0) idle[idle_count++] = c;
            else if (now() < end) ask(c, now());
        }
    }
    double took = (last - start) / 1e9;
    qsort(latency, samples, sizeof *latency, by_size);
    if (stream) qsort(first_byte, samples, sizeof *first_byte, by_size);
    printf("{\"requests\": %ld, \"errors\": %ld, \"unfinished\": %d, \"cut\": %ld, \"seconds\": %.3f, \"rps\": %.1f, "
           "\"p50\": %.3f, \"p99\": %.3f, \"first_byte_p50\": %.3f, \"events\": %ld}\n",
           samples, errors, running, cut, took, took > 0 ? samples / took : 0, quantile(latency, .5), quantile(latency, .99),
           stream ? quantile(first_byte, .5) : 0, events);
}
