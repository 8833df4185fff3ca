# SPDX-License-Identifier: MIT
"""Documents through the command: in, found, answered from, taken in again, and safe when it is killed."""

import json
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import tempfile
import unittest

from loopback import COMMAND, SHARED, aikit

DOCUMENTS = {
    "wings.md": "# Wings\n\nA wing makes lift when air flows over it.\n\n## Flaps\n\nFlaps are lowered for landing, because they raise "
                "lift at low speed.\n",
    "engines.txt": "A turbofan engine moves most of its air around the core. The bypass ratio says how much.\n\n"
                   "The first turbofan flew in 1943.\n",
    "sub/radio.txt": "The transponder answers interrogations of the radar with a code of four digits.\n",
}


class Folder:
    """A folder of documents and a store, gone at the end."""

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self._folder.name)
        self.documents = self.path / "documents"
        for name, text in DOCUMENTS.items():
            file = self.documents / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        self.store = str(self.path / "store.db")
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def run(self, *arguments):
        outcome = aikit("--json", *arguments, store=self.store, env={"OPENAI_API_KEY": None})
        assert outcome.code == 0, outcome.err
        return outcome.last


class Knowledge(unittest.TestCase):
    def test_documents_are_found_in_every_mode_with_offsets_that_hold(self):
        with Folder() as folder:
            report = folder.run("ingest", "planes", folder.documents)
            self.assertEqual((report["added"], report["failed"]), (3, []))
            for mode in ("dense", "sparse", "hybrid"):
                hits = folder.run("search", "planes", "flaps for landing", "--mode", mode, "--top", "2")["hits"]
                self.assertTrue(hits[0]["uri"].endswith("wings.md"), mode)
                for hit in hits:
                    source = pathlib.Path(hit["uri"]).read_bytes()
                    self.assertEqual(source[hit["begin"]:hit["end"]].decode(), hit["text"])

    def test_answers_cite_what_supports_them_and_refuse_what_nothing_supports(self):
        with Folder() as folder:
            folder.run("ingest", "planes", folder.documents)
            answer = folder.run("ask", "planes", "When did the first turbofan fly?")
            self.assertTrue(answer["supported"])
            self.assertIn("1943", answer["answer"])
            cited = {source["number"]: source for source in answer["sources"] if source["cited"]}
            self.assertTrue(cited)
            for citation in answer["citations"]:
                mark = answer["answer"].encode()[citation["begin"]:citation["end"]].decode()
                self.assertIn(str(citation["source"]), mark)
                self.assertTrue(cited[citation["source"]]["uri"].endswith("engines.txt"))
            refused = folder.run("ask", "planes", "Who won the chess championship in Reykjavik?")
            self.assertFalse(refused["supported"])
            self.assertEqual((refused["answer"], refused["citations"]), ("The documents do not say.", []))

    def test_only_what_changed_is_taken_in_again(self):
        with Folder() as folder:
            folder.run("ingest", "planes", folder.documents)
            again = folder.run("ingest", "planes", folder.documents)
            self.assertEqual((again["added"], again["changed"], again["unchanged"], again["chunks"]), (0, 0, 3, 0))
            (folder.documents / "engines.txt").write_text("A ramjet has no moving parts.\n")
            third = folder.run("ingest", "planes", folder.documents)
            self.assertEqual((third["changed"], third["unchanged"]), (1, 2))
            self.assertIn("ramjet", folder.run("search", "planes", "ramjet moving parts", "--top", "1")["hits"][0]["text"])
            for hit in folder.run("search", "planes", "turbofan bypass 1943", "--mode", "sparse")["hits"]:
                self.assertNotIn("turbofan", hit["text"])

    def test_bad_files_are_listed_and_the_rest_goes_on(self):
        with Folder() as folder:
            (folder.documents / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4)
            (folder.documents / "broken.txt").write_bytes(b"caf\xe9 au lait")
            report = folder.run("ingest", "planes", folder.documents)
            self.assertEqual(report["added"], 3)
            self.assertEqual({pathlib.Path(bad["uri"]).name for bad in report["failed"]}, {"picture.png", "broken.txt"})
            self.assertTrue(all(bad["error"] for bad in report["failed"]))
            self.assertEqual(aikit("ingest", "planes", "/nonexistent", store=folder.store).code, 14)
            self.assertEqual(aikit("search", "nothing", "x", store=folder.store).code, 14)

    def test_a_line_of_a_json_lines_corpus_is_a_document(self):
        with Folder() as folder:
            corpus = folder.path / "corpus.jsonl"
            corpus.write_text("".join(json.dumps(line) + "\n" for line in (
                {"_id": "a7", "title": "Slipstream", "text": "the propeller slipstream raises the lift of the wing"},
                {"_id": "b9", "title": "Heat", "text": "heat conduction in composite slabs"},
                {"_id": "c0", "title": "", "text": ""})))
            self.assertEqual(folder.run("ingest", "papers", corpus)["added"], 3)
            hit = folder.run("search", "papers", "conduction of heat", "--top", "1")["hits"][0]
            self.assertTrue(hit["uri"].endswith("corpus.jsonl#b9"), hit["uri"])


@unittest.skipUnless((SHARED / "data" / "text" / "cranfield").is_dir(), "[skipped] ../shared/data is not here")
class Cranfield(unittest.TestCase):
    corpus = SHARED / "data" / "text" / "cranfield" / "corpus.jsonl"

    def test_the_collection_goes_in_and_its_judged_documents_are_found(self):
        with Folder() as folder:
            report = folder.run("ingest", "cranfield", self.corpus)
            self.assertEqual((report["added"], report["failed"]), (1400, []))
            found = folder.run("search", "cranfield", "what similarity laws must be obeyed when constructing aeroelastic models "
                               "of heated high speed aircraft .", "--top", "10")["hits"]
            judged = {"184", "29", "31", "12", "51", "102", "13", "14", "15", "57", "378", "859", "185", "30", "37", "52", "142",
                      "195", "875", "56", "66", "95", "462", "497", "858", "876", "879", "880", "486"}
            ids = [hit["uri"].rsplit("#", 1)[1] for hit in found]
            self.assertGreaterEqual(len(judged & set(ids)), 3, ids)

    def ingest_until(self, folder, documents):
        """Kills an ingest once its progress line has shown so many documents; gives the last number it showed."""
        try:
            ours, its = os.openpty()
        except OSError:
            self.skipTest("[skipped] there is no terminal to be had here, so no progress to see")
        running = subprocess.Popen([COMMAND, "--store", folder.store, "ingest", "cranfield", self.corpus], stdout=subprocess.DEVNULL,
                                   stderr=its, env={"PATH": os.environ["PATH"], "HOME": str(folder.path)})
        os.close(its)
        shown, text = 0, b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # how a terminal says that nobody is at its other end
                piece = b""
            if not piece:
                break
            text = text[-100:] + piece
            numbers = re.findall(rb"\] (\d+)/1400 ", text)
            shown = max([shown, *map(int, numbers)])
            if shown >= documents:
                running.kill()
        os.close(ours)
        running.wait()
        return shown

    def test_a_killed_ingest_loses_nothing_it_has_shown_and_can_be_finished(self):
        random_source = random.Random(11)
        with Folder() as folder:
            known = set()
            for documents in [1, *sorted(random_source.randrange(20, 1400) for _ in range(8)), 1399]:
                shown = self.ingest_until(folder, documents)
                self.assertGreaterEqual(shown, documents)
                # The file, read by somebody else: whole, and with every document that was shown.
                with sqlite3.connect(folder.store) as db:
                    self.assertEqual(db.execute("pragma integrity_check").fetchone(), ("ok",))
                    completed = {uri for uri, in db.execute("select uri from document where status = 'completed'")}
                    searchable = {uri for uri, in db.execute("select distinct json_extract(metadata, '$.uri') from item")}
                    empty = {uri for uri, in db.execute("select uri from document where status = 'completed' and chunks = 0")}
                db.close()
                self.assertGreaterEqual(len(completed), shown)
                self.assertLessEqual(known, completed, "a document that was there before is gone")
                self.assertLessEqual(completed - empty, searchable)
                known = completed
                # And by the command: what is there is found, in every way.
                for mode in ("sparse", "dense", "hybrid"):
                    hits = folder.run("search", "cranfield", "hypersonic flow", "--mode", mode, "--top", "1000")["hits"]
                    self.assertTrue(hits or shown < 20, mode)
                    self.assertLessEqual({hit["uri"] for hit in hits}, searchable)
                    if mode == "dense":
                        self.assertGreaterEqual(len(hits), min(1000, len(completed - empty)))
            report = folder.run("ingest", "cranfield", self.corpus)
            self.assertEqual(report["added"] + report["changed"] + report["unchanged"], 1400)
            self.assertGreaterEqual(report["unchanged"], len(known))
            again = folder.run("ingest", "cranfield", self.corpus)
            self.assertEqual(again["unchanged"], 1400)


if __name__ == "__main__":
    unittest.main()
