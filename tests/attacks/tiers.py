"""Print the safe tiers that work here, and say of the others why they do not."""

import sys

from autograder.sandbox.isolation import survey

if __name__ == "__main__":
    safe = [tier for tier in survey() if tier.name != "process"]
    for tier in safe:
        if not tier.works:
            print(f"Not attacked: {tier.name}: {tier.reason} {tier.fix}", file=sys.stderr)
    working = [tier.name for tier in safe if tier.works]
    if not working:
        sys.exit("Nothing was attacked: no safe isolation works here.")
    print(*working)
