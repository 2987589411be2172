"""Puts the replication password of Patroni's configuration into its password file, as Patroni would write the line.

While a standby streams, Patroni leaves that file as it is: an old password would stay there until the connection
breaks. A member that never was a standby has no such file. Runs as the account that owns it. Argument: the file.
"""
import os
import re
import sys

import yaml


def main(path):
    if not os.path.exists(path):
        return
    with open("/etc/patroni/config.yml", encoding="utf-8") as config:
        auth = yaml.safe_load(config)["postgresql"]["authentication"]["replication"]
    password = re.sub(r"([:\\])", r"\\\1", auth["password"])
    with open(path, encoding="utf-8") as old:
        text = old.read()
    line = r"(?m)^((?:(?:[^:\\\n]|\\.)*:){4}).*$"
    new = re.sub(line, lambda found: found.group(1) + password, text)
    if new == text:
        return
    made = path + ".hactl"
    with open(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(new)
    os.replace(made, path)


main(sys.argv[1])
