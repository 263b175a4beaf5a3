#!/bin/sh
# Serves one request with the plugin and looks at the answer. MORTISE names the server; FILE the plugin.
set -eu
cd "$(dirname "$0")"
folder=$(mktemp -d)
: >"$folder/log"
${MORTISE:-mortise} --plugin "${FILE:-./hello-rust_plugin.so}" --http-socket 127.0.0.1:0 --hello-rust-greeting Welcome \
  2>"$folder/log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -r "$folder"' EXIT
url=
for _ in $(seq 100); do
  url=$(sed -n 's/.*listening on \(http:[^ ]*\).*/\1/p' "$folder/log")
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { cat "$folder/log"; exit 1; }
answer=$(python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=10).read().decode(), end="")' "$url/")
[ "$answer" = Welcome ] || { echo "it answered '$answer'"; cat "$folder/log"; exit 1; }
echo "hello-rust: served a request"
