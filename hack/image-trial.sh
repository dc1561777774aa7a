#!/bin/bash
# Builds the image as hack/image.sh does where no container registry can be reached, on stand-ins for its bases: Debian 12 by debootstrap, with the Node
# that the lock file names. Then tries what came out. Needs root; what is downloaded stays in build/image-trial for the next time.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
for program in buildah debootstrap npm; do
  command -v "$program" >/dev/null || { echo "$program is missing: install it (Debian: apt-get install $program)" >&2; exit 1; }
done

folder=$PWD/build/image-trial
case $(uname -m) in aarch64 | arm64) own=arm64 other=amd64 ;; *) own=amd64 other=arm64 ;; esac
mkdir -p "$folder"
printf '[storage]\ndriver = "overlay"\ngraphroot = "%s/storage"\nrunroot = "%s/run"\n' "$folder" "$folder" >"$folder/storage.conf"
export CONTAINERS_STORAGE_CONF=$folder/storage.conf BUILDAH_ISOLATION=chroot
base=localhost/node-stand-in:24 build=localhost/node-stand-in-for-builds:24

# Debian and Node for one processor. Packages of another are unpacked, and none of their programs is run.
root_for() {
  local root=$folder/$1-root cpu=x64 foreign=()
  if [ "$1" = arm64 ]; then cpu=arm64; fi
  if [ "$1" != "$own" ]; then foreign=(--foreign); fi
  [ ! -e "$root/usr/local/bin/node" ] || return 0
  rm -rf "$root" "$folder/$1-npm"
  debootstrap "${foreign[@]}" --arch="$1" --variant=minbase bookworm "$root" >"$folder/$1-debootstrap.log" 2>&1 ||
    { echo "debootstrap failed, see $folder/$1-debootstrap.log" >&2; exit 1; }
  rm -rf "$root/debootstrap" "$root"/var/cache/apt/archives/*.deb
  mkdir "$folder/$1-npm"
  cp package.json package-lock.json .npmrc "$folder/$1-npm"
  (cd "$folder/$1-npm" && npm ci --omit=dev --workspaces=false --os=linux --cpu="$cpu")
  install -D -m 755 "$folder/$1-npm/node_modules/node-linux-$cpu/bin/node" "$root/usr/local/bin/node"
}

# What a registry would have: the base for both processors, and what builds, with npm, a compiler and one for the other processor.
make_bases() {
  local container mounted processor
  buildah manifest create "$base" >/dev/null
  for processor in amd64 arm64; do
    container=$(buildah from scratch)
    mounted=$(buildah mount "$container")
    cp -a "$folder/$processor-root/." "$mounted/"
    buildah umount "$container" >/dev/null
    buildah config --arch "$processor" --os linux --cmd node "$container"
    buildah commit -q --manifest "$base" "$container" "$base-$processor" >/dev/null
    buildah rm "$container" >/dev/null
  done
  container=$(buildah from --pull-never "$base-$own")
  case $own in amd64) triplet=aarch64-linux-gnu ;; *) triplet=x86-64-linux-gnu ;; esac
  buildah run "$container" sh -ec "apt-get update -qq; apt-get install -y -qq --no-install-recommends \
    ca-certificates make gcc libc6-dev gcc-$triplet libc6-dev-$other-cross >/dev/null"
  buildah copy -q "$container" "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" /usr/local/lib/node_modules/npm >/dev/null
  buildah run "$container" ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  # Whom this machine trusts, the build trusts: packages may come through a proxy.
  buildah copy -q "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah config --env npm_config_cafile=/etc/ssl/certs/ca-certificates.crt "$container"
  buildah commit -q --rm "$container" "$build" >/dev/null
}

root_for "$own"
root_for "$other"
buildah images --quiet "$build" >/dev/null 2>&1 || make_bases
BUILD_IMAGE=$build NODE_IMAGE=$base IMAGE=typemetal:trial hack/image.sh

# The root file system of each processor, beside that of its base.
fail() { echo "the image is wrong: $*" >&2; exit 1; }
for digest in $(buildah manifest inspect typemetal:trial | sed -n -E 's/^ +"digest": "(.*)",?$/\1/p'); do
  container=$(buildah from --pull-never "localhost/typemetal@$digest" 2>/dev/null)
  read -r processor user <<<"$(buildah inspect --format '{{.OCIv1.Architecture}} {{.OCIv1.Config.User}}' "$container")"
  root=$folder/image-$processor
  mounted=$(buildah mount "$container")
  rm -rf "$root"
  cp -a "$mounted" "$root"
  buildah umount "$container" >/dev/null
  buildah rm "$container" >/dev/null
  [ "$user" = 65534:65534 ] || fail "its user is $user"
  added=$(diff <(cd "$folder/$processor-root" && find . | sort) <(cd "$root" && find . | sort) | grep '^[<>]' | grep -v -E '^> \./opt(/typemetal.*)?$' || true)
  [ -z "$added" ] || fail "besides /opt/typemetal it has $added"
  powerful=$(find "$root/opt/typemetal" -perm /6000 -o -not -user 0 -o -type f -perm /022)
  [ -z "$powerful" ] || fail "these are setuid, or can be written: $powerful"
  case $processor in amd64) machine='X86-64' ;; *) machine=AArch64 ;; esac
  for file in "$root"/opt/typemetal/lib/*.node; do
    readelf -h "$file" | grep -q "Machine:.*$machine" || fail "$file is not for $processor"
  done
done

# As a pod has it: the root read-only, another user, no capability. Of the other processor where its programs can be run by qemu-user-static.
for processor in $own $other; do
  root=$folder/image-$processor qemu=()
  if [ "$processor" != "$own" ]; then
    name=qemu-$(case $processor in arm64) echo aarch64 ;; *) echo x86_64 ;; esac)-static
    command -v "$name" >/dev/null || { echo "$processor: not tried, there is no $name"; continue; }
    qemu=("/$name")
    cp "$(command -v "$name")" "$root/$name"
  fi
  as_in_pod() {
    unshare --mount sh -euc 'root=$1; shift; mount --bind "$root" "$root"; mount -o remount,bind,ro "$root"; mount -t proc proc "$root/proc"
      exec env -i PATH="$PATH" setpriv --no-new-privs chroot --userspec=65534:65534 --groups= "$root" "$@"' trial "$root" "${qemu[@]}" /usr/local/bin/node "$@"
  }
  for program in controller speaker kubectl-typemetal; do
    [ "$(as_in_pod "/opt/typemetal/lib/$program.js" --version | sed 's/^.* //')" = "$(sed -n -E 's/^  "version": "(.*)",$/\1/p' package.json)" ] ||
      fail "$program does not start on $processor"
  done
  for file in net tcp; do
    as_in_pod -e "require('/opt/typemetal/lib/typemetal_$file.node')" || fail "typemetal_$file.node cannot be loaded on $processor"
  done
  echo "$processor: its programs start and its compiled files load, as the user 65534 in a root that is read-only"
done
