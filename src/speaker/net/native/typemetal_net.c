// The sockets that Node has no word for: AF_PACKET on one link and rtnetlink, read in batches from the event loop.
//
// The JavaScript side (native.ts) is the only caller. This file checks what it is given all the same, because a wrong
// length here is not an exception but another thread's memory. There is no global state; every environment (main thread or
// worker) has its own sockets, and what it leaves open is closed when it ends.
//
// Failures of the kernel are returned as negative errno, never thrown; wrong arguments throw a TypeError.

#include "polled_socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MAX_ARGUMENTS = 8,
  MAX_REST_MS = 1000, // whatever is read can wait for no longer
  UNATTENDED = -1,    // in the place of a rest
};

// Marks our externals, so that no other one is ever taken for a socket.
static const napi_type_tag SOCKET_TAG = {0x7479706d6574616cULL, 0x6e6574736f636b31ULL};

static napi_value number(napi_env env, int value) {
  napi_value result = NULL;
  napi_create_int32(env, value, &result);
  return result;
}

static napi_value refuse(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

static bool arguments_of(napi_env env, napi_callback_info call, size_t count, napi_value *arguments) {
  size_t given = count;
  return napi_get_cb_info(env, call, &given, arguments, NULL, NULL) == napi_ok && given == count;
}

// The socket that is the first of a call's `count` arguments; NULL for anything but an external of ours.
static struct polled_socket *socket_of(napi_env env, napi_callback_info call, size_t count, napi_value *arguments) {
  void *polled = NULL;
  bool ours = false;
  if (!arguments_of(env, call, count, arguments)) return NULL;
  if (napi_check_object_type_tag(env, arguments[0], &SOCKET_TAG, &ours) != napi_ok || !ours) return NULL;
  return napi_get_value_external(env, arguments[0], &polled) == napi_ok ? polled : NULL;
}

// Attaches a program of eight octets an instruction, as `struct sock_filter` lies in memory. 0 or errno.
static int attach_filter(int fd, const struct octets *program) {
  size_t count = program->count / sizeof(struct sock_filter);
  if (count == 0 || count > BPF_MAXINSNS || program->count % sizeof(struct sock_filter) != 0) return EINVAL;
  struct sock_fprog attached = {.len = (unsigned short)count, .filter = program->start}; // copied from wherever it lies
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof(attached)) == 0 ? 0 : errno;
}

// Asks for a receive queue of this size: beyond the system's limit when we may (NET_ADMIN), up to it otherwise.
static void set_receive_queue(int fd, int octets) {
  bool forced = setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) == 0;
  if (!forced) setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
}

// What every open call is given last.
struct reception {
  const napi_value *lent; // slots, lengths, received
  uint32_t slot_count, slot_octets;
};

static bool reception_of(napi_env env, const napi_value *arguments, struct reception *reception) {
  struct octets slots, lengths;
  napi_valuetype kind = napi_undefined;
  if (!view_of(env, arguments[0], napi_uint8_array, &slots)) return false;
  if (!view_of(env, arguments[1], napi_uint32_array, &lengths)) return false;
  if (napi_typeof(env, arguments[2], &kind) != napi_ok || kind != napi_function) return false;
  if (lengths.count == 0 || lengths.count > MAX_SLOTS || slots.count < lengths.count) return false;
  reception->lent = arguments;
  reception->slot_count = (uint32_t)lengths.count;
  reception->slot_octets = (uint32_t)(slots.count / lengths.count);
  return slots.count / lengths.count <= UINT32_MAX;
}

// Borrows from JavaScript what a socket needs; on failure some of it, for `forget`.
static bool borrow(struct polled_socket *polled, const struct reception *reception) {
  napi_env env = polled->env;
  napi_value name;
  return napi_create_string_utf8(env, "typemetal_net", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_async_init(env, NULL, name, &polled->context) == napi_ok &&
         napi_create_reference(env, reception->lent[0], 1, &polled->slots) == napi_ok &&
         napi_create_reference(env, reception->lent[1], 1, &polled->lengths) == napi_ok &&
         napi_create_reference(env, reception->lent[2], 1, &polled->received) == napi_ok;
}

// Gives a descriptor to the event loop and wraps it for JavaScript, unless there is a failure (errno). Takes it either way.
static napi_value poll_socket(napi_env env, int fd, int ifindex, int failure, int32_t rest_ms, const struct reception *reception) {
  uv_loop_t *loop = NULL;
  napi_value external = NULL;
  struct polled_socket *polled = failure == 0 ? malloc(sizeof(*polled)) : NULL;
  if (polled == NULL) goto refused;
  *polled = (struct polled_socket){.env = env, .fd = fd, .ifindex = ifindex, .holders = 1,
                                   .slot_count = reception->slot_count, .slot_octets = reception->slot_octets,
                                   .unattended = rest_ms == UNATTENDED,
                                   .rest_ms = rest_ms == UNATTENDED ? 0 : (uint64_t)rest_ms};
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || !borrow(polled, reception)) goto no_poll;
  if (!attach_to_loop(polled, loop)) goto no_poll;
  // From here on the loop holds it, and the only way to end it is to shut it.
  if (!start_reading(polled)) goto not_started;
  if (napi_create_external(env, polled, on_collected, NULL, &external) != napi_ok) goto not_started;
  polled->holders = 2;
  if (napi_type_tag_object(env, external, &SOCKET_TAG) == napi_ok) return external;
not_started:
  shut(polled);
  return number(env, -ENOMEM);
no_poll:
  forget(polled);
  free(polled);
refused:
  close_aside(fd);
  return number(env, failure == 0 ? -ENOMEM : -failure);
}

// openPacketSocket(ifindex, etherType, queueOctets, filter, slots, lengths, received): socket or negative errno.
static napi_value open_packet_socket(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  int32_t ifindex, ether_type, queue_octets, rest_ms;
  struct octets filter;
  struct reception reception;
  if (!arguments_of(env, call, 8, arguments) || napi_get_value_int32(env, arguments[0], &ifindex) != napi_ok || ifindex <= 0 ||
      napi_get_value_int32(env, arguments[1], &ether_type) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &queue_octets) != napi_ok ||
      napi_get_value_int32(env, arguments[3], &rest_ms) != napi_ok || rest_ms < UNATTENDED || rest_ms > MAX_REST_MS ||
      !view_of(env, arguments[4], napi_uint8_array, &filter) || !reception_of(env, arguments + 5, &reception))
    return refuse(env, "openPacketSocket(ifindex, etherType, queueOctets, restMilliseconds, filter, slots, lengths, received)");
  // Protocol 0 receives nothing until bind: not one frame comes past the filter.
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return number(env, -errno);
  set_receive_queue(fd, queue_octets);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)ether_type), .sll_ifindex = ifindex};
  int failure = attach_filter(fd, &filter);
  if (failure == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) failure = errno;
  return poll_socket(env, fd, ifindex, failure, rest_ms, &reception);
}

// openRouteSocket(groups, queueOctets, slots, lengths, received): socket or negative errno. `groups` is a bit mask.
static napi_value open_route_socket(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  uint32_t groups;
  int32_t queue_octets;
  struct reception reception;
  if (!arguments_of(env, call, 5, arguments) || napi_get_value_uint32(env, arguments[0], &groups) != napi_ok ||
      napi_get_value_int32(env, arguments[1], &queue_octets) != napi_ok || !reception_of(env, arguments + 2, &reception))
    return refuse(env, "openRouteSocket(groups, queueOctets, slots, lengths, received)");
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
  if (fd < 0) return number(env, -errno);
  set_receive_queue(fd, queue_octets);
  struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = groups};
  int failure = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
  return poll_socket(env, fd, 0, failure, 0, &reception);
}

// send(socket, octets): 0 or negative errno. The kernel has its copy when this returns.
static napi_value send_octets(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct octets octets;
  struct polled_socket *polled = socket_of(env, call, 2, arguments);
  if (polled == NULL || !view_of(env, arguments[1], napi_uint8_array, &octets)) return refuse(env, "send(socket, octets)");
  if (polled->closed) return number(env, -EBADF);
  return number(env, send(polled->fd, octets.start, octets.count, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0);
}

// receive(socket): what waits, in the slots: how many, or negative errno.
static napi_value receive_now(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct polled_socket *polled = socket_of(env, call, 1, arguments);
  if (polled == NULL) return refuse(env, "receive(socket)");
  return number(env, polled->closed ? -EBADF : receive_batch(polled));
}

// setRest(socket, milliseconds): 0 or negative errno; counts from the next reading on.
static napi_value set_rest(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  int32_t rest_ms;
  struct polled_socket *polled = socket_of(env, call, 2, arguments);
  if (polled == NULL || napi_get_value_int32(env, arguments[1], &rest_ms) != napi_ok || rest_ms < 0 || rest_ms > MAX_REST_MS)
    return refuse(env, "setRest(socket, milliseconds)");
  if (polled->closed) return number(env, -EBADF);
  polled->rest_ms = (uint64_t)rest_ms;
  return number(env, 0);
}

// setFilter(socket, program): 0 or negative errno; the old program stays when the new one is refused.
static napi_value set_filter(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct octets program;
  struct polled_socket *polled = socket_of(env, call, 2, arguments);
  if (polled == NULL || !view_of(env, arguments[1], napi_uint8_array, &program)) return refuse(env, "setFilter(socket, program)");
  return number(env, polled->closed ? -EBADF : -attach_filter(polled->fd, &program));
}

// takeDrops(socket): frames that found the queue full since the last call, or negative errno.
static napi_value take_drops(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct polled_socket *polled = socket_of(env, call, 1, arguments);
  if (polled == NULL) return refuse(env, "takeDrops(socket)");
  if (polled->closed) return number(env, -EBADF);
  struct tpacket_stats counted = {0};
  socklen_t length = sizeof(counted);
  if (getsockopt(polled->fd, SOL_PACKET, PACKET_STATISTICS, &counted, &length) != 0) return number(env, -errno);
  return number(env, counted.tp_drops > INT32_MAX ? INT32_MAX : (int)counted.tp_drops);
}

// queueOctets(socket): what may wait in the receive queue, as the kernel counts, or negative errno.
static napi_value queue_octets(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct polled_socket *polled = socket_of(env, call, 1, arguments);
  if (polled == NULL) return refuse(env, "queueOctets(socket)");
  return number(env, polled->closed ? -EBADF : option_of(polled->fd, SO_RCVBUF));
}

// close(socket): no callback comes after it. Any number of times.
static napi_value close_socket(napi_env env, napi_callback_info call) {
  napi_value arguments[MAX_ARGUMENTS];
  struct polled_socket *polled = socket_of(env, call, 1, arguments);
  if (polled == NULL) return refuse(env, "close(socket)");
  shut(polled);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "openPacketSocket", .method = open_packet_socket},
      {.utf8name = "openRouteSocket", .method = open_route_socket},
      {.utf8name = "send", .method = send_octets},
      {.utf8name = "receive", .method = receive_now},
      {.utf8name = "setRest", .method = set_rest},
      {.utf8name = "setFilter", .method = set_filter},
      {.utf8name = "queueOctets", .method = queue_octets},
      {.utf8name = "takeDrops", .method = take_drops},
      {.utf8name = "close", .method = close_socket},
  };
  size_t count = sizeof(functions) / sizeof(functions[0]);
  return napi_define_properties(env, exports, count, functions) == napi_ok ? exports : NULL;
}
