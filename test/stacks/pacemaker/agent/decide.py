"""Answers decisions of hactl-pgd: JSON lines [function, argument, …] in, JSON lines out."""
import json
import sys

sys.path.insert(0, sys.argv[1])
import decide


def plain(value):
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


for line in sys.stdin:
    name, *arguments = json.loads(line)
    for argument in arguments:
        if isinstance(argument, dict):
            for key in ("streaming", "caught_up"):
                if key in argument:
                    argument[key] = set(argument[key])
            for key, words in list(argument.items()):
                if isinstance(words, list) and key not in ("order", "streaming", "caught_up"):
                    argument[key] = tuple(words)
    print(json.dumps(plain(getattr(decide, name)(*arguments))))
