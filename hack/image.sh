#!/bin/bash
# Builds the image for each platform into one manifest list, without a daemon, and tells what came out.
# PLATFORMS, IMAGE, and BUILD_IMAGE and NODE_IMAGE of the Containerfile may be set; what else buildah is to be told is in BUILDAH_FLAGS.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
command -v buildah >/dev/null || { echo 'buildah is missing: install it (Debian: apt-get install buildah), or run "docker build ." for this processor alone' >&2; exit 1; }

version=$(sed -n -E 's/^  "version": "(.*)",$/\1/p' package.json)
image=${IMAGE:-typemetal:$version}
platforms=${PLATFORMS:-linux/amd64,linux/arm64}
# buildah of Debian 12 does not know by itself what it builds on.
case $(uname -m) in aarch64 | arm64) own=arm64 ;; *) own=amd64 ;; esac
flags=(--build-arg "BUILDARCH=$own" --build-arg "BUILDPLATFORM=linux/$own" ${BUILDAH_FLAGS:-})
for name in BUILD_IMAGE NODE_IMAGE; do
  if [ -n "${!name:-}" ]; then flags+=(--build-arg "$name=${!name}"); fi
done

if buildah manifest exists "$image" 2>/dev/null; then buildah manifest rm "$image" >/dev/null; fi
buildah build "${flags[@]}" --platform "$platforms" --manifest "$image" --file Containerfile .

digests=$(buildah manifest inspect "$image" | sed -n -E 's/^ +"digest": "(.*)",?$/\1/p')
for digest in $digests; do
  container=$(buildah from "${image%%:*}@$digest" 2>/dev/null || buildah from --pull-never "$digest")
  folder=$(buildah mount "$container")
  read -r architecture user <<<"$(buildah inspect --format '{{.OCIv1.Architecture}} {{.OCIv1.Config.User}}' "$container")"
  echo "$image $architecture, user $user: $(du -sm "$folder" | cut -f1) MB, of which ours is $(du -sm "$folder/opt/typemetal" | cut -f1) MB:"
  (cd "$folder" && find opt/typemetal -type f -printf '  %8s  %m  %p\n' | sort -k3)
  buildah umount "$container" >/dev/null
  buildah rm "$container" >/dev/null
done
