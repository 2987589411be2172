#!/bin/sh
# Makes a standby the one that confirms commits, and waits until the cluster may promote it. Argument: the standby.
tries=0
until said=$(python3 -ISE /usr/local/lib/hactl/pgd/client.py 10 prefer "$1"); do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || {
        printf '%s\n' "$said" >&2
        exit 1
    }
    sleep 0.5
done
