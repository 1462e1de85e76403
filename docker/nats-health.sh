#!/bin/sh
# The health check of a node's NATS server: it greets every connection with INFO. The server has no HTTP port of its own,
# because on the host's network everybody on the host could read it.
conf=${1:-/etc/hotstandby/nats/nats.conf}
listen=$(sed -n 's/^listen: "\(.*\)"$/\1/p' "$conf")
host=${listen%:*}
host=${host#[}
# -w bounds the connecting only: a server that hangs still accepts.
timeout 3 nc -w 2 "${host%]}" "${listen##*:}" </dev/null | grep -q '^INFO '
