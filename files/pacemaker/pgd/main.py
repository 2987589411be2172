"""hactl-pgd: looks after the PostgreSQL server of this member, for the resource agent and beside it.

The resource agent asks for operations over a UNIX socket and reads monitors from a file; everything else is seen here, by
events and twice a second, and decided in decide.py. PostgreSQL is no child of this program and outlives it.
"""
import json
import os
import select
import socket
import sys
import threading
import time

# Isolated from what users and site-packages bring: python3 -I leaves out this folder, too.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import decide
import pg
from cluster import Attributes, Quorum, boot_seconds, drop_address, in_maintenance, peer_timelines, property_of, real_time
from server import Server

RUN = os.environ.get("HACTL_PGD_RUN", "/run/hactl/pgd")
TIMELINE = "select left(pg_walfile_name(pg_current_wal_lsn()), 8)"
TICK = 0.2
ASK_SECONDS = 0.5
# Longer silence of this program itself: the host, or this member, stood still.
GAP = 1.0
# So long after a name is in force here, the checkpointer has made all commits wait for it.
SETTLE = 1.0


# What Pacemaker has made of the resource here: 'started' or 'promoted'. Without it this program looks and touches nothing.
CHARGE = RUN + "/charge"


def charge():
    try:
        with open(CHARGE) as file:
            return file.read().strip() or "started"
    except FileNotFoundError:
        return None


def take_charge(role):
    with open(CHARGE, "w") as file:
        file.write(role)


def log(text):
    print(text, flush=True)


class Member:
    """What is known of this member. `lock`: one operation, or one look with consequences, at a time."""

    def __init__(self, config):
        self.config = config
        self.server = Server(config)
        self.attributes = Attributes(config["resource"])
        self.quorum = Quorum()
        self.lock = threading.RLock()
        self.role = None
        self.grace = (decide.NOT_RUNNING, 0)
        self.wants_standby = False
        self.told, self.told_at = {}, 0
        self.status = None
        self.names_at = None
        self.prefer = None
        self.crashes = []
        # Whoever was started anew does not know how long nobody has looked.
        self.last_gap = boot_seconds()
        self.quorate, self.lost_at, self.stops, self.policy_at = None, None, True, -1000.0
        self.alone_since = None
        self.asked_own = 0
        self.ask_until, self.asked_peers, self.senders, self.newer = 0, 0, None, False
        self.stopped_at, self.read_only_since = None, None
        self.hung_since = None
        self.next_status = 0

    # --- what the agent asks for ---

    def start(self):
        pid, _ = self.server.look()
        self.wants_standby = True
        if pid is None:
            reason = self.unfit()
            if reason is not None:
                return decide.ERROR, reason
            self.spawn(True)
        return self.await_answer(self.config["start_wait"])

    def unfit(self):
        data, state = self.config["data_dir"], self.config["state_dir"]
        if not os.path.exists(os.path.join(data, "PG_VERSION")):
            return "there is no data directory at %s" % data
        if os.path.lexists(os.path.join(state, "rewinding")):
            return "a rewind of %s was cut off; repair or rebuild the standby" % data
        return None

    def spawn(self, as_standby):
        self.role = None
        self.server.spawn(as_standby)
        deadline = time.monotonic() + 5
        while self.server.look()[0] is None and time.monotonic() < deadline:
            time.sleep(0.02)

    def await_answer(self, seconds):
        """Until the server answers a question, or has ended; one that is still in recovery then counts as running."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.server.look()[0] is None:
                return decide.ERROR, "PostgreSQL has ended: " + self.server.why()
            try:
                self.take(self.server.status())
                return decide.OK, self.role
            except (OSError, pg.Refused):
                time.sleep(0.05)
        self.role = "standby" if self.server.is_standby_by_files() else "primary"
        return decide.OK, "still in recovery"

    def promote(self):
        if self.server.look()[0] is None:
            return decide.ERROR, "PostgreSQL does not run"
        # Commits wait for somebody, from the start of a standby on, until the others are told that only this member may be promoted. One
        # that was started by others is told now.
        if self.server.names_written() != self.server.placeholder():
            self.server.write_settings(self.server.placeholder())
            self.server.reload()
        self.told, self.names_at, self.newer = {}, None, False
        deadline = time.monotonic() + self.config["promote_wait"]
        asked = False
        while time.monotonic() < deadline:
            try:
                self.take(self.server.status())
                if self.role == "primary":
                    log("promoted")
                    self.next_status = 0
                    return decide.OK, ""
                if not asked:
                    self.server.promote()
                    asked = True
            except (OSError, pg.Refused):
                if self.server.look()[0] is None:
                    return decide.ERROR, "PostgreSQL has ended: " + self.server.why()
            time.sleep(0.005)
        return decide.ERROR, "PostgreSQL has not become a primary"

    def end(self, back):
        """Ends the server; `back`: it comes back as a standby, beside whatever happens next."""
        pid, _ = self.server.look()
        self.wants_standby = back
        if pid is not None:
            # Without a quorum standbys cannot receive what a fast shutdown waits to send them.
            how = "immediate" if self.quorate is False else "fast"
            if self.server.shut_down(pid, how, self.config["stop_escalate"]):
                log("PostgreSQL was shut down")
            else:
                log("PostgreSQL was shut down, not cleanly")
        self.server.look()
        self.role, self.told, self.status = None, {}, None
        self.grace = (decide.OK, boot_seconds() + self.config["start_wait"]) if back else (decide.NOT_RUNNING, 0)
        if back:
            threading.Thread(target=self.return_as_standby, daemon=True).start()
        return decide.OK, ""

    def return_as_standby(self):
        # A demotion before a stop is followed by it at once.
        time.sleep(0.5)
        with self.lock:
            if self.wants_standby and self.server.look()[0] is None and self.unfit() is None:
                self.spawn(True)

    def restart(self):
        """In place and in its role, for settings that need it. Pacemaker sees nothing of it."""
        pid, _ = self.server.look()
        if pid is None:
            return decide.ERROR, "PostgreSQL does not run"
        is_standby = self.server.is_standby_by_files()
        self.grace = (decide.OK if is_standby else decide.PROMOTED, boot_seconds() + self.config["start_wait"])
        self.server.shut_down(pid, "fast", self.config["stop_escalate"])
        self.spawn(is_standby)
        return self.await_answer(self.config["start_wait"])

    def prefer_standby(self, name):
        """Makes a standby the one that confirms commits, if it streams. The caller asks until it may be promoted."""
        self.prefer = name
        self.next_status = 0
        words = self.told.get(name)
        if words is not None and words[0] != decide.NEVER:
            return decide.OK, "it may be promoted"
        return decide.ERROR, "it may not be promoted yet: " + (words[1] if words else "not seen")

    # --- what is seen ---

    def take(self, status):
        if status["role"] != self.role:
            log("PostgreSQL is a %s" % status["role"])
        self.role, self.status, self.hung_since = status["role"], status, None
        self.grace = (decide.NOT_RUNNING, 0)

    def tick(self):
        """A look at everything; False: an operation is at work."""
        now = boot_seconds()
        has_looked = self.lock.acquire(False)
        if has_looked:
            try:
                self.look(now)
            except Exception as error:
                # A disk that cannot be written, a program that is not there: told, and looked at again.
                log("%s: %s" % (type(error).__name__, error))
            finally:
                self.lock.release()
        self.write_state()
        return has_looked

    def feel(self):
        """Notices when this member, or all of the host, stood still. By itself: a look may wait for a program."""
        last = boot_seconds()
        while True:
            time.sleep(TICK)
            now = boot_seconds()
            if now - last > GAP:
                log("this member stood still for %.1f s" % (now - last))
                self.last_gap = now
                self.ask_until = now + 20
            last = now

    def look(self, now):
        pid, ended = self.server.look()
        role = charge()
        if ended and pid is None and role:
            self.on_death(now)
        if pid is None:
            return
        if self.role == "primary" and role:
            self.guard(now, pid)
        if now >= self.next_status:
            self.next_status = now + ASK_SECONDS
            try:
                self.take(self.server.status())
            except (OSError, pg.Refused) as error:
                self.no_answer(now, pid, error)
                return
            if self.role == "primary" and role == "promoted":
                self.look_after_standbys(now)
            elif self.role == "standby" and role:
                self.look_for_itself(now)

    def no_answer(self, now, pid, error):
        if isinstance(error, pg.Refused) and error.code in ("57P03", "57P02", "57P01"):
            return
        self.hung_since = self.hung_since or now
        if charge() is None:
            return
        if now - self.hung_since > self.config["hang"] and self.role is not None:
            log("PostgreSQL has not answered for %d s (%s): it is ended" % (now - self.hung_since, error))
            self.server.kill_all(pid)

    def guard(self, now, pid):
        """What a primary must not survive."""
        if self.server.state(pid) == "T":
            self.stopped_at = self.stopped_at or now
            if now - self.stopped_at >= 1:
                log("PostgreSQL was stopped by a signal: its processes are killed")
                self.server.kill_all(pid)
        else:
            self.stopped_at = None
        self.guard_data(now, pid)
        self.quorate = self.quorum.quorate()
        if self.quorate is False:
            self.lost_at = self.lost_at or now
            if now - self.policy_at > 30:
                self.policy_at = now
                self.stops = property_of("no-quorum-policy") in (None, "stop")
        else:
            self.lost_at = None
        self.look_for_newer(now)
        seen = {
            "quorate": self.quorate,
            "lost_for": now - self.lost_at if self.lost_at else 0,
            "stops": self.stops,
            "newer": self.newer,
        }
        reason = decide.must_step_down(seen)
        if reason is not None and not in_maintenance(self.config["node"]):
            self.step_down(pid, reason)

    def guard_data(self, now, pid):
        """A server that cannot write its data serves what it has in memory, and nobody could be promoted."""
        if self.server.may_write():
            self.read_only_since = None
            return
        self.read_only_since = self.read_only_since or now
        if now - self.read_only_since >= 2 and self.others_eligible():
            log("the data cannot be written: PostgreSQL is ended")
            self.server.kill_all(pid)

    def others_eligible(self):
        """Members that may be promoted in place of this one, as the cluster was told."""
        return [name for name, words in self.told.items() if name != self.config["node"] and words[0] != decide.NEVER]

    def look_for_newer(self, now):
        """A primary that stood still while another was promoted does not know of it. Who was promoted has left its walsender."""
        senders = frozenset(self.status["senders"]) if self.status else frozenset()
        if senders != self.senders:
            self.senders = senders
            self.ask_until = max(self.ask_until, now + 10)
        is_whole = len(senders) >= len(self.config["order"])
        pause = 0.5 if now < self.ask_until else 5
        if (now < self.ask_until or not is_whole) and now - self.asked_peers > pause:
            self.asked_peers = now
            threading.Thread(target=self.ask_peers, daemon=True).start()

    def ask_peers(self):
        found = peer_timelines(self.config, self.config["order"])
        with self.lock:
            if not found or self.role != "primary":
                return
            try:
                own = self.server.query(TIMELINE)[0][0]
            except (OSError, pg.Refused):
                return
            self.newer = max(found) > int(own, 16)

    def step_down(self, pid, reason):
        log("%s: PostgreSQL is shut down immediately, and the writer address goes" % reason)
        self.wants_standby = False
        threading.Thread(target=self.attributes.score, args=(self.config["node"], decide.NEVER), daemon=True).start()
        self.server.shut_down(pid, "immediate", 0)
        drop_address(self.config["writer"])
        self.server.look()
        self.role, self.told, self.status, self.newer = None, {}, None, False
        self.grace = (decide.NOT_RUNNING, 0)

    def on_death(self, now):
        role, self.role, self.status = self.role, None, None
        if role is None and self.grace[0] == decide.OK and now < self.grace[1]:
            # It was on its way back, and has not said so yet.
            role = "standby"
        if role is None:
            # It has not come up: the agent is to be told, and Pacemaker starts it again with the reason on record.
            self.grace = (decide.NOT_RUNNING, 0)
            return
        self.crashes = [each for each in self.crashes if now - each < 600] + [now]
        others = self.others_eligible()
        seen = {
            "role": role,
            "can_promote": bool(others),
            "crashes": len(self.crashes),
            "limit": self.config["crash_limit"],
            "maintenance": not others and in_maintenance(self.config["node"]),
        }
        decision = decide.on_death(seen)
        log("PostgreSQL has ended by itself as a %s, %d times of late: %s" % (role, len(self.crashes), decision))
        code = decide.PROMOTED if role == "primary" else decide.OK
        if decision == "fail-over":
            # The monitor goes on for a moment: a failure would be answered by a start in place.
            self.grace = (code, now + self.config["demote_wait"])
            self.told = {}
            self.attributes.score(self.config["node"], decide.NEVER)
        elif decision == "restart":
            self.grace = (code, now + self.config["start_wait"])
            self.spawn(role == "standby")

    # --- a primary ---

    def seen_of_standbys(self, now):
        config, status = self.config, self.status
        real = {name.lower(): name for name in config["order"]}
        streaming = {real[name]: flush for name, (state, _, flush) in status["senders"].items() if state == "streaming" and name in real}
        name = status["names"]
        current = name and real.get(name.lower(), name)
        if self.names_at is None or self.names_at[0] != current:
            self.names_at = (current, now, None)
        if self.names_at[2] is None and now - self.names_at[1] >= SETTLE and status["senders"].get(name, ("", ""))[1] == "sync":
            # Who has this position has everything that was acknowledged without it.
            self.names_at = (current, now, status["lsn"])
        hold = config["hold"]
        return {
            "own": config["node"],
            "mode": config["mode"],
            "order": config["order"],
            "current": current,
            "streaming": set(streaming),
            "caught_up": {name for name, flush in streaming.items() if self.names_at[2] is not None and flush >= self.names_at[2]},
            # After a pause of this member, what it knows of the quorum is as old as the pause.
            "quorate": self.quorate is True and now - self.last_gap > hold or not self.stops,
            "prefer": self.prefer,
        }

    def look_after_standbys(self, now):
        if now - self.told_at > 60:
            # A member whose Pacemaker was started anew has lost its score, and its state with it.
            scores = self.attributes.scores() if self.told_at else {}
            self.told_at = now
            self.told = {name: words for name, words in self.told.items() if scores.get(name) == words[0]}
        seen = self.seen_of_standbys(now)
        first, then = decide.publications(seen, self.told)
        if first:
            self.told.update(self.attributes.tell(first, self.told))
            if any(self.told.get(name) != words for name, words in first.items()):
                log("the cluster does not take what it is told: commits go on as they are")
                return
        names = decide.sync_names(seen)
        if names != seen["current"]:
            log("commits wait for %s" % (names or "nobody"))
            self.server.write_settings(names and names.lower())
            self.server.reload()
            self.names_at = None
            self.next_status = now + 0.05
        elif then:
            self.told.update(self.attributes.tell(then, self.told))

    # --- a standby ---

    def look_for_itself(self, now):
        self.told, self.prefer, self.quorate, self.lost_at = {}, None, None, None
        if self.status["receives"]:
            self.alone_since = None
            return
        self.alone_since = self.alone_since or now
        if now - self.asked_own < 2:
            return
        self.asked_own = now
        score, data = self.attributes.own(self.config["node"])
        seen = {"score": score, "data": data, "alone_for": now - self.alone_since, "grace": self.config["election_wait"]}
        own = decide.own_score(seen)
        if own is not None:
            log("nobody is primary, and the data here is %s: promotion score %s" % (data, own))
            self.attributes.score(self.config["node"], own)

    # --- the state for monitors ---

    def write_state(self):
        now, server = boot_seconds(), None
        if self.server.pid is not None:
            server = self.role
            if server is None and now >= self.grace[1]:
                server = "standby" if self.server.is_standby_by_files() else "primary"
        code = decide.monitor_code(server, self.grace, now)
        text = "%d %d %s\n" % (now, code, server or "none")
        made = "%s/state.%d" % (RUN, threading.get_ident())
        with open(made, "w") as file:
            file.write(text)
        os.rename(made, RUN + "/state")
        return code


def serve(member, sock):
    """One request: a line of words. Answers with a code and a text."""
    with sock:
        sock.settimeout(5)
        words = sock.makefile("r").readline().split()
        started = time.monotonic()
        try:
            # Without the lock: it may take minutes, and a primary is guarded meanwhile.
            if words == ["restart"]:
                member.server.checkpoint()
            with member.lock:
                code, text = answer(member, words)
        except Exception as error:
            code, text = decide.ERROR, "%s: %s" % (type(error).__name__, error)
        if words and words[0] not in ("monitor", "prefer", "pid"):
            log("%s: %d %s (%.2f s)" % (" ".join(words), code, text, time.monotonic() - started))
        member.write_state()
        try:
            sock.sendall(("%d %s" % (code, text)).strip().encode() + b"\n")
        except OSError:
            # Who asked has gone meanwhile.
            pass


def answer(member, words):
    operations = {
        "start": member.start,
        "promote": member.promote,
        "demote": lambda: member.end(True),
        "stop": lambda: member.end(False),
        "restart": member.restart,
        "monitor": lambda: (member.write_state(), ""),
        "pid": lambda: (decide.OK, str(os.getpid())),
    }
    if len(words) == 2 and words[0] == "prefer":
        return member.prefer_standby(words[1])
    if len(words) != 1 or words[0] not in operations:
        return decide.ERROR, "no such operation: " + " ".join(words)
    if words[0] in ("start", "promote", "demote"):
        take_charge("promoted" if words[0] == "promote" else "started")
    ended = operations[words[0]]()
    if words[0] == "stop" and os.path.lexists(CHARGE):
        os.unlink(CHARGE)
    return ended


def notify(text):
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.sendto(text.encode(), "\0" + path[1:] if path.startswith("@") else path)


def main(path):
    with open(path) as file:
        config = json.load(file)
    os.makedirs(RUN, exist_ok=True)
    real_time()
    member = Member(config)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.path.lexists(RUN + "/socket"):
        os.unlink(RUN + "/socket")
    listener.bind(RUN + "/socket")
    os.chmod(RUN + "/socket", 0o600)
    listener.listen(16)
    member.tick()
    threading.Thread(target=member.feel, daemon=True).start()
    notify("READY=1")
    while True:
        watched = [listener] + ([member.server.pidfd] if member.server.pidfd is not None else [])
        try:
            ready = select.select(watched, [], [], TICK)[0]
        except (OSError, ValueError):
            ready = []
        if listener in ready:
            threading.Thread(target=serve, args=(member, listener.accept()[0]), daemon=True).start()
        if not member.tick() and ready:
            # An operation is at work and sees the end of the server itself.
            time.sleep(0.02)
        notify("WATCHDOG=1")


main(sys.argv[1])
