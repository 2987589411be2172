#!/bin/sh
# Whether a resource runs on a node. Arguments: resource, node.
crm_resource --resource "$1" --locate 2>/dev/null | grep -qE ": $2( |\$)"
