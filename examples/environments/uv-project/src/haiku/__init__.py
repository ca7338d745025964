"""Is it a haiku?"""

import syllables


def check(lines):
    """The syllables of each line, and whether they are five, seven and five."""
    counts = [sum(map(syllables.count, line.split())) for line in lines]
    return {"counts": counts, "isHaiku": counts == [5, 7, 5]}
