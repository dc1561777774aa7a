# The compiled files: they need cc and the headers that come with the pinned Node, nothing else.
# Included by the Makefile of the repository; paths are relative to its root.
NODE_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
NODE_HEADERS := node_modules/node-linux-$(NODE_ARCH)/include/node
ADDON_CFLAGS := -std=c17 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
# Never unloaded: a thread that closes a socket may outlive the worker that opened it, and returns through this code.
ADDON_LDFLAGS := -shared -pthread -Wl,-z,nodelete

addon: build/typemetal_net.node build/typemetal_tcp.node

build/typemetal_net.node: src/speaker/net/native/polled_socket.c src/speaker/net/native/polled_socket.h

build/%.node: src/speaker/net/native/%.c src/speaker/net/native/addon.mk node_modules/.package-lock.json
	@mkdir -p $(@D)
	@$(CC) $(ADDON_CFLAGS) -isystem $(NODE_HEADERS) $(ADDON_LDFLAGS) -o $@ $(filter %.c,$^)

# Ask for addresses and measure the answers: for bench/arp.ts and bench/layer2.ts.
build/arp-load build/address-watch: build/%: bench/%.c
	@mkdir -p $(@D)
	@$(CC) -std=c17 -Wall -Wextra -Werror -O2 -o $@ $<
