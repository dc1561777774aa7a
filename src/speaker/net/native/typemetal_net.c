// The sockets that Node has no word for: AF_PACKET on one link and rtnetlink, read in batches from the event loop.
//
// The JavaScript side (native.ts) is the only caller. This file checks what it is given all the same, because a wrong
// length here is not an exception but another thread's memory. It keeps no pointer into JavaScript's memory between two
// calls: views are looked up, with their present length, each time. There is no global state; every environment (main
// thread or worker) has its own sockets, and what it leaves open is closed when it ends.
//
// Failures of the kernel are returned as negative errno, never thrown; wrong arguments throw a TypeError.

#define _GNU_SOURCE
#define NAPI_VERSION 9

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <node_api.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum {
  MAX_SLOTS = 64,  // messages of one recvmmsg; what fits on the stack with room to spare
  MAX_BATCHES = 4, // batches of one wake-up; then timers and other sockets have their turn
  MAX_ARGUMENTS = 7,
  CLOSER_STACK_OCTETS = 64 * 1024, // it makes one call; a signal that comes to it needs the rest
};

// One open socket. Two hold it: the event loop until its handle is closed, and JavaScript until the external is
// collected. The last one frees it.
struct polled_socket {
  uv_poll_t poll;
  napi_env env;
  napi_async_cleanup_hook_handle hook;
  napi_async_context context;
  napi_ref slots;    // Uint8Array: slot_count slots of slot_octets each
  napi_ref lengths;  // Uint32Array: what each slot holds
  napi_ref received; // function (count), or (negative errno)
  uint32_t slot_count;
  uint32_t slot_octets;
  int fd;
  int holders;
  int ifindex; // 0 on netlink
  bool closed;
};

// Marks our externals, so that no other one is ever taken for a socket.
static const napi_type_tag SOCKET_TAG = {0x7479706d6574616cULL, 0x6e6574736f636b31ULL};

// A view of JavaScript's memory; good until the next call into JavaScript.
struct octets {
  void *start;
  size_t count; // elements
};

static void let_go(struct polled_socket *polled) {
  if (--polled->holders == 0) free(polled);
}

static void *close_one(void *fd) {
  close((int)(intptr_t)fd);
  return NULL;
}

// Closes a descriptor without waiting for it. The kernel lets a packet socket go only when no processor reads it any
// more (an RCU grace period: milliseconds to tens of them), and on this thread somebody's ARP request would wait. Threads
// are as few as sockets; where none can be had, a late answer is better than a descriptor that stays open.
static void close_aside(int fd) {
  pthread_t closer;
  pthread_attr_t attributes;
  bool started = false;
  if (pthread_attr_init(&attributes) == 0) {
    started = pthread_attr_setstacksize(&attributes, CLOSER_STACK_OCTETS) == 0 &&
              pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
              pthread_create(&closer, &attributes, close_one, (void *)(intptr_t)fd) == 0;
    pthread_attr_destroy(&attributes);
  }
  if (!started) close(fd);
}

static void on_poll_closed(uv_handle_t *handle) {
  struct polled_socket *polled = handle->data;
  close_aside(polled->fd); // only now: the loop must not find the number in another's hands
  polled->fd = -1;
  napi_remove_async_cleanup_hook(polled->hook);
  let_go(polled);
}

// Gives back what JavaScript lent; what was never lent is refused as an argument and does no harm.
static void forget(struct polled_socket *polled) {
  napi_delete_reference(polled->env, polled->slots);
  napi_delete_reference(polled->env, polled->lengths);
  napi_delete_reference(polled->env, polled->received);
  napi_async_destroy(polled->env, polled->context);
}

// Ends a socket: no callback comes after this. Any number of times, on the thread of its environment.
static void shut(struct polled_socket *polled) {
  if (polled->closed) return;
  polled->closed = true;
  uv_poll_stop(&polled->poll);
  forget(polled);
  uv_close((uv_handle_t *)&polled->poll, on_poll_closed);
}

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *socket) {
  (void)hook;
  shut(socket);
}

static void on_collected(napi_env env, void *socket, void *hint) {
  (void)env;
  (void)hint;
  shut(socket);
  let_go(socket);
}

// The elements of a typed array of this kind; false, and nothing else, when it is anything else.
static bool view_of(napi_env env, napi_value value, napi_typedarray_type kind, struct octets *view) {
  bool typed = false;
  napi_typedarray_type found = napi_int8_array;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return false;
  if (napi_get_typedarray_info(env, value, &found, &view->count, &view->start, NULL, NULL) != napi_ok) return false;
  return found == kind && (view->start != NULL || view->count == 0);
}

static bool referenced_view(struct polled_socket *polled, napi_ref reference, napi_typedarray_type kind, size_t least,
                            struct octets *view) {
  napi_value value = NULL;
  if (napi_get_reference_value(polled->env, reference, &value) != napi_ok || value == NULL) return false;
  return view_of(polled->env, value, kind, view) && view->count >= least;
}

// Reads what is there into the slots: how many messages, 0 when there is none, negative errno.
static int receive_batch(struct polled_socket *polled) {
  struct mmsghdr messages[MAX_SLOTS];
  struct iovec places[MAX_SLOTS];
  union {
    struct sockaddr_nl netlink;
    struct sockaddr_ll packet;
  } senders[MAX_SLOTS];
  struct octets slots, lengths;
  size_t octets = (size_t)polled->slot_count * polled->slot_octets;
  // A view that was transferred to another thread has no elements any more.
  if (!referenced_view(polled, polled->slots, napi_uint8_array, octets, &slots)) return -EFAULT;
  if (!referenced_view(polled, polled->lengths, napi_uint32_array, polled->slot_count, &lengths)) return -EFAULT;
  for (uint32_t slot = 0; slot < polled->slot_count; slot++) {
    places[slot] = (struct iovec){(uint8_t *)slots.start + (size_t)slot * polled->slot_octets, polled->slot_octets};
    messages[slot].msg_hdr = (struct msghdr){
        .msg_name = &senders[slot], .msg_namelen = sizeof(senders[slot]), .msg_iov = &places[slot], .msg_iovlen = 1};
  }
  int count = recvmmsg(polled->fd, messages, polled->slot_count, MSG_DONTWAIT, NULL);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  for (int slot = 0; slot < count; slot++) {
    // Netlink: only the kernel (port 0) is believed. A link also gets what came by it for a VLAN or macvlan on top of it,
    // which has a socket of its own. What is not for this socket counts as empty.
    bool wanted = polled->ifindex == 0 ? senders[slot].netlink.nl_pid == 0 : senders[slot].packet.sll_ifindex == polled->ifindex;
    ((uint32_t *)lengths.start)[slot] = wanted ? messages[slot].msg_len : 0;
  }
  return count;
}

static void call_received(struct polled_socket *polled, int count) {
  napi_env env = polled->env;
  napi_value receiver, function, argument, thrown;
  if (napi_get_global(env, &receiver) != napi_ok || napi_create_int32(env, count, &argument) != napi_ok) return;
  if (napi_get_reference_value(env, polled->received, &function) != napi_ok || function == NULL) return;
  napi_status status = napi_make_callback(env, polled->context, receiver, function, 1, &argument, NULL);
  // Whoever receives catches what its code throws; what comes through is a bug and ends like any uncaught exception.
  if (status == napi_pending_exception && napi_get_and_clear_last_exception(env, &thrown) == napi_ok) napi_fatal_exception(env, thrown);
}

// An option of the socket layer, or negative errno. Reading SO_ERROR, the error that waits (0: none), clears it.
static int option_of(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -errno;
}

// libuv stops watching a descriptor that has an error and calls it bad. Here an error is a message: a link that went
// down (ENETDOWN) or events that were lost (ENOBUFS), and frames come again afterwards.
static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct polled_socket *polled = poll->data;
  for (int batch = 0; batch < MAX_BATCHES && !polled->closed; batch++) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(polled->env, &scope) != napi_ok) return;
    int count = status < 0 ? -abs(option_of(polled->fd, SO_ERROR)) : receive_batch(polled);
    if (status < 0 && uv_poll_start(poll, UV_READABLE, on_readable) != 0) count = -EBADF;
    // Without its slots a socket cannot read, and would be found readable for ever.
    if (count == -EFAULT) uv_poll_stop(poll);
    if (count != 0) call_received(polled, count);
    napi_close_handle_scope(polled->env, scope);
    // A batch that is not full emptied the queue: the event loop says when there is more.
    if (count < (int)polled->slot_count) return;
  }
}

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
static napi_value poll_socket(napi_env env, int fd, int ifindex, int failure, const struct reception *reception) {
  uv_loop_t *loop = NULL;
  napi_value external = NULL;
  struct polled_socket *polled = failure == 0 ? malloc(sizeof(*polled)) : NULL;
  if (polled == NULL) goto refused;
  *polled = (struct polled_socket){.env = env, .fd = fd, .ifindex = ifindex, .holders = 1,
                                   .slot_count = reception->slot_count, .slot_octets = reception->slot_octets};
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || !borrow(polled, reception)) goto no_poll;
  if (uv_poll_init(loop, &polled->poll, fd) != 0) goto no_poll;
  polled->poll.data = polled;
  // From here on the loop holds it, and the only way to end it is to shut it.
  if (napi_add_async_cleanup_hook(env, on_environment_end, polled, &polled->hook) != napi_ok) goto not_started;
  if (uv_poll_start(&polled->poll, UV_READABLE, on_readable) != 0) goto not_started;
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
  int32_t ifindex, ether_type, queue_octets;
  struct octets filter;
  struct reception reception;
  if (!arguments_of(env, call, 7, arguments) || napi_get_value_int32(env, arguments[0], &ifindex) != napi_ok || ifindex <= 0 ||
      napi_get_value_int32(env, arguments[1], &ether_type) != napi_ok ||
      napi_get_value_int32(env, arguments[2], &queue_octets) != napi_ok ||
      !view_of(env, arguments[3], napi_uint8_array, &filter) || !reception_of(env, arguments + 4, &reception))
    return refuse(env, "openPacketSocket(ifindex, etherType, queueOctets, filter, slots, lengths, received)");
  // Protocol 0 receives nothing until bind: not one frame comes past the filter.
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return number(env, -errno);
  set_receive_queue(fd, queue_octets);
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons((uint16_t)ether_type), .sll_ifindex = ifindex};
  int failure = attach_filter(fd, &filter);
  if (failure == 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) failure = errno;
  return poll_socket(env, fd, ifindex, failure, &reception);
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
  return poll_socket(env, fd, 0, failure, &reception);
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
      {.utf8name = "setFilter", .method = set_filter},
      {.utf8name = "queueOctets", .method = queue_octets},
      {.utf8name = "takeDrops", .method = take_drops},
      {.utf8name = "close", .method = close_socket},
  };
  size_t count = sizeof(functions) / sizeof(functions[0]);
  return napi_define_properties(env, exports, count, functions) == napi_ok ? exports : NULL;
}
