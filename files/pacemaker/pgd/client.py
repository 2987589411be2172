"""Asks hactl-pgd for an operation. Arguments: seconds to wait, operation, more words. Prints what it says, ends with its code.

124: no answer in time; 125: the service does not answer at all.
"""
import os
import socket
import sys


def main(timeout, *words):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(5)
        sock.connect(os.environ.get("HACTL_PGD_RUN", "/run/hactl/pgd") + "/socket")
        sock.settimeout(float(timeout))
        sock.sendall((" ".join(words) + "\n").encode())
        said = b""
        while not said.endswith(b"\n"):
            more = sock.recv(4096)
            if not more:
                return 125
            said += more
    except socket.timeout:
        return 124
    except OSError:
        return 125
    code, _, text = said.decode().strip().partition(" ")
    if text:
        print(text)
    return int(code)


sys.exit(main(*sys.argv[1:]))
