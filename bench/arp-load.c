// Asks for addresses by ARP and measures the answers; for the benchmarks, inside network namespaces that they made.
//
//   arp-load ask LINK ROUNDS GAP_US MAC TARGET...      one line per answer: index of the target, nanoseconds (-1: none)
//   arp-load flood LINK RATE MILLISECONDS MAC FIRST COUNT    one line: sent, answered, milliseconds it took
//
// MAC is the Ethernet destination, ff:ff:ff:ff:ff:ff for a broadcast question. Targets are asked in turn, so that what
// disturbs one disturbs all. Bounded in count and time: it always ends by itself.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME = 60, PATIENCE_MS = 200, MOST_ROUNDS = 1000000, MOST_MS = 60000, BATCH = 64 };

static void fail(const char *what) {
  fprintf(stderr, "arp-load: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void sleep_until(int64_t at) {
  struct timespec then = {.tv_sec = at / 1000000000, .tv_nsec = at % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL) == EINTR) continue;
}

static int open_link(const char *name, uint8_t mac[6]) {
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ARP));
  struct ifreq request = {0};
  int queue = 16 * 1024 * 1024;
  if (fd < 0) fail("socket");
  snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
  if (ioctl(fd, SIOCGIFHWADDR, &request) != 0) fail(name);
  memcpy(mac, request.ifr_hwaddr.sa_data, 6);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP), .sll_ifindex = (int)if_nametoindex(name)};
  if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) fail("bind");
  return fd;
}

// A request from 10.77.255.254; the target is filled in for each question.
static void make_request(uint8_t frame[FRAME], const uint8_t mac[6], const char *destination) {
  static const uint8_t head[] = {0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1};
  static const uint8_t sender[] = {10, 77, 255, 254};
  unsigned octets[6];
  memset(frame, 0, FRAME);
  if (sscanf(destination, "%x:%x:%x:%x:%x:%x", octets, octets + 1, octets + 2, octets + 3, octets + 4, octets + 5) != 6) fail("MAC");
  for (int at = 0; at < 6; at++) frame[at] = (uint8_t)octets[at];
  memcpy(frame + 6, mac, 6);
  memcpy(frame + 12, head, sizeof(head));
  memcpy(frame + 22, mac, 6);
  memcpy(frame + 28, sender, 4);
}

static uint32_t parse_target(const char *text) {
  struct in_addr address;
  if (inet_pton(AF_INET, text, &address) != 1) fail(text);
  return address.s_addr;
}

static int64_t ask(int fd, uint8_t frame[FRAME], uint32_t target) {
  uint8_t answer[128];
  memcpy(frame + 38, &target, 4);
  int64_t start = now_ns();
  if (send(fd, frame, FRAME, 0) != FRAME) fail("send");
  for (;;) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int64_t left = PATIENCE_MS - (now_ns() - start) / 1000000;
    if (left <= 0) return -1;
    ssize_t count = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
    if (count >= 42 && answer[21] == 2 && memcmp(answer + 28, &target, 4) == 0) return now_ns() - start;
    if (count < 0 && errno != EAGAIN) fail("recv");
    if (count < 0) poll(&ready, 1, (int)left);
  }
}

static int run_ask(int fd, uint8_t frame[FRAME], long rounds, long gap_us, int count, char **targets) {
  if (rounds < 1 || rounds > MOST_ROUNDS) fail("ROUNDS");
  int64_t *samples = calloc((size_t)rounds * (size_t)count, sizeof(*samples));
  if (samples == NULL) fail("memory");
  for (long round = 0; round < rounds; round++) {
    for (int index = 0; index < count; index++) {
      if (gap_us > 0) sleep_until(now_ns() + gap_us * 1000);
      samples[round * count + index] = ask(fd, frame, parse_target(targets[index]));
    }
  }
  for (long at = 0; at < rounds * count; at++) printf("%ld %lld\n", at % count, (long long)samples[at]);
  free(samples);
  return 0;
}

// Answers to this link, read without waiting; what is sent to everybody is no answer.
static long drain(int fd, const uint8_t mac[6]) {
  static uint8_t places[BATCH][128];
  struct mmsghdr messages[BATCH];
  struct iovec vectors[BATCH];
  long answers = 0;
  for (;;) {
    memset(messages, 0, sizeof(messages));
    for (int at = 0; at < BATCH; at++) {
      vectors[at] = (struct iovec){.iov_base = places[at], .iov_len = sizeof(places[at])};
      messages[at].msg_hdr.msg_iov = &vectors[at];
      messages[at].msg_hdr.msg_iovlen = 1;
    }
    int count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0) return answers;
    for (int at = 0; at < count; at++) {
      answers += messages[at].msg_len >= 42 && places[at][21] == 2 && memcmp(places[at], mac, 6) == 0;
    }
  }
}

static int run_flood(int fd, uint8_t frame[FRAME], long rate, long milliseconds, uint32_t first, uint32_t count) {
  if (rate < 1 || milliseconds < 1 || milliseconds > MOST_MS || count < 1) fail("RATE or MILLISECONDS");
  int64_t start = now_ns(), end = start + milliseconds * 1000000;
  long sent = 0, answers = 0;
  for (int64_t now = start; now < end; now = now_ns()) {
    long due = (long)((now - start) * rate / 1000000000);
    for (; sent < due; sent++) {
      uint32_t target = htonl(ntohl(first) + (uint32_t)sent % count);
      memcpy(frame + 38, &target, 4);
      if (send(fd, frame, FRAME, MSG_DONTWAIT) != FRAME) break;
    }
    answers += drain(fd, frame + 6);
    sleep_until(now + 200000);
  }
  int64_t took = now_ns() - start;
  for (int wait = 0; wait < 25; wait++) {
    sleep_until(now_ns() + 20000000);
    answers += drain(fd, frame + 6);
  }
  printf("%ld %ld %lld\n", sent, answers, (long long)took / 1000000);
  return 0;
}

int main(int count, char **words) {
  uint8_t mac[6], frame[FRAME];
  if (count < 7) {
    fprintf(stderr, "arp-load ask LINK ROUNDS GAP_US MAC TARGET... | flood LINK RATE MILLISECONDS MAC FIRST COUNT\n");
    return 2;
  }
  int fd = open_link(words[2], mac);
  make_request(frame, mac, words[5]);
  if (strcmp(words[1], "ask") == 0) return run_ask(fd, frame, atol(words[3]), atol(words[4]), count - 6, words + 6);
  return run_flood(fd, frame, atol(words[3]), atol(words[4]), parse_target(words[6]), count > 7 ? (uint32_t)atol(words[7]) : 1);
}
