// TCP sockets with options that Node has no word for, made before they connect or listen: signatures of segments
// (RFC 2385), the TTL, the device. Everything else is Node's, connecting and accepting included: the descriptor is given to it.
//
// Failures of the kernel are returned as negative errno, never thrown; wrong arguments throw a TypeError.

#define _GNU_SOURCE
#define NAPI_VERSION 9

#include <errno.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <node_api.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ARGUMENTS = 4, IPV4_OCTETS = 4, IPV6_OCTETS = 16, MOST_PORT = 65535 };

// Connections that wait to be accepted; a peer opens one.
enum { BACKLOG = 64 };

// A view of JavaScript's memory; good until the next call into JavaScript.
struct octets {
  void *start;
  size_t count;
};

struct options {
  struct octets peer;     // the address, of four or sixteen octets
  struct octets password; // none: no signatures
  int32_t ttl;
  char device[IFNAMSIZ]; // "": whatever the routes say
};

static bool octets_of(napi_env env, napi_value value, struct octets *octets) {
  bool typed = false;
  napi_typedarray_type found = napi_int8_array;
  if (napi_is_typedarray(env, value, &typed) != napi_ok || !typed) return false;
  if (napi_get_typedarray_info(env, value, &found, &octets->count, &octets->start, NULL, NULL) != napi_ok) return false;
  return found == napi_uint8_array && (octets->start != NULL || octets->count == 0);
}

static bool options_of(napi_env env, napi_callback_info call, struct options *options) {
  napi_value arguments[ARGUMENTS];
  size_t given = ARGUMENTS, device_octets = 0;
  if (napi_get_cb_info(env, call, &given, arguments, NULL, NULL) != napi_ok || given != ARGUMENTS) return false;
  if (!octets_of(env, arguments[0], &options->peer) || !octets_of(env, arguments[1], &options->password)) return false;
  if (napi_get_value_int32(env, arguments[2], &options->ttl) != napi_ok) return false;
  // One octet more than a name may have, so that a longer one shows.
  if (napi_get_value_string_utf8(env, arguments[3], NULL, 0, &device_octets) != napi_ok || device_octets >= IFNAMSIZ) return false;
  if (napi_get_value_string_utf8(env, arguments[3], options->device, IFNAMSIZ, &device_octets) != napi_ok) return false;
  bool is_address = options->peer.count == IPV4_OCTETS || options->peer.count == IPV6_OCTETS;
  return is_address && options->password.count <= TCP_MD5SIG_MAXKEYLEN;
}

// 0 or errno.
static int set_password(int fd, const struct options *options) {
  struct tcp_md5sig signature = {.tcpm_keylen = (uint16_t)options->password.count};
  if (options->peer.count == IPV4_OCTETS) {
    struct sockaddr_in *address = (struct sockaddr_in *)&signature.tcpm_addr;
    address->sin_family = AF_INET;
    memcpy(&address->sin_addr, options->peer.start, IPV4_OCTETS);
  } else {
    struct sockaddr_in6 *address = (struct sockaddr_in6 *)&signature.tcpm_addr;
    address->sin6_family = AF_INET6;
    memcpy(&address->sin6_addr, options->peer.start, IPV6_OCTETS);
  }
  if (options->password.count > 0) memcpy(signature.tcpm_key, options->password.start, options->password.count);
  int failure = setsockopt(fd, IPPROTO_TCP, TCP_MD5SIG, &signature, sizeof(signature)) == 0 ? 0 : errno;
  explicit_bzero(&signature, sizeof(signature));
  return failure;
}

// 0 or errno.
static int set_options(int fd, const struct options *options) {
  bool v4 = options->peer.count == IPV4_OCTETS;
  size_t device_octets = strlen(options->device);
  if (device_octets > 0 && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, options->device, (socklen_t)device_octets) != 0) return errno;
  if (setsockopt(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_UNICAST_HOPS, &options->ttl, sizeof(options->ttl)) != 0)
    return errno;
  return options->password.count == 0 ? 0 : set_password(fd, options);
}

// openTcpSocket(peer, password, ttl, device): a descriptor that is not connected, or negative errno.
static napi_value open_tcp_socket(napi_env env, napi_callback_info call) {
  struct options options;
  napi_value result = NULL;
  if (!options_of(env, call, &options)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "openTcpSocket(peer, password, ttl, device)");
    return NULL;
  }
  int fd = socket(options.peer.count == IPV4_OCTETS ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int failure = fd < 0 ? errno : set_options(fd, &options);
  if (failure != 0 && fd >= 0) close(fd);
  napi_create_int32(env, failure == 0 ? fd : -failure, &result);
  return result;
}

// 0 or errno.
static int listen_on(int fd, const struct octets *address, uint16_t port) {
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
  int yes = 1;
  bool is_v4 = address->count == IPV4_OCTETS;
  memcpy(is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr, address->start, address->count);
  // After a restart the port is free at once, though connections of before still fade away.
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0) return errno;
  if (!is_v4 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes)) != 0) return errno;
  if (bind(fd, is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, is_v4 ? sizeof(v4) : sizeof(v6)) != 0) return errno;
  return listen(fd, BACKLOG) == 0 ? 0 : errno;
}

// openTcpListener(address, port, ttl, device): a descriptor that listens there, or negative errno. What it accepts has the same options.
static napi_value open_tcp_listener(napi_env env, napi_callback_info call) {
  napi_value arguments[ARGUMENTS], result = NULL;
  struct options options = {.password = {.start = NULL, .count = 0}};
  size_t given = ARGUMENTS, device_octets = 0;
  uint32_t port = 0;
  bool good = napi_get_cb_info(env, call, &given, arguments, NULL, NULL) == napi_ok && given == ARGUMENTS &&
              octets_of(env, arguments[0], &options.peer) && napi_get_value_uint32(env, arguments[1], &port) == napi_ok &&
              napi_get_value_int32(env, arguments[2], &options.ttl) == napi_ok &&
              napi_get_value_string_utf8(env, arguments[3], NULL, 0, &device_octets) == napi_ok && device_octets < IFNAMSIZ &&
              napi_get_value_string_utf8(env, arguments[3], options.device, IFNAMSIZ, &device_octets) == napi_ok;
  if (!good || port > MOST_PORT || (options.peer.count != IPV4_OCTETS && options.peer.count != IPV6_OCTETS)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "openTcpListener(address, port, ttl, device)");
    return NULL;
  }
  int fd = socket(options.peer.count == IPV4_OCTETS ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int failure = fd < 0 ? errno : set_options(fd, &options);
  if (failure == 0) failure = listen_on(fd, &options.peer, (uint16_t)port);
  if (failure != 0 && fd >= 0) close(fd);
  napi_create_int32(env, failure == 0 ? fd : -failure, &result);
  return result;
}

// setTcpPassword(descriptor, peer, password): what connections of that peer are signed with from now on; none takes the key
// away. 0 or negative errno.
static napi_value set_tcp_password(napi_env env, napi_callback_info call) {
  napi_value arguments[ARGUMENTS], result = NULL;
  struct options options = {.ttl = 0};
  size_t given = ARGUMENTS;
  int32_t fd = -1;
  bool good = napi_get_cb_info(env, call, &given, arguments, NULL, NULL) == napi_ok && given == ARGUMENTS - 1 &&
              napi_get_value_int32(env, arguments[0], &fd) == napi_ok && octets_of(env, arguments[1], &options.peer) &&
              octets_of(env, arguments[2], &options.password) && options.password.count <= TCP_MD5SIG_MAXKEYLEN;
  if (!good || (options.peer.count != IPV4_OCTETS && options.peer.count != IPV6_OCTETS)) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "setTcpPassword(descriptor, peer, password)");
    return NULL;
  }
  napi_create_int32(env, -set_password(fd, &options), &result);
  return result;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {.utf8name = "openTcpSocket", .method = open_tcp_socket},
      {.utf8name = "openTcpListener", .method = open_tcp_listener},
      {.utf8name = "setTcpPassword", .method = set_tcp_password},
  };
  return napi_define_properties(env, exports, sizeof(functions) / sizeof(functions[0]), functions) == napi_ok ? exports : NULL;
}
