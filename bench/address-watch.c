// Asks for addresses again and again, each in its turn, and prints a line when an address is answered for the first time, by
// another MAC than before, or after several questions without an answer: its number, microseconds since 1970, the MAC,
// microseconds since the answer before, without those in which this program stood still: what nobody asks nobody can answer. For the benchmarks, on a host of the lab.
//
//   address-watch LINK RATE MILLISECONDS < QUESTIONS
//
// QUESTIONS are frames in hexadecimal digits, one a line, all of ARP or all of neighbour discovery, with one source. RATE is
// questions a second, all together. Bounded in count and time: it always ends by itself.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_QUESTIONS = 16384, PLACES = 65536, FRAME = 128, LINE = 2 * FRAME + 2, MOST_MS = 600000, TURN_NS = 200000, STALL_NS = 100000000, PATIENCE = 4 };

struct question {
  uint8_t octets[FRAME];
  uint16_t length;
  uint8_t mac[6];   // who answered last
  int64_t answered; // when, without the time that this program stood still
};

static struct question questions[MOST_QUESTIONS];
static int32_t places[PLACES]; // by a hash of the address: number of the question, or -1
static int count;
static int64_t patience;    // nanoseconds: a longer silence is worth a line
static int64_t stood_still; // nanoseconds so far

static void fail(const char *what) {
  fprintf(stderr, "address-watch: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint16_t ether_type(const uint8_t *frame) { return (uint16_t)(frame[12] << 8 | frame[13]); }

// The last four octets of the address that a question is about; they differ within one run.
static const uint8_t *asked_tail(const uint8_t *frame) { return frame + (ether_type(frame) == ETH_P_ARP ? 38 : 74); }

// Where the number of the question about this address stands, or the free place for it.
static int32_t *place_of(const uint8_t *tail) {
  uint32_t value;
  memcpy(&value, tail, sizeof(value));
  uint32_t at = ntohl(value) * 2654435761u >> 16;
  while (places[at] >= 0 && memcmp(asked_tail(questions[places[at]].octets), tail, 4) != 0) at = (at + 1) % PLACES;
  return &places[at];
}

static void read_questions(void) {
  char line[LINE + 2];
  memset(places, 0xff, sizeof(places));
  while (fgets(line, sizeof(line), stdin) != NULL) {
    size_t digits = strcspn(line, "\n");
    if (digits < 2 * 42 || digits > 2 * FRAME || digits % 2 != 0 || count == MOST_QUESTIONS) fail("a question");
    struct question *question = &questions[count];
    for (size_t at = 0; at < digits / 2; at++) {
      unsigned octet;
      if (sscanf(line + 2 * at, "%2x", &octet) != 1) fail("a question's digits");
      question->octets[at] = (uint8_t)octet;
    }
    question->length = (uint16_t)(digits / 2);
    *place_of(asked_tail(question->octets)) = count++;
  }
  if (count == 0) fail("no question");
}

static int open_link(const char *name, uint16_t type) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(type));
  int queue = 16 * 1024 * 1024;
  if (fd < 0) fail("socket");
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(type), .sll_ifindex = (int)if_nametoindex(name)};
  if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) fail(name);
  return fd;
}

// Looks at one frame: an ARP reply, or an advertisement with the option of its MAC, to who asks here.
static void look(const uint8_t *frame, ssize_t length) {
  bool arp = ether_type(frame) == ETH_P_ARP;
  if (memcmp(frame, questions[0].octets + 6, 6) != 0) return;
  if (arp ? length < 42 || frame[21] != 2 : length < 86 || frame[20] != 58 || frame[54] != 136) return;
  int32_t number = *place_of(frame + (arp ? 28 : 74));
  const uint8_t *mac = frame + (arp ? 22 : 80);
  if (number < 0) return;
  struct question *question = &questions[number];
  int64_t now = nanoseconds(CLOCK_REALTIME), awake = now - stood_still;
  int64_t silence = question->answered == 0 ? 0 : awake - question->answered;
  question->answered = awake;
  if (memcmp(question->mac, mac, 6) == 0 && silence < patience) return;
  memcpy(question->mac, mac, 6);
  printf("%d %lld %02x:%02x:%02x:%02x:%02x:%02x %lld\n", number, (long long)now / 1000, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5],
         (long long)silence / 1000);
}

int main(int words, char **word) {
  uint8_t frame[256];
  if (words != 4) {
    fprintf(stderr, "address-watch LINK RATE MILLISECONDS < QUESTIONS\n");
    return 2;
  }
  int64_t rate = atol(word[2]), milliseconds = atol(word[3]);
  if (rate < 1 || milliseconds < 1 || milliseconds > MOST_MS) fail("RATE or MILLISECONDS");
  read_questions();
  patience = PATIENCE * 1000000000LL * count / rate;
  setvbuf(stdout, NULL, _IOLBF, 0);
  int fd = open_link(word[1], ether_type(questions[0].octets));
  int64_t start = nanoseconds(CLOCK_MONOTONIC), last = start, sent = 0;
  for (int64_t now = start; now < start + milliseconds * 1000000; now = nanoseconds(CLOCK_MONOTONIC)) {
    if (now - last > STALL_NS) stood_still += now - last;
    last = now;
    for (int64_t due = (now - start) * rate / 1000000000; sent < due; sent++) {
      const struct question *question = &questions[sent % count];
      if (send(fd, question->octets, question->length, MSG_DONTWAIT) < 0) break;
    }
    for (ssize_t length; (length = recv(fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0;) look(frame, length);
    struct timespec turn = {.tv_nsec = TURN_NS};
    nanosleep(&turn, NULL);
  }
  return 0;
}
