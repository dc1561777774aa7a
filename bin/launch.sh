# Sourced by the launchers beside it with TYPEMETAL_ENTRY set; replaces the shell, so that signals reach the program.
root=$(dirname "$(dirname "$(readlink -f "$0")")")
node=$root/node_modules/.bin/node

if [ ! -x "$node" ]; then
  echo "$0: $node is missing: run 'make setup' in $root" >&2
  exit 1
fi
version=$("$node" --version)
case $version in
  v24.*) ;;
  *)
    echo "$0: $node is Node $version, but Node 24 is needed: run 'make setup' in $root" >&2
    exit 1
    ;;
esac
# A young generation of 4 MiB costs more collections of it, each short, and keeps tens of megabytes free on each node.
# Type stripping is what runs the sources as they stand; its warning would be the first line of each log.
exec "$node" --max-semi-space-size=4 --disable-warning=ExperimentalWarning "$root/$TYPEMETAL_ENTRY" "$@"
