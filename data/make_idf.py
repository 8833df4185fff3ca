#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts in how many texts each word occurs and writes data/idf.bin, the word weights of the built-in provider.

    apt-get update -o Dir::State::lists=lists -o Acquire::Languages=en
    /usr/lib/apt/apt-helper cat-file lists/*_bookworm_main_i18n_Translation-en* | data/make_idf.py data/idf.bin

The texts are the package descriptions of Debian 12 (main). A paragraph that several packages share counts once. Words
are those of aikit::text::words, stemmed by Snowball's English stemmer (libstemmer0d, loaded at run time).

The file, little-endian: the letters "aikitidf"; u32 version (1); u32 n; u8 weight of a word that is not in the table;
then n times u32, the words' hashes, ascending; then n times u8, their weights in the same order. A weight is
ln((texts + 1) / (texts with the word + 1)) in units of 1/20, rounded. A hash is the low half of the 64-bit FNV-1a of
the stem's UTF-8.
"""

import collections
import ctypes
import math
import re
import struct
import sys
import unicodedata

LEAST_TEXTS = 3  # rarer words weigh as much as unknown ones
UNITS = 20

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


class Stemmer:
    def __init__(self):
        self.library = ctypes.CDLL("libstemmer.so.0d")
        self.library.sb_stemmer_new.restype = ctypes.c_void_p
        self.library.sb_stemmer_stem.restype = ctypes.c_void_p
        self.library.sb_stemmer_stem.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        self.library.sb_stemmer_length.argtypes = [ctypes.c_void_p]
        self.handle = self.library.sb_stemmer_new(b"english", b"UTF_8")
        self.known = {}

    def stem(self, word):
        if word not in self.known:
            data = word.encode()
            found = self.library.sb_stemmer_stem(self.handle, data, len(data))
            self.known[word] = ctypes.string_at(found, self.library.sb_stemmer_length(self.handle))
        return self.known[word]


def descriptions(lines):
    """The descriptions of a Translation file, each as a list of paragraphs."""
    paragraphs, current = [], []
    for line in lines:
        if line.startswith("Package:"):
            if paragraphs:
                yield paragraphs
            paragraphs, current = [], []
        elif line.startswith("Description-en:"):
            current = [line.split(":", 1)[1].strip()]
            paragraphs = [current]
            current = []
        elif line.startswith(" ") and paragraphs:
            text = line.strip()
            if text == ".":
                current = []
            else:
                if not current:
                    paragraphs.append(current)
                current.append(text)
    if paragraphs:
        yield paragraphs


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def main():
    stemmer, seen = Stemmer(), set()
    texts, counts = 0, collections.Counter()
    for paragraphs in descriptions(sys.stdin):
        words = set()
        for lines in paragraphs:
            paragraph = " ".join(lines)
            if paragraph in seen:
                continue
            seen.add(paragraph)
            folded = unicodedata.normalize("NFKC", paragraph).casefold()
            words.update(stemmer.stem(re.sub("['\u2019]", "", word)) for word in WORD.findall(folded))
        if words:
            texts += 1
            counts.update(words)

    weight = lambda count: round(UNITS * math.log((texts + 1) / (count + 1)))
    table = {fnv1a(word) & 0xFFFFFFFF: weight(count) for word, count in counts.items() if count >= LEAST_TEXTS}
    hashes = sorted(table)
    with open(sys.argv[1], "wb") as out:
        out.write(b"aikitidf" + struct.pack("<IIB", 1, len(hashes), weight(LEAST_TEXTS - 1)))
        out.write(struct.pack(f"<{len(hashes)}I", *hashes))
        out.write(bytes(table[value] for value in hashes))
    print(f"{texts} texts, {len(counts)} words, {len(hashes)} kept, weight of the others {weight(LEAST_TEXTS - 1) / UNITS}")
    if len(sys.argv) > 2:
        for word in sys.argv[2:]:
            print(word, stemmer.stem(word).decode(), counts[stemmer.stem(word)], weight(counts[stemmer.stem(word)]) / UNITS)


if __name__ == "__main__":
    main()
