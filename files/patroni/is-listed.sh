#!/bin/sh
# Whether Patroni knows a member. Argument: its name.
patronictl -c /etc/patroni/config.yml list -f json | grep -q "\"Member\": \"$1\""
