"""PostgreSQL's wire protocol over the socket of this host, as far as a few questions need it (protocol 3.0, peer)."""
import contextlib
import ctypes
import os
import platform
import socket
import struct

# setresuid(2) and setresgid(2) of this thread alone: os.seteuid changes every thread, also one that starts a program.
SYSCALLS = {"x86_64": (117, 119), "aarch64": (147, 149), "ppc64le": (164, 169), "s390x": (208, 210)}


class Refused(Exception):
    """What the server answered with an error, in its words; `code` is the SQLSTATE."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


@contextlib.contextmanager
def acting_as(uid, gid):
    """This thread as another account, and root again afterwards."""
    numbers = SYSCALLS.get(platform.machine())

    def become(kind, number):
        if numbers is None:
            (os.seteuid, os.setegid)[kind](number)
        elif ctypes.CDLL(None, use_errno=True).syscall(numbers[kind], -1, number, -1) != 0:
            raise OSError(ctypes.get_errno(), "cannot become another account")

    become(1, gid)
    try:
        become(0, uid)
        try:
            yield
        finally:
            become(0, 0)
    finally:
        become(1, 0)


def _fields(body):
    found = {}
    for part in body.split(b"\0"):
        if part:
            found[part[:1].decode()] = part[1:].decode("utf-8", "replace")
    return found


class Connection:
    """A connection that is held. Every call ends within `timeout` seconds, by an answer or by OSError."""

    def __init__(self, path, account, timeout):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.buffer = b""
        self.sock.settimeout(timeout)
        try:
            with acting_as(*account):
                self.sock.connect(path)
            body = b"\0".join([b"user", b"postgres", b"database", b"postgres", b"application_name", b"hactl-pgd", b"", b""])
            self.sock.sendall(struct.pack("!ii", len(body) + 8, 196608) + body)
            self._until_ready()
        except BaseException:
            self.close()
            raise

    def _message(self):
        while len(self.buffer) < 5 or len(self.buffer) < 1 + struct.unpack("!i", self.buffer[1:5])[0]:
            more = self.sock.recv(65536)
            if not more:
                raise OSError("the server has closed the connection")
            self.buffer += more
        size = struct.unpack("!i", self.buffer[1:5])[0]
        kind, body, self.buffer = self.buffer[:1], self.buffer[5 : 1 + size], self.buffer[1 + size :]
        return kind, body

    def _until_ready(self):
        rows, error = [], None
        while True:
            kind, body = self._message()
            if kind == b"E":
                fields = _fields(body)
                error = Refused(fields.get("M", ""), fields.get("C", ""))
                # A start-up that is refused is followed by nothing.
                if fields.get("S") in ("FATAL", "PANIC"):
                    raise error
            elif kind == b"R" and struct.unpack("!i", body[:4])[0] != 0:
                raise Refused("pg_hba.conf lets postgres not in by peer", "28000")
            elif kind == b"D":
                rows.append(_row(body))
            elif kind == b"Z":
                if error is not None:
                    raise error
                return rows

    def query(self, sql):
        """Rows as lists of texts (None: null)."""
        body = sql.encode() + b"\0"
        self.sock.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self._until_ready()

    def close(self):
        self.sock.close()


def _row(body):
    count, at, row = struct.unpack("!h", body[:2])[0], 2, []
    for _ in range(count):
        size = struct.unpack("!i", body[at : at + 4])[0]
        at += 4
        row.append(None if size < 0 else body[at : at + size].decode())
        at += max(size, 0)
    return row


def lsn(text):
    """A position in WAL as a number; None stays None."""
    if text is None:
        return None
    high, low = text.split("/")
    return (int(high, 16) << 32) + int(low, 16)
