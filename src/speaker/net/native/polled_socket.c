// Reads descriptors from the event loop: in batches, and where many small messages come, with rests between them.
//
// No pointer into JavaScript's memory is kept between two calls: views are looked up, with their present length, each time.

#include "polled_socket.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  MAX_BATCHES = 4, // batches of one wake-up; then timers and other sockets have their turn
  CLOSER_STACK_OCTETS = 64 * 1024, // it makes one call; a signal that comes to it needs the rest
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
void close_aside(int fd) {
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

static void on_handle_closed(uv_handle_t *handle) {
  struct polled_socket *polled = handle->data;
  if (--polled->handles > 0) return;
  close_aside(polled->fd); // only now: the loop must not find the number in another's hands
  polled->fd = -1;
  napi_remove_async_cleanup_hook(polled->hook);
  let_go(polled);
}

void forget(struct polled_socket *polled) {
  napi_delete_reference(polled->env, polled->slots);
  napi_delete_reference(polled->env, polled->lengths);
  napi_delete_reference(polled->env, polled->received);
  napi_async_destroy(polled->env, polled->context);
}

void shut(struct polled_socket *polled) {
  if (polled->closed) return;
  polled->closed = true;
  uv_poll_stop(&polled->poll);
  forget(polled);
  uv_close((uv_handle_t *)&polled->poll, on_handle_closed);
  uv_close((uv_handle_t *)&polled->rest, on_handle_closed);
}

static void on_environment_end(napi_async_cleanup_hook_handle hook, void *socket) {
  (void)hook;
  shut(socket);
}

void on_collected(napi_env env, void *socket, void *hint) {
  (void)env;
  (void)hint;
  shut(socket);
  let_go(socket);
}

bool view_of(napi_env env, napi_value value, napi_typedarray_type kind, struct octets *view) {
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

int receive_batch(struct polled_socket *polled) {
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

int option_of(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -errno;
}

// Reads until nothing is left, or it is the turn of others: how many messages, or the negative errno that was told. A
// `failure` (negative errno) is told instead.
static int read_batches(struct polled_socket *polled, int failure) {
  int total = 0;
  polled->read_at = uv_now(polled->poll.loop);
  for (int batch = 0; batch < MAX_BATCHES && !polled->closed; batch++) {
    napi_handle_scope scope;
    if (napi_open_handle_scope(polled->env, &scope) != napi_ok) return total;
    int count = failure < 0 ? failure : receive_batch(polled);
    if (count != 0) call_received(polled, count);
    napi_close_handle_scope(polled->env, scope);
    if (count < 0) return count;
    total += count;
    // A batch that is not full emptied the queue: the event loop says when there is more.
    if (count < (int)polled->slot_count) break;
  }
  return total;
}

static void on_rested(uv_timer_t *rest);

// libuv stops watching a descriptor that has an error and calls it bad. Here an error is a message: a link that went
// down (ENETDOWN) or events that were lost (ENOBUFS), and frames come again afterwards.
static void on_readable(uv_poll_t *poll, int status, int events) {
  (void)events;
  struct polled_socket *polled = poll->data;
  uint64_t rested = uv_now(poll->loop) - polled->read_at;
  if (status == 0 && rested < polled->rest_ms) {
    uv_poll_stop(poll);
    uv_timer_start(&polled->rest, on_rested, polled->rest_ms - rested, 0);
    return;
  }
  int failure = status < 0 ? -abs(option_of(polled->fd, SO_ERROR)) : 0;
  if (status < 0 && uv_poll_start(poll, UV_READABLE, on_readable) != 0) failure = -EBADF;
  if (status < 0 && failure == 0) return;
  // Without its slots a socket cannot read, and would be found readable for ever.
  if (read_batches(polled, failure) == -EFAULT && !polled->closed) uv_poll_stop(poll);
}

// A wake-up costs more than a small message does: while messages keep coming, they are read once in each rest.
static void on_rested(uv_timer_t *rest) {
  struct polled_socket *polled = rest->data;
  int count = read_batches(polled, 0);
  if (polled->closed || count == -EFAULT) return;
  if (count > 0) uv_timer_start(rest, on_rested, polled->rest_ms, 0);
  else if (uv_poll_start(&polled->poll, UV_READABLE, on_readable) != 0) read_batches(polled, -EBADF);
}

bool attach_to_loop(struct polled_socket *polled, uv_loop_t *loop) {
  if (uv_poll_init(loop, &polled->poll, polled->fd) != 0) return false;
  uv_timer_init(loop, &polled->rest);
  polled->poll.data = polled->rest.data = polled;
  polled->handles = 2;
  return true;
}

bool start_reading(struct polled_socket *polled) {
  return napi_add_async_cleanup_hook(polled->env, on_environment_end, polled, &polled->hook) == napi_ok &&
         (polled->unattended || uv_poll_start(&polled->poll, UV_READABLE, on_readable) == 0);
}
