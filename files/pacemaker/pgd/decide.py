"""Decisions of hactl-pgd, without effects: what is seen goes in, what is to be done comes out.

A member is *eligible* when it may be promoted without losing a commit that was acknowledged: the primary itself, and the one
standby that confirms every commit. Rules, in the words of a record that everybody reads before a promotion:

R1  who is promoted is at first the only one that is eligible: nothing is acknowledged before that is written;
R2  a standby stops being eligible first, and then commits stop waiting for it; one that is added first has everything, and
    then becomes eligible;
R3  without a quorum nothing is taken away: commits go on waiting.
"""

NEVER = "-INFINITY"
OWN_SCORE = "1000"
SYNC_SCORE = "500"
ASYNC_SCORE = "100"

OK, NOT_RUNNING, PROMOTED, ERROR = 0, 7, 8, 1


def monitor_code(server, grace, now):
    """Exit code of a monitor (OCF): `server` is 'primary', 'standby' or None; `grace` (code, until) holds for an absence."""
    if server == "primary":
        return PROMOTED
    if server == "standby":
        return OK
    code, until = grace
    return code if now < until else NOT_RUNNING


def pick(streaming, order, prefer=None):
    """The standby that shall confirm commits: the one that was asked for, else the first in the order of the cluster."""
    if prefer in streaming:
        return prefer
    ranked = [name for name in order if name in streaming]
    return ranked[0] if ranked else None


def sync_names(seen):
    """The standby that commits shall wait for, or None: they wait for nobody.

    seen: mode 'sync' or 'async'; current: the name in force or None; streaming: names; order: all other members; quorate;
    prefer: a standby that an operator wants to promote, or None.
    """
    if seen["mode"] == "async":
        return None
    current, streaming = seen["current"], seen["streaming"]
    if current in streaming and seen["prefer"] not in streaming:
        return current
    better = pick(streaming, seen["order"], seen["prefer"])
    if better is not None:
        return better
    # Who confirmed commits is away. It may be a primary by now where this side has no quorum.
    return None if seen["quorate"] else current


def eligible(seen):
    """Others that may be promoted now: `caught_up` are those that have everything since commits wait for them."""
    if seen["mode"] == "async":
        return set(seen["streaming"])
    names = {seen["current"]} & set(seen["streaming"]) & set(seen["caught_up"])
    return names if sync_names(seen) in names else set()


def labels(seen, name):
    """What the cluster is told of another member: promotion score, state, state of its data."""
    if name in eligible(seen):
        if seen["mode"] == "async":
            return (ASYNC_SCORE, "HS:async", "STREAMING|ASYNC")
        return (SYNC_SCORE, "HS:sync", "STREAMING|SYNC")
    if name not in seen["streaming"]:
        return (NEVER, "HS:alone", "DISCONNECT")
    is_spare = seen["mode"] == "sync" and seen["current"] not in (None, name)
    kind = "potential" if is_spare else "async"
    return (NEVER, "HS:" + kind, "STREAMING|" + kind.upper())


def publications(seen, told):
    """What a primary has to tell the cluster, in two steps: (first, then), each {member: labels}.

    `first` takes eligibility away, and must be done before commits wait for somebody else. `told`: what was told last, or
    nothing of a member of which that is not known.
    """
    wanted = {name: labels(seen, name) for name in seen["order"]}
    wanted[seen["own"]] = (OWN_SCORE, "PRI", "LATEST")
    changed = {name: words for name, words in wanted.items() if told.get(name) != words}
    first = {
        name: words
        for name, words in changed.items()
        if name == seen["own"] or words[0] == NEVER and told.get(name, (None,))[0] != NEVER
    }
    return first, {name: words for name, words in changed.items() if name not in first}


def on_death(seen):
    """A server has ended that nobody has stopped: 'fail-over', 'restart' in place, or 'give-up' (Pacemaker decides).

    seen: role, can_promote (another member is eligible), crashes (of late), limit, maintenance.
    """
    if seen["maintenance"]:
        return "wait"
    if seen["role"] == "primary":
        # Nobody else has every commit: its own data is the only one to go on with, however often it crashes.
        return "fail-over" if seen["can_promote"] else "restart"
    return "restart" if seen["crashes"] < seen["limit"] else "give-up"


def own_score(seen):
    """The score that a standby gives itself while nobody is primary, after a restart of everything or a failure; None: none.

    seen: score (in the cluster, or None), data (its state of data in the CIB), alone_for (seconds without a primary), grace.
    """
    score, data, waited = seen["score"], seen["data"], seen["alone_for"] >= seen["grace"]
    if data == "LATEST":
        # The last primary: whoever was promoted after it has taken that word away first. A score that it took from itself, when it
        # failed, was for a standby that has not come.
        return OWN_SCORE if score is None or score == NEVER and waited else None
    if score is None:
        # The last primary comes first: it has what was never confirmed, too.
        if data == "STREAMING|SYNC":
            return SYNC_SCORE if waited else None
        return NEVER if data is not None else None
    # Somebody has been promoted meanwhile, and a score of before is left.
    return NEVER if data == "DISCONNECT" and score != NEVER else None


def must_step_down(seen):
    """Why a primary must end at once, or None. Looked at twice: a membership that is just changing has one member for a moment.

    seen: quorate (True, False, None: not known), lost_for (seconds without a quorum), stops (no-quorum-policy is stop), newer
    (another primary has a newer timeline). Whoever asks looks for an operator at work before it acts.
    """
    if seen["newer"]:
        return "another primary has a newer timeline"
    if seen["quorate"] is False and seen["stops"] and seen["lost_for"] >= 1:
        return "without a quorum"
    return None
