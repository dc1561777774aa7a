# The one compiled file: needs cc and the headers that come with the pinned Node, nothing else.
# Included by the Makefile of the repository; paths are relative to its root.
NODE_ARCH := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
NODE_HEADERS := node_modules/node-linux-$(NODE_ARCH)/include/node
ADDON_CFLAGS := -std=c17 -Wall -Wextra -Werror -O2 -fPIC -fvisibility=hidden -fstack-protector-strong -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2

addon: build/typemetal_net.node

build/typemetal_net.node: src/speaker/net/native/typemetal_net.c node_modules/.package-lock.json
	@mkdir -p $(@D)
	@$(CC) $(ADDON_CFLAGS) -isystem $(NODE_HEADERS) -shared -o $@ $<

# Asks by ARP and measures the answers: for bench/arp.ts.
build/arp-load: bench/arp-load.c
	@mkdir -p $(@D)
	@$(CC) -std=c17 -Wall -Wextra -Werror -O2 -o $@ $<
