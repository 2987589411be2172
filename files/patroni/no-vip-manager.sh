#!/bin/sh
# Says which vip-manager there is, and what to do.
version=$(dpkg-query -W -f '${Version}' vip-manager 2>/dev/null) ||
  version=$(apt-cache show --no-all-versions vip-manager 2>/dev/null | sed -n 's/^Version: //p')
echo "vip-manager ${version:-of no version} is all this host has or is offered; before version 2 it cannot read etcd's API 3, where Patroni's leader key is. Debian 13 has the package vip-manager2. Elsewhere add a package source with vip-manager 2 or newer and run apt-get update, or write routing: { by: callback }" >&2
exit 1
