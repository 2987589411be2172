"""Pacemaker and Corosync as a member sees them."""
import ctypes
import os
import re
import subprocess

ENV = {"PATH": os.environ.get("HACTL_PGD_PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "LC_ALL": "C"}


def run(argv, timeout=5, **more):
    """Exit code and output of a program; 124 when it takes longer than `timeout` seconds."""
    try:
        ended = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, env=ENV, **more
        )
    except subprocess.TimeoutExpired:
        return 124, ""
    except OSError as error:
        return 127, str(error)
    return ended.returncode, ended.stdout.decode("utf-8", "replace").strip()


class Quorum:
    """Whether this side has the quorum, asked of Corosync over a connection that is held (quorum_getquorate(3))."""

    def __init__(self):
        self.handle = None
        try:
            self.lib = ctypes.CDLL("libquorum.so.5")
        except OSError:
            self.lib = None

    def quorate(self):
        """True or False; None: Corosync cannot be asked."""
        if self.lib is None:
            return self._by_tool()
        if self.handle is None:
            handle, kind = ctypes.c_uint64(), ctypes.c_uint32()
            if self.lib.quorum_initialize(ctypes.byref(handle), None, ctypes.byref(kind)) != 1:
                return None
            self.handle = handle
        answer = ctypes.c_int()
        if self.lib.quorum_getquorate(self.handle, ctypes.byref(answer)) != 1:
            self.lib.quorum_finalize(self.handle)
            self.handle = None
            return None
        return answer.value != 0

    @staticmethod
    def _by_tool():
        _, said = run(["corosync-quorumtool", "-s"], 3)
        for line in said.splitlines():
            if line.startswith("Quorate:"):
                return line.split()[-1] == "Yes"
        return None


def own_name():
    """This member's name in the cluster, or None while Pacemaker does not say."""
    code, said = run(["crm_node", "-n"])
    return said if code == 0 and said else None


def property_of(name):
    code, said = run(["crm_attribute", "--type", "crm_config", "--name", name, "--query", "--quiet"], 3)
    return said if code == 0 else None


def in_maintenance(node):
    """Whether an operator works here: then nothing is restarted or given up by itself. One that cannot be asked says no."""
    if property_of("maintenance-mode") == "true":
        return True
    for lifetime in ("reboot", "forever"):
        argv = ["crm_attribute", "--node", node, "--name", "maintenance", "--lifetime", lifetime, "--query", "--quiet"]
        if run(argv, 3)[1] in ("true", "on", "yes", "1"):
            return True
    return False


class Attributes:
    """Attributes of the resource in the cluster. Scores and states end with a node's membership; the state of data stays."""

    def __init__(self, resource):
        self.resource = resource

    def start(self, node, words, old):
        """Programs that tell the cluster of a member; only what differs from `old` (None: nothing is known)."""
        score, state, data = words
        was = old or (None, None, None)
        argv = []
        if score != was[0]:
            argv.append(["attrd_updater", "-n", "master-" + self.resource, "-N", node, "--update=" + score])
        if state != was[1]:
            argv.append(["attrd_updater", "-n", self.resource + "-status", "-N", node, "--update=" + state])
        if data != was[2]:
            name = self.resource + "-data-status"
            argv.append(["crm_attribute", "--node", node, "--name", name, "--lifetime", "forever", "--update=" + data])
        return [(node, each, _spawn(each)) for each in argv]

    def finish(self, started, timeout=10):
        """Waits for them all; the members of which everything was told."""
        failed = set()
        for node, argv, child in started:
            try:
                code = child.wait(timeout)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
                code = 124
            if code != 0:
                failed.add(node)
                print("%s ended with %s" % (" ".join(argv), code), flush=True)
        return {node for node, _, _ in started} - failed

    def tell(self, wanted, told):
        """Tells of all at once; {member: words} of those of which it was done."""
        started = []
        for node, words in wanted.items():
            started += self.start(node, words, told.get(node))
        done = self.finish(started)
        return {node: wanted[node] for node in done}

    def scores(self):
        """Promotion scores of all members, as the cluster has them."""
        _, said = run(["attrd_updater", "-n", "master-" + self.resource, "-Q", "-A"])
        return dict(re.findall(r'host="([^"]*)" value="([^"]*)"', said))

    def score(self, node, value):
        """Sets a promotion score; True when the cluster has taken it."""
        return run(["attrd_updater", "-n", "master-" + self.resource, "-N", node, "--update=" + value])[0] == 0

    def own(self, node):
        """(score, state of data) as the cluster has them; None where there is none."""
        code, said = run(["attrd_updater", "-n", "master-" + self.resource, "-N", node, "-Q"])
        score = said.rpartition('value="')[2].rstrip('"') if code == 0 and 'value="' in said else None
        name = self.resource + "-data-status"
        code, data = run(["crm_attribute", "--node", node, "--name", name, "--lifetime", "forever", "--query", "--quiet"])
        return score or None, data if code == 0 and data else None


def _spawn(argv):
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENV)


def boot_seconds():
    """Seconds since boot, a pause of the host included (CLOCK_BOOTTIME)."""
    import time

    return time.clock_gettime(time.CLOCK_BOOTTIME)


def peer_timelines(config, names):
    """Timelines of those members that are primaries, asked all at once over the network with the replication password."""
    sql = "select case when not pg_is_in_recovery() then left(pg_walfile_name(pg_current_wal_lsn()), 8) end"
    children = []
    for name in names:
        conninfo = "host=%s port=%s user=%s dbname=postgres connect_timeout=2 passfile=%s" % (
            config["peers"][name],
            config["port"],
            config["replication_user"],
            config["passfile"],
        )
        argv = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
        argv += ["timeout", "2", config["bin_dir"] + "/psql", "-XAtqw", conninfo, "-c", sql]
        children.append(
            subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV, cwd="/"
            )
        )
    found = []
    for child in children:
        said = child.communicate()[0].decode().strip()
        if said:
            found.append(int(said, 16))
    return found


def drop_address(address):
    """Takes a virtual address off this host, wherever it is."""
    _, said = run(["ip", "-o", "-4", "addr", "show", "to", address])
    for line in said.splitlines():
        words = line.split()
        run(["ip", "addr", "del", words[3], "dev", words[1]])


def real_time():
    """Runs before the load of the host, as Corosync does; programs that are started do not inherit it. Without the right: not."""
    try:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    except OSError:
        pass
