#!/bin/sh
# Whether the agent lets a node be promoted. Arguments: resource, node.
test "$(crm_attribute --promotion "$1" --node "$2" --query --quiet 2>/dev/null)" -gt 0
