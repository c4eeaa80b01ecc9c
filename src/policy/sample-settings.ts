/** What `init` writes as `policy/settings.yaml`: every key, with what holds when it is left out. */
export function sampleSettings(organisation: string): string {
  return `# How much may happen, when, and with whose yes. Every key but version and organisation may be
# left out; shown is what holds then. A key that is not known is refused, and then nothing changes anything.
version: 1

# A short name; it is part of everything that is signed. It never changes.
organisation: ${organisation}

# readonly: looking only. guarded: up to T2. open: also T3, what cannot be undone.
mode: guarded

# The highest tier that sessions of a profile can ask for. A lease can have a lower one, not a higher.
ceilings: {}
#  observer: T2

# When standing approvals may do stateful work (T2). Without a window that fits, such work waits for a person.
# Which targets: environments, tags, targets; all that are given must fit; none given: all targets.
windows: []
#  - name: nightly
#    environments: [production]
#    weekly: { days: [mon, tue, wed, thu], from: "02:00", to: "04:00", zone: Europe/Berlin }

# When nothing is changed at all, whoever asks.
freezes: []
#  - name: year-end
#    tags: [shop]
#    once: { from: 2026-12-20T00:00:00+01:00, to: 2027-01-03T00:00:00+01:00 }

guards:
  # The same action on the same target waits this long after the one before.
  cooldownSeconds: 300
  # Attempts, one for each target.
  budget: { perScopeHour: 60, perScopeDay: 400, perCallerHour: 30, perCallerDay: 200 }
  # What runs, or has ended without anyone knowing how.
  concurrency: { perTarget: 1, perCaller: 4 }
  # So many failures on one target, or of one action in one scope: nothing of it for a while.
  breaker: { attempts: 5, withinSeconds: 600, openSeconds: 1800 }
  # The same action on the same target so often: not again before a person has cleared it.
  flap: { times: 3, withinSeconds: 7200 }
  # How much of a group may be acted on. However small the group, atLeast targets always may.
  # Never two members of a redundancy set at once, and never data together with its backup
  # (a target that keeps the backup of host:db-1 carries the tag backup-of:host:db-1).
  blastRadius:
    # The targets of one environment, of one owner, with one tag.
    groups: { hour: { percent: 25, atLeast: 3 }, day: { percent: 75, atLeast: 6 } }
    redundancySets: { hour: { percent: 50, atLeast: 1 }, day: { percent: 100, atLeast: 1 } }

# Whether the approver must be someone else than the person behind the request: never, always, several-operators
# (as soon as there is more than one). The last entry that fits counts; T3 is several-operators unless an entry says otherwise.
fourEyes: []
#  - { tier: T2, environments: [production], when: several-operators }

# A proposal that nobody decided lapses; so does an approval that was not used.
decideByHours: 24
runByMinutes: 15

# How long a change settles before it is verified; actions choose within these.
stabiliseSeconds: { least: 0, most: 600 }
`;
}
