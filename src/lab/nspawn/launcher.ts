/**
 * Starts a node and starts it again when it reboots. Runs in the lab's network namespace, with the node's
 * control groups in CGROUPS and nspawn's arguments as its own.
 *
 * A shell writes only itself ($BASHPID) into a control group, before it becomes what belongs there.
 * nspawn leaves with 133 when the node reboots; its cables are then new ones and need the switch again.
 */
export const LAUNCHER = `
for group in $CGROUPS; do echo $BASHPID >"$group/launcher/cgroup.procs" || exit 90; done
once() {
  for group in $CGROUPS; do find "$group/node" -mindepth 1 -depth -type d -exec rmdir {} + ; done 2>/dev/null
  (
    for group in $CGROUPS; do echo $BASHPID >"$group/node/cgroup.procs" || exit 90; done
    exec systemd-nspawn "$@"
  ) &
  child=$!
  for link in 0 1; do
    until ip link set "$NODE.$link" master "br$link" up 2>/dev/null; do
      kill -0 $child 2>/dev/null || break
      sleep 0.02
    done
  done
  wait $child
}
while :; do
  once "$@"
  code=$?
  [ $code = 133 ] || exit $code
done
`
