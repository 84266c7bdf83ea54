// A vendor that answers at once: an OpenAI-compatible upstream in one epoll thread, so that the gateways are what is
// measured. A body with "stream": true gets server-sent events (chunks, finish, usage, [DONE], each in a write of its
// own, as real servers do), any other about 1.1 KB of JSON with usage. A request sets its own pace with
// "user": "t=FIRST_BYTE_MS,g=GAP_MS,n=CHUNKS"; without it the first chunk comes at once and 64 follow without a gap.
// Usage: upstream PORT
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 65536
#define TEXTS 64  // different chunks; longer streams repeat them

typedef struct Connection {
    int fd;
    char *in, *out;
    int in_length, in_capacity, out_length, out_capacity, out_position;
    int answering, streaming, wants_to_write;
    int next, chunks;     // of the stream
    uint64_t gap, due;    // microseconds
    int place;            // in the heap of those that wait for their time; -1: not in it
} Connection;

static int events_fd;
static Connection *heap[MAX_CONNECTIONS];
static int waiting = 0;

static char whole_reply[4096], stream_head[512], chunk[TEXTS][512], stream_end[2048];
static int whole_reply_length, stream_head_length, chunk_length[TEXTS], stream_end_length;

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000ull + t.tv_nsec / 1000;
}

// A heap of connections by the time at which they are due.

static void swap(int a, int b) {
    Connection *kept = heap[a];
    heap[a] = heap[b];
    heap[b] = kept;
    heap[a]->place = a;
    heap[b]->place = b;
}

static void rise(int place) {
    while (place > 0 && heap[place]->due < heap[(place - 1) / 2]->due) {
        swap(place, (place - 1) / 2);
        place = (place - 1) / 2;
    }
}

static void sink(int place) {
    for (;;) {
        int least = place;
        for (int child = 2 * place + 1; child <= 2 * place + 2; child++)
            if (child < waiting && heap[child]->due < heap[least]->due) least = child;
        if (least == place) return;
        swap(place, least);
        place = least;
    }
}

static void wait_for_time(Connection *c) {
    c->place = waiting;
    heap[waiting++] = c;
    rise(c->place);
}

static void stop_waiting(Connection *c) {
    int place = c->place;
    if (place < 0) return;
    c->place = -1;
    if (place == --waiting) return;
    heap[place] = heap[waiting];
    heap[place]->place = place;
    rise(place);
    sink(place);
}

// Writing.

static void append(Connection *c, const char *bytes, int length) {
    if (c->out_length + length > c->out_capacity) {
        c->out_capacity = (c->out_length + length) * 2;
        c->out = realloc(c->out, c->out_capacity);
    }
    memcpy(c->out + c->out_length, bytes, length);
    c->out_length += length;
}

static void watch(Connection *c, int for_writing) {
    if (c->wants_to_write == for_writing) return;
    c->wants_to_write = for_writing;
    struct epoll_event event = {EPOLLIN | (for_writing ? EPOLLOUT : 0), {.ptr = c}};
    epoll_ctl(events_fd, EPOLL_CTL_MOD, c->fd, &event);
}

// -1 if the connection is dead.
static int flush(Connection *c) {
    while (c->out_position < c->out_length) {
        int written = write(c->fd, c->out + c->out_position, c->out_length - c->out_position);
        if (written < 0 && errno != EAGAIN) return -1;
        if (written < 0) {
            watch(c, 1);
            return 0;
        }
        c->out_position += written;
    }
    c->out_position = c->out_length = 0;
    watch(c, 0);
    return 0;
}

// Says what is due now. -1 if the connection is dead.
static int say(Connection *c) {
    if (!c->streaming) {
        append(c, whole_reply, whole_reply_length);
        c->answering = 0;
        return flush(c);
    }
    if (c->next == 0) append(c, stream_head, stream_head_length);
    while (c->next < c->chunks) {
        int text = c->next < TEXTS ? c->next : 1 + c->next % (TEXTS - 1);
        append(c, chunk[text], chunk_length[text]);
        c->next++;
        if (flush(c) < 0) return -1;
        if (c->gap && c->next < c->chunks) {
            uint64_t at = now();
            c->due = c->due + c->gap < at ? at : c->due + c->gap;
            wait_for_time(c);
            return 0;
        }
    }
    append(c, stream_end, stream_end_length);
    c->answering = 0;
    return flush(c);
}

// Reading.

static int header(const char *head, int length, const char *name) {
    int name_length = strlen(name);
    for (int i = 0; i + name_length <= length; i++)
        if (!strncasecmp(head + i, name, name_length)) return i + name_length;
    return -1;
}

static void read_pace(Connection *c, const char *body, int length) {
    int first = 0, gap = 0, chunks = 64;
    char pace[64] = {0};
    const char *found = memmem(body, length, "\"t=", 3);
    if (found) {
        memcpy(pace, found + 1, body + length - found - 1 < 60 ? body + length - found - 1 : 60);
        sscanf(pace, "t=%d,g=%d,n=%d", &first, &gap, &chunks);
    }
    c->streaming = memmem(body, length, "\"stream\":true", 13) || memmem(body, length, "\"stream\": true", 14);
    c->next = 0;
    c->chunks = chunks;
    c->gap = gap * 1000ull;
    c->due = now() + first * 1000ull;
}

static const char models[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n"
                             "{\"object\":\"list\",\"data\":[{\"id\":\"fake\",\"object\":\"model\"}]}\r\n";

// Answers the requests that are there whole, one after another. -1 if the connection is dead.
static int serve(Connection *c) {
    while (!c->answering && c->in_length) {
        char *end = memmem(c->in, c->in_length, "\r\n\r\n", 4);
        if (!end) return 0;
        int head = end - c->in + 4, body = 0, total;
        int at = header(c->in, head, "\ncontent-length:");
        if (at >= 0) {
            body = atoi(c->in + at);
        } else if (header(c->in, head, "transfer-encoding: chunked") >= 0) {
            char *last = memmem(c->in + head, c->in_length - head, "0\r\n\r\n", 5);
            if (!last) return 0;
            body = last + 5 - c->in - head;
        }
        total = head + body;
        if (c->in_length < total) return 0;
        int get = !strncmp(c->in, "GET", 3);
        if (!get) read_pace(c, c->in + head, body);
        memmove(c->in, c->in + total, c->in_length - total);
        c->in_length -= total;
        if (get) {
            append(c, models, sizeof models - 1);
            if (flush(c) < 0) return -1;
            continue;
        }
        c->answering = 1;
        if (c->due > now())
            wait_for_time(c);
        else if (say(c) < 0)
            return -1;
    }
    return 0;
}

// -1 if the connection is dead.
static int receive(Connection *c) {
    for (;;) {
        if (c->in_capacity - c->in_length < 8192) {
            c->in_capacity = c->in_capacity ? c->in_capacity * 2 : 16384;
            c->in = realloc(c->in, c->in_capacity);
        }
        int got = read(c->fd, c->in + c->in_length, c->in_capacity - c->in_length);
        if (got == 0 || (got < 0 && errno != EAGAIN)) return -1;
        if (got < 0) break;
        c->in_length += got;
        if (got < 4096) break;
    }
    return serve(c);
}

static void hang_up(Connection *c) {
    stop_waiting(c);
    close(c->fd);
    free(c->in);
    free(c->out);
    free(c);
}

static void welcome(int listener) {
    int fd, one = 1;
    while ((fd = accept4(listener, 0, 0, SOCK_NONBLOCK)) >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        Connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->place = -1;
        struct epoll_event event = {EPOLLIN, {.ptr = c}};
        epoll_ctl(events_fd, EPOLL_CTL_ADD, fd, &event);
    }
}

static void write_replies(void) {
    // Both answer prompt.txt: a reply about something else would be taken for an evasion, rightly.
    const char *text = "We order capacity a week ahead and pay invoices within thirty days. The carrier collects parcels "
                       "twice a day, scans every one and reports any delay beyond thirty minutes. "
                       "承运方每天取件两次,扫描每个包裹,延误须主动报告。 ";
    const char *pieces = " What we must do: order capacity a week ahead, pay invoices within thirty days and report damage "
                         "with photographs within two days. What the carrier must do: collect twice a day, scan parcels, "
                         "report delays above thirty minutes, try again after a failed delivery, return the parcel after "
                         "the third attempt at its own cost. ";
    const char *start = "{\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion%s\",\"created\":1760000000,"
                        "\"model\":\"fake\",\"choices\":[";
    const char *usage = "\"usage\":{\"prompt_tokens\":123,\"completion_tokens\":64,\"total_tokens\":187}";
    char body[3000], event[1500];
    int n = sprintf(body, start, "");
    n += sprintf(body + n, "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s%s%s\"},\"logprobs\":null,"
                 "\"finish_reason\":\"stop\"}],%s,\"system_fingerprint\":\"fp_fake\"}", text, text, text, usage);
    whole_reply_length = sprintf(whole_reply, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %d\r\nx-request-id: req_abc\r\n\r\n%s", n, body);
    stream_head_length = sprintf(stream_head, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                                 "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < TEXTS; i++) {
        n = sprintf(event, "data: ");
        n += sprintf(event + n, start, ".chunk");
        n += i ? sprintf(event + n, "{\"index\":0,\"delta\":{\"content\":\"%.8s\"},\"finish_reason\":null}]}\n\n",
                        pieces + 8 * ((i - 1) % (int)(strlen(pieces) / 8)))
               : sprintf(event + n, "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
                         "\"finish_reason\":null}]}\n\n");
        chunk_length[i] = sprintf(chunk[i], "%x\r\n%s\r\n", n, event);
    }
    n = sprintf(event, "data: ");
    n += sprintf(event + n, start, ".chunk");
    n += sprintf(event + n, "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: ");
    n += sprintf(event + n, start, ".chunk");
    n += sprintf(event + n, "],%s}\n\ndata: [DONE]\n\n", usage);
    stream_end_length = sprintf(stream_end, "%x\r\n%s\r\n0\r\n\r\n", n, event);
}

static int listen_on(int port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    if (bind(fd, (void *)&address, sizeof address) || listen(fd, 4096)) {
        perror("upstream");
        exit(1);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

int main(int count, char **words) {
    if (count != 2) return fprintf(stderr, "usage: upstream PORT\n"), 2;
    signal(SIGPIPE, SIG_IGN);
    write_replies();
    int listener = listen_on(atoi(words[1]));
    events_fd = epoll_create1(0);
    struct epoll_event listening = {EPOLLIN, {.ptr = 0}}, event[512];
    epoll_ctl(events_fd, EPOLL_CTL_ADD, listener, &listening);
    for (;;) {
        int timeout = -1;
        if (waiting) {
            uint64_t at = now();
            timeout = heap[0]->due <= at ? 0 : (heap[0]->due - at + 999) / 1000;
        }
        int ready = epoll_wait(events_fd, event, 512, timeout);
        for (int i = 0; i < ready; i++) {
            Connection *c = event[i].data.ptr;
            if (!c)
                welcome(listener);
            else if ((event[i].events & EPOLLOUT && flush(c) < 0) ||
                     (event[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) && receive(c) < 0))
                hang_up(c);
        }
        uint64_t at = now();
        while (waiting && heap[0]->due <= at) {
            Connection *c = heap[0];
            stop_waiting(c);
            if (say(c) < 0 || (!c->answering && serve(c) < 0)) hang_up(c);
        }
    }
}
