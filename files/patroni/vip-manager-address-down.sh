#!/bin/sh
# Takes the address of vip-manager's configuration away.
address=$(sed -n 's/^ip: //p' /etc/hactl/vip-manager.yml)
ip -4 -o addr show to "$address/32" | while read -r _ device _ found _; do
  ip -4 addr del "$found" dev "$device"
done
