# SPDX-License-Identifier: MIT
"""What the replays before it came to: every recording is passed, or named with the reason in golden/unplayed.json.

Reads what the other tests of the label wrote, prints counts by provider, surface and kind to the file that
AIKIT_RECORDINGS_TABLE names, and checks the counts of the golden tables where the recordings are those that they were
counted with.
"""

import collections
import hashlib
import json
import os
import pathlib
import re
import unittest

from loopback import SHARED
from replay import golden, recordings

REPORTS = pathlib.Path(os.environ.get("AIKIT_RECORDINGS_REPORT", "build/release/recordings"))
TABLE = pathlib.Path(os.environ.get("AIKIT_RECORDINGS_TABLE", "build/release/recordings.txt"))
# Of what the interface offers; others (speech, completions without messages, caches kept by hand) are nobody's claim.
OUTSIDE = {"audio", "completions", "completions_stream", "generate", "generate_stream", "cache_admin"}


def reason(recording):
    """Why it is not replayed, and the rule that says so."""
    for name, rule in golden("unplayed.json").items():
        if re.search(rule["recordings"], "%s %s %s %s" % (recording.name, recording.surface, recording.kind, recording.route)):
            return name, rule["why"]
    return None, None


class Replayed(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        if not (SHARED / "recordings").is_dir():
            print("[skipped] ../shared/recordings is not here")
            raise unittest.SkipTest("../shared/recordings is not here")
        cls.passed, cls.counted = {}, {"passthrough": collections.defaultdict(collections.Counter),
                                       "canonical": collections.defaultdict(collections.Counter)}
        for file in sorted(REPORTS.glob("*.json")):
            report = json.loads(file.read_text())
            cls.passed.update(report["passed"])
            for table, by_dialect in cls.counted.items():
                by_dialect[report["dialect"]].update(report[table])
        cls.all = list(recordings())
        index = hashlib.sha256((SHARED / "recordings" / "index.json").read_bytes()).hexdigest()
        cls.counted_with_these = golden("canonical.json")["index"] == index

    def test_every_recording_is_passed_or_named_with_the_reason(self):
        lines, missing, used = [], [], set()
        groups = collections.defaultdict(collections.Counter)
        for recording in self.all:
            rule, why = reason(recording)
            if recording.name in self.passed:
                groups[recording.provider, recording.surface][recording.kind] += 1
                self.assertIsNone(rule, recording.name + " is replayed, and golden/unplayed.json says it is not")
                continue
            used.add(rule)
            missing.append((recording, why or "NO REASON"))
        for (provider, surface), kinds in sorted(groups.items()):
            told = ", ".join("%s %d" % pair for pair in sorted(kinds.items()))
            lines.append("%s, %s: %d passed (%s)" % (provider, surface, sum(kinds.values()), told))
        for provider in sorted({one.provider for one in self.all}):
            there = [one for one in self.all if one.provider == provider]
            lines.append("%s: %d of %d passed" % (provider, sum(one.name in self.passed for one in there), len(there)))
        blind = sum("not known" in label for label in self.passed.values())
        lines.append("%d of %d recordings passed, of %d of them the request is not known" % (len(self.passed), len(self.all), blind))
        owed = [one for one, _ in missing if one.kind not in OUTSIDE]
        claimed = [one for one in self.all if one.kind not in OUTSIDE]
        lines.append("not replayed: %d, of which %d (%.1f %%) of a kind that is offered" % (
            len(missing), len(owed), 100.0 * len(owed) / max(1, len(claimed))))
        lines += ["not replayed: %s: %s" % (one.name, why) for one, why in missing]
        TABLE.write_text("\n".join(lines) + "\n")
        self.assertEqual([one.name for one, why in missing if why == "NO REASON"], [])
        if self.counted_with_these:
            self.assertEqual(set(golden("unplayed.json")) - used, set(), "say nothing of any recording")

    def test_what_goes_around_and_what_is_rewritten_is_as_often_as_the_tables_say(self):
        for table, by_dialect in self.counted.items():
            for dialect, rules in golden(table + ".json").items():
                if dialect == "index":
                    continue
                for name, rule in rules.items():
                    with self.subTest(table=table, dialect=dialect, name=name):
                        self.assertGreater(len(rule["why"]), 10)
                        if self.counted_with_these:
                            self.assertEqual(by_dialect[dialect][name], rule["recordings"])


if __name__ == "__main__":
    unittest.main()
