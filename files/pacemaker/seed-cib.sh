#!/bin/sh
# Writes a first CIB that says how long to wait for others before a coordinator is elected. Argument: dc-deadtime.
set -e
cib=$(mktemp -d)/cib.xml
cibadmin --empty >"$cib"
CIB_file=$cib crm_attribute --type crm_config --name dc-deadtime --update "$1"
install -o hacluster -g haclient -m 0600 "$cib" /var/lib/pacemaker/cib/cib.xml
rm -rf "${cib%/*}"
