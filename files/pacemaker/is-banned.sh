#!/bin/sh
# Whether the agent has banned a resource from a node. Arguments: resource, node.
cibadmin --query --scope constraints | grep -q "id=\"cli-ban-$1-on-$2\""
