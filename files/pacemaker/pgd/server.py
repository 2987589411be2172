"""The PostgreSQL server of this member: its files, its processes, its start and its end."""
import os
import pwd
import signal
import subprocess
import time

import pg
from cluster import ENV, run

STATUS = """select case when pg_is_in_recovery() then 'standby' else 'primary' end,
current_setting('synchronous_standby_names'),
case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_flush_lsn() end,
(select count(*) from pg_stat_wal_receiver where status = 'streaming')"""
SENDERS = "select application_name, state, sync_state, flush_lsn from pg_stat_replication"


def older(sql, version):
    """The same question for PostgreSQL 9.6, which has other names."""
    if version >= 10:
        return sql
    for new, old in (("wal_", "xlog_"), ("_walfile", "_xlogfile"), ("flush_lsn", "flush_location"), ("_lsn()", "_location()")):
        sql = sql.replace(new, old)
    return sql.replace("pg_stat_xlog_", "pg_stat_wal_")


INCLUDE = "include_if_exists '%s' # by hactl-pgd"


class Server:
    """What is known of the server; `look` renews it without a program."""

    def __init__(self, config):
        self.config = config
        owner = pwd.getpwnam("postgres")
        self.account = (owner.pw_uid, owner.pw_gid)
        self.connection = None
        self.pid = None
        self.pidfd = None
        self.settings = os.path.join(config["state_dir"], "pgd.conf")

    # --- processes ---

    def look(self):
        """The postmaster's pid, or None; a new one is adopted. True as second value: one that was known has ended."""
        pid = self._pid()
        ended = self.pid is not None and pid != self.pid
        if pid != self.pid:
            self._adopt(pid)
        return pid, ended

    def _pid(self):
        try:
            with open(os.path.join(self.config["data_dir"], "postmaster.pid")) as file:
                pid = int(file.readline())
            with open("/proc/%d/comm" % pid) as file:
                is_server = file.read().strip() in ("postgres", "postmaster")
            # A process that has ended and is not reaped yet has its name still.
            return pid if is_server and self.state(pid) not in ("Z", "X") else None
        except (OSError, ValueError):
            return None

    @staticmethod
    def state(pid):
        """State of a process as ps shows it (proc(5)); '' when it is gone."""
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return ""

    def _adopt(self, pid):
        if self.pidfd is not None:
            os.close(self.pidfd)
        self.pid, self.pidfd = pid, None
        self.disconnect()
        if pid is not None and hasattr(os, "pidfd_open"):
            try:
                self.pidfd = os.pidfd_open(pid)
            except OSError:
                pass

    def processes(self):
        """All processes of a server on this data directory, also those whose postmaster has ended."""
        found, data = [], os.path.realpath(self.config["data_dir"])
        for each in os.listdir("/proc"):
            try:
                if each.isdigit() and os.readlink("/proc/%s/cwd" % each) == data:
                    with open("/proc/%s/comm" % each) as file:
                        if file.read().startswith("post"):
                            found.append(int(each))
            except OSError:
                pass
        return found

    def kill_all(self, pid=None):
        """Ends a server and all its processes. They are first looked for: nothing is left that writes."""
        for each in ([pid] if pid is not None else []) + self.processes():
            _signal(each, signal.SIGKILL)

    def clear(self, seconds=10):
        """Ends what a postmaster that was killed has left: a new one does not start beside it."""
        deadline = time.monotonic() + seconds
        while self.processes() and time.monotonic() < deadline:
            self.kill_all()
            time.sleep(0.02)
        # PostgreSQL takes a postmaster for alive that has ended and that nobody has reaped.
        if not self.processes() and self._pid() is None:
            lock = os.path.join(self.config["socket_dir"], ".s.PGSQL.%s.lock" % self.config["port"])
            for path in (os.path.join(self.config["data_dir"], "postmaster.pid"), lock):
                self._unlink_dead(path)

    def _unlink_dead(self, path):
        """Removes a lock file whose process is a zombie."""
        try:
            with open(path) as file:
                pid = int(file.readline())
            if self.state(pid) == "Z":
                os.unlink(path)
        except (OSError, ValueError):
            pass

    def shut_down(self, pid, how, escalate):
        """Ends the server: `fast`, after `escalate` seconds `immediate`, eight later by force. True: it was clean."""
        if self.state(pid) == "T":
            self.kill_all(pid)
        _signal(pid, signal.SIGINT if how == "fast" else signal.SIGQUIT)
        begun = time.monotonic()
        step = "fast" if how == "fast" else "immediate"
        while self._pid() == pid:
            waited = time.monotonic() - begun
            if step == "fast" and waited > escalate:
                step = "immediate"
                _signal(pid, signal.SIGQUIT)
            if step == "immediate" and waited > (escalate if how == "fast" else 0) + 8:
                step = "kill"
                self.kill_all(pid)
            time.sleep(0.01)
        return step == "fast"

    # --- SQL ---

    def disconnect(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def connect(self, timeout):
        path = os.path.join(self.config["socket_dir"], ".s.PGSQL.%s" % self.config["port"])
        return pg.Connection(path, self.account, timeout)

    def checkpoint(self, timeout=300):
        """Leaves a shutdown little to write. Over a connection of its own: looks go on meanwhile."""
        connection = self.connect(5)
        try:
            connection.sock.settimeout(timeout)
            connection.query("checkpoint")
        finally:
            connection.close()

    def query(self, sql, timeout=2.0):
        """Rows; raises OSError or Refused."""
        try:
            if self.connection is None:
                self.connection = self.connect(timeout)
            self.connection.sock.settimeout(timeout)
            return self.connection.query(older(sql, self.config["version"]))
        except (OSError, pg.Refused):
            self.disconnect()
            raise

    def status(self):
        """role, names in force, position, and of a primary its senders as {name: (state, sync, flush)}."""
        row = self.query(STATUS)[0]
        senders = {}
        if row[0] == "primary":
            for name, state, sync, flush in self.query(SENDERS):
                # The newest row of a name is the last one; a row without a position has not begun to stream.
                senders[name] = (state, sync, pg.lsn(flush) or 0)
        return {
            "role": row[0],
            "names": unquoted(row[1]),
            "lsn": pg.lsn(row[2]) or 0,
            "receives": row[3] != "0",
            "senders": senders,
        }

    # --- files ---

    def write_settings(self, names):
        """The settings that belong to this program. `names`: the standby that commits wait for, or None."""
        config = self.config
        hosts = [config["peers"][name] for name in config["order"] if name in config["peers"]]
        where = "host=%s port=%s passfile=%s target_session_attrs=read-write" % (
            ",".join(hosts),
            ",".join(str(config["port"]) for _ in hosts),
            config["passfile"],
        )
        if config["version"] < 10:
            # libpq of 9.6 takes one host, and looks for the password at its usual place.
            where = "host=%s port=%s" % (config["writer"], config["port"])
        words = (where, config["replication_user"], config["node"].lower(), config["conninfo_options"])
        conninfo = "%s user=%s application_name=%s %s" % words
        lines = ["# Written by hactl-pgd; changes are lost."]
        lines.append("synchronous_standby_names = '%s'" % ("" if names is None else '"%s"' % names))
        if config["version"] >= 12:
            lines.append("primary_conninfo = '%s'" % conninfo.replace("'", "''"))
            lines.append("recovery_target_timeline = 'latest'")
            if config.get("restore_command"):
                lines.append("restore_command = '%s'" % config["restore_command"].replace("'", "''"))
        self._write(self.settings, "\n".join(lines) + "\n")
        return conninfo

    def placeholder(self):
        """A name that makes commits wait; None in mode async."""
        order = self.config["order"]
        return order[0].lower() if self.config["mode"] == "sync" and order else None

    def names_written(self):
        """The standby that commits wait for, by the file."""
        try:
            with open(self.settings) as file:
                for line in file:
                    if line.startswith("synchronous_standby_names"):
                        return unquoted(line.partition("=")[2].strip().strip("'"))
        except OSError:
            pass
        return None

    def include_settings(self):
        """The user's postgresql.conf ends with a line that reads ours, the last to be read."""
        path = os.path.join(self.config["conf_dir"], "postgresql.conf")
        line = INCLUDE % self.settings
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        if line not in text.splitlines():
            # Of the packaged agent, which ran here before.
            kept = [each for each in text.splitlines() if "rep_mode.conf" not in each or not each.startswith("include")]
            self._write(path, "\n".join(kept + [line]) + "\n")

    def _write(self, path, text):
        """As the owner of the folder, so that a link which is put there leads nowhere that postgres may not write."""
        mode = 0o600
        try:
            mode = os.stat(path).st_mode & 0o777
        except OSError:
            pass
        made = path + ".pgd"
        with pg.acting_as(*self.account):
            if os.path.lexists(made):
                os.unlink(made)
            new = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
            with open(new, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(made, path)

    def reload(self):
        if self.pid is not None:
            _signal(self.pid, signal.SIGHUP)

    def may_write(self):
        """Whether the server may write its data: not so on a disk that the kernel has made read-only after an error."""
        data = self.config["data_dir"]
        try:
            with pg.acting_as(*self.account):
                return os.access(data, os.W_OK, effective_ids=True) and not os.statvfs(data).f_flag & os.ST_RDONLY
        except OSError:
            return False

    def is_standby_by_files(self):
        data = self.config["data_dir"]
        return any(os.path.lexists(os.path.join(data, name)) for name in ("standby.signal", "recovery.conf"))

    def spawn(self, as_standby):
        """Starts the server in a session of its own; returns at once."""
        config, data = self.config, self.config["data_dir"]
        self.clear()
        # A standby has a name there from its start on: commits are to wait at the moment of its promotion, and a setting that is only
        # reloaded then takes effect when the checkpointer comes round to it (SyncRepUpdateSyncStandbysDefined).
        conninfo = self.write_settings(self.placeholder() if as_standby else self.names_written())
        self.include_settings()
        for name in ("standby.signal", "recovery.conf", "recovery.signal"):
            path = os.path.join(data, name)
            if not as_standby and os.path.lexists(path):
                os.unlink(path)
        if as_standby and config["version"] >= 12:
            self._write(os.path.join(data, "standby.signal"), "")
        elif as_standby:
            lines = ["standby_mode = on", "primary_conninfo = '%s'" % conninfo.replace("'", "''")]
            lines.append("recovery_target_timeline = 'latest'")
            if config.get("restore_command"):
                lines.append("restore_command = '%s'" % config["restore_command"].replace("'", "''"))
            self._write(os.path.join(data, "recovery.conf"), "\n".join(lines) + "\n")
        argv = ["setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]
        argv += [config["bin_dir"] + "/pg_ctl", "start", "-W", "-s", "-D", data, "-l", config["log_file"]]
        argv += ["-o", "-c config_file=%s/postgresql.conf" % config["conf_dir"]]
        # The service is kept by the OOM killer to the last, and so is the postmaster; its children are not (PostgreSQL's manual,
        # 19.4.4).
        env = dict(ENV, PG_OOM_ADJUST_FILE="/proc/self/oom_score_adj", PG_OOM_ADJUST_VALUE="0")
        return subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd="/"
        ).returncode

    def promote(self):
        """Asks the server to end its recovery (what pg_ctl promote does)."""
        self._write(os.path.join(self.config["data_dir"], "promote"), "")
        _signal(self.pid, signal.SIGUSR1)

    def why(self):
        """The last thing the server said of why it ended."""
        code, said = run(["tail", "-n", "40", self.config["log_file"]])
        lines = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line]
        return lines[-1] if lines else "see " + self.config["log_file"]


def unquoted(names):
    """One name of synchronous_standby_names; '' is None."""
    return names.strip().strip('"') or None


def _signal(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass
