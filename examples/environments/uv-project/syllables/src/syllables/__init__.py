"""Syllables of English words, as far as their spelling tells."""

import re


def count(word):
    """One for each group of vowels; an `e` at the end is silent, but for `le`."""
    letters = re.sub("[^a-z]", "", word.lower())
    spoken = re.sub("(?<=[^aeiouyl])e$", "", letters)
    return max(1, len(re.findall("[aeiouy]+", spoken)))
