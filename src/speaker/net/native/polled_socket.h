// A descriptor that the event loop reads in batches into memory of JavaScript: what is behind each socket of typemetal_net.c.

#ifndef TYPEMETAL_POLLED_SOCKET_H
#define TYPEMETAL_POLLED_SOCKET_H

#define _GNU_SOURCE
#define NAPI_VERSION 9

#include <node_api.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

enum { MAX_SLOTS = 64 }; // messages of one recvmmsg; what fits on the stack with room to spare

// One open socket. Two hold it: the event loop until its handles are closed, and JavaScript until the external is
// collected. The last one frees it.
struct polled_socket {
  uv_poll_t poll;
  uv_timer_t rest;   // in the place of the poll while messages keep coming
  uint64_t rest_ms;  // from one reading to the next at least, so that what comes meanwhile is read together; 0: none
  bool unattended;   // nobody is woken: what comes waits for `receive_batch`
  uint64_t read_at;  // by the clock of the loop
  napi_env env;
  napi_async_cleanup_hook_handle hook;
  napi_async_context context;
  napi_ref slots;    // Uint8Array: slot_count slots of slot_octets each
  napi_ref lengths;  // Uint32Array: what each slot holds
  napi_ref received; // function (count), or (negative errno)
  uint32_t slot_count;
  uint32_t slot_octets;
  int fd;
  int handles; // of the event loop, that are not closed
  int holders;
  int ifindex; // 0 on netlink
  bool closed;
};

// A view of JavaScript's memory; good until the next call into JavaScript.
struct octets {
  void *start;
  size_t count; // elements
};

// The elements of a typed array of this kind; false, and nothing else, when it is anything else.
bool view_of(napi_env env, napi_value value, napi_typedarray_type kind, struct octets *view);

// An option of the socket layer, or negative errno. Reading SO_ERROR, the error that waits (0: none), clears it.
int option_of(int fd, int option);

// Closes a descriptor without waiting for it.
void close_aside(int fd);

// Gives back what JavaScript lent; what was never lent is refused as an argument and does no harm.
void forget(struct polled_socket *polled);

// Gives the socket to an event loop, which holds it from then on: `shut` ends it. False when the loop cannot watch its
// descriptor; then nothing is to be ended.
bool attach_to_loop(struct polled_socket *polled, uv_loop_t *loop);

// Reads what is there into the slots: how many messages, 0 when there is none, negative errno.
int receive_batch(struct polled_socket *polled);

// Begins to read, unless it is unattended; false for a failure, after which the socket is to be shut.
bool start_reading(struct polled_socket *polled);

// Ends a socket: no callback comes after this. Any number of times, on the thread of its environment.
void shut(struct polled_socket *polled);

// The external of a socket was collected: for napi_create_external.
void on_collected(napi_env env, void *socket, void *hint);

#endif
