#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tests/unit/telemetry/formats_test.py - what the exporters write, read by others: Prometheus's own parsers, protobuf's
# reading of OTLP's JSON where opentelemetry-proto is installed, and a schema of it where it is not.
import base64
import bisect
import json
import os
import random
import subprocess
import sys
import unittest

try:
    import jsonschema
    from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
    from prometheus_client.parser import text_string_to_metric_families as read_text
except ImportError as missing:
    print(f"[skipped] {missing.name} is not installed (cmake/setup.sh test)")
    sys.exit(0)

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError:
    json_format = None

PROGRAM = os.environ["AIKIT_TELEMETRY_TEXTS"]
# https://github.com/open-telemetry/semantic-conventions-genai, gen-ai-metrics.md
SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]
WORDS = ["gpt-4o", "a\\b", 'say "hi"', "two\nlines", "\u20ac\u00fc\U0001f600", "{x=\"y\"}", "# HELP", " ", "NaN", "\\n", ","]
NAMES = {"gen_ai.client.operation.duration": "gen_ai_client_operation_duration_seconds",
         "gen_ai.client.token.usage": "gen_ai_client_token_usage"}


def run(what, lines=()):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    done = subprocess.run([PROGRAM, what], input=text.encode(), stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def told(seed):
    """Random values, and what they come to: counters {labels: sum}, histograms {(name, labels): [values]}."""
    random_ = random.Random(seed)
    lines, counters, histograms = [], {}, {}
    for _ in range(3000):
        labels = {key: random_.choice(WORDS) for key in random_.sample(["gen_ai.request.model", "error.type", "x"], 2)}
        shuffled = list(labels.items())
        random_.shuffle(shuffled)
        key = tuple(sorted((name.replace(".", "_"), value) for name, value in labels.items()))
        if random_.random() < 0.3:
            amount = random_.randrange(10**6)
            lines.append(["count", "aikit.cost", amount, dict(shuffled)])
            counters[key] = counters.get(key, 0) + amount
        else:
            name = random_.choice(sorted(NAMES))
            value = random_.choice([0, 1, 10_000, 10_001, 81_920_000, 10**9, random_.randrange(10**8)])
            lines.append(["record", name, value, dict(shuffled)])
            histograms.setdefault((name, key), []).append(value)
    return lines, counters, histograms


def buckets(name, values):
    """Cumulative counts, and the sum, in the unit."""
    steps = 10**6 if name.endswith("duration") else 1
    bounds = SECONDS if steps > 1 else TOKENS
    counts = [0] * (len(bounds) + 1)
    for value in values:
        counts[bisect.bisect_left([round(bound * steps) for bound in bounds], value)] += 1
    return bounds, counts, sum(values) / steps


class Prometheus(unittest.TestCase):
    def check(self, what, read):
        lines, counters, histograms = told(what)
        text = run(what, lines)
        samples = {}
        for family in read(text):
            for sample in family.samples:
                key = (sample.name, tuple(sorted(sample.labels.items())))
                self.assertNotIn(key, samples, "a sample comes twice")
                samples[key] = sample.value
            if family.name.endswith("_seconds"):
                self.assertEqual(family.type, "histogram")
        for labels, amount in counters.items():
            self.assertEqual(samples.pop(("aikit_cost_total", labels)), amount)
        for (name, labels), values in histograms.items():
            exposed = NAMES[name]
            bounds, counts, total = buckets(name, values)
            self.assertAlmostEqual(samples.pop((exposed + "_sum", labels)), total, places=6)
            self.assertEqual(samples.pop((exposed + "_count", labels)), len(values))
            rising = 0
            found = {float(dict(key[1])["le"]): value for key, value in samples.items()
                     if key[0] == exposed + "_bucket" and
                     tuple(pair for pair in key[1] if pair[0] != "le") == labels}
            self.assertEqual(len(found), len(counts))
            for bound, count in zip(bounds + [float("inf")], counts):
                rising += count
                self.assertEqual(found[bound], rising)
        left = {name for name, _ in samples if not name.endswith("_bucket")}
        self.assertEqual(left, {"aikit_telemetry_lost_total", "aikit_telemetry_overflows_total"})
        return text

    def test_prometheus_reads_every_sum_and_bucket(self):
        self.check("text", read_text)

    def test_openmetrics_readers_do_too(self):
        self.assertTrue(self.check("openmetrics", read_openmetrics).endswith("\n# EOF\n"))

    def test_names_and_labels_that_become_the_same_are_one(self):
        lines = [["count", "a.b", 1, {"x.y": "1", "x_y": "2"}], ["count", "a_b", 2, {"x.y": "1", "x_y": "2"}],
                 ["count", "a.b.total", 4, {}], ["record", "1st.duration", 1, {"le": "5", "__name__": "z", "": "e"}],
                 ["count", "a.b", 8, {"x": ""}], ["count", "\u20ac", 1, {"port": 443}]]
        for what, read in (("text", read_text), ("openmetrics", read_openmetrics)):
            samples = {(sample.name, tuple(sorted(sample.labels.items()))): sample.value
                       for family in read(run(what, lines)) for sample in family.samples}
            self.assertEqual(samples[("a_b_total", (("x_y", "1;2"),))], 3)
            self.assertEqual(samples[("a_b_total", ())], 12)
            self.assertEqual(samples[("__total", (("port", "443"),))], 1)
            self.assertEqual(samples[("_1st_duration_seconds_count", (("_", "e"), ("label___name__", "z"),
                                                                      ("label_le", "5")))], 1)


def hex_to_base64(message):
    """OTLP's JSON has hexadecimal ids where protobuf's has base64."""
    for resource in message.get("resourceSpans", []):
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for key in ("traceId", "spanId", "parentSpanId"):
                    if key in span:
                        span[key] = base64.b64encode(bytes.fromhex(span[key])).decode()
    return message


DIGITS = {"type": "string", "pattern": "^-?[0-9]+$"}
COUNT = {"type": "string", "pattern": "^[0-9]+$"}
VALUE = {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": False, "properties": {
    "stringValue": {"type": "string"}, "boolValue": {"type": "boolean"}, "intValue": DIGITS,
    "doubleValue": {"type": "number"}, "arrayValue": {"type": "object", "additionalProperties": False,
                                                      "properties": {"values": {"type": "array"}}}}}


def strict(properties, required=None):
    return {"type": "object", "additionalProperties": False, "properties": properties,
            "required": sorted(properties) if required is None else required}


def many(items):
    return {"type": "array", "items": items}


def hexadecimal(digits):
    return {"type": "string", "pattern": "^[0-9a-f]{%d}$" % digits}


ATTRIBUTES = many(strict({"key": {"type": "string", "minLength": 1}, "value": VALUE}))
EVENT = strict({"timeUnixNano": COUNT, "name": {"type": "string"}, "attributes": ATTRIBUTES})
SPAN = strict({"traceId": hexadecimal(32), "spanId": hexadecimal(16), "parentSpanId": hexadecimal(16), "flags":
               {"type": "integer"}, "name": {"type": "string"}, "kind": {"enum": [1, 3]}, "startTimeUnixNano": COUNT,
               "endTimeUnixNano": COUNT, "attributes": ATTRIBUTES, "events": many(EVENT),
               "status": strict({"code": {"enum": [1, 2]}, "message": {"type": "string"}}, [])},
              ["traceId", "spanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano"])
POINT = {"attributes": ATTRIBUTES, "startTimeUnixNano": COUNT, "timeUnixNano": COUNT}
SUM = strict({"dataPoints": many(strict({**POINT, "asInt": DIGITS})), "aggregationTemporality": {"const": 2},
              "isMonotonic": {"const": True}})
HISTOGRAM = strict({"aggregationTemporality": {"const": 2}, "dataPoints": many(strict(
    {**POINT, "count": COUNT, "sum": {"type": "number"}, "bucketCounts": many(COUNT),
     "explicitBounds": many({"type": "number"})}))})
METRIC = strict({"name": {"type": "string"}, "unit": {"type": "string"}, "description": {"type": "string"}, "sum": SUM,
                 "histogram": HISTOGRAM}, ["name", "unit"])
SCOPE = strict({"name": {"const": "aikit"}, "version": {"type": "string"}})


def request(kind, name, item):
    scopes = strict({"scope": SCOPE, name: many(item)})
    return strict({"resource" + kind: many(strict({"resource": strict({"attributes": ATTRIBUTES}),
                                                   "scope" + kind: many(scopes)}))})


class Otlp(unittest.TestCase):
    def test_spans_are_as_the_protocol_has_them(self):
        message = json.loads(run("traces"))
        jsonschema.Draft7Validator(request("Spans", "spans", SPAN)).validate(message)
        whole, bare = message["resourceSpans"][0]["scopeSpans"][0]["spans"]
        self.assertEqual(whole["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736")
        self.assertEqual(whole["parentSpanId"], "0102030405060708")
        self.assertEqual(whole["startTimeUnixNano"], "1700000000000001000")
        self.assertEqual(whole["status"], {"code": 2, "message": "no \ufffd such model"})
        self.assertEqual(whole["name"], 'chat "gpt"\n\u00fc')
        self.assertNotIn("parentSpanId", bare)

    def test_metrics_are_as_the_protocol_has_them(self):
        lines, counters, histograms = told("metrics")
        message = json.loads(run("metrics", lines))
        jsonschema.Draft7Validator(request("Metrics", "metrics", METRIC)).validate(message)
        metrics = {metric["name"]: metric for metric in message["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]}
        key = lambda point: tuple(sorted((field["key"].replace(".", "_"), field["value"]["stringValue"])
                                         for field in point["attributes"]))
        points = {key(point): int(point["asInt"]) for point in metrics["aikit.cost"]["sum"]["dataPoints"]}
        self.assertEqual(points, counters)
        self.assertEqual(metrics["gen_ai.client.operation.duration"]["unit"], "s")
        self.assertEqual(metrics["gen_ai.client.token.usage"]["unit"], "{token}")
        for name in NAMES:
            for point in metrics[name]["histogram"]["dataPoints"]:
                bounds, counts, total = buckets(name, histograms.pop((name, key(point))))
                self.assertEqual(point["explicitBounds"], bounds)
                self.assertEqual([int(count) for count in point["bucketCounts"]], counts)
                self.assertEqual(int(point["count"]), sum(counts))
                self.assertAlmostEqual(point["sum"], total, places=6)
        self.assertEqual(histograms, {})

    @unittest.skipIf(json_format is None, "opentelemetry-proto is not installed")
    def test_protobuf_reads_spans_and_metrics(self):
        spans = ExportTraceServiceRequest()
        json_format.ParseDict(hex_to_base64(json.loads(run("traces"))), spans, ignore_unknown_fields=False)
        whole = spans.resource_spans[0].scope_spans[0].spans[0]
        self.assertEqual(whole.trace_id.hex(), "4bf92f3577b34da6a3ce929d0e0e4736")
        self.assertEqual(whole.attributes[1].value.int_value, -9007199254740993)
        self.assertEqual([value.string_value for value in whole.attributes[4].value.array_value.values],
                         ["stop", "length"])
        self.assertEqual(whole.kind, whole.SPAN_KIND_CLIENT)
        self.assertEqual(whole.status.code, whole.status.STATUS_CODE_ERROR)
        metrics = ExportMetricsServiceRequest()
        lines, counters, _ = told("protobuf")
        json_format.ParseDict(json.loads(run("metrics", lines)), metrics, ignore_unknown_fields=False)
        found = {metric.name: metric for metric in metrics.resource_metrics[0].scope_metrics[0].metrics}
        self.assertEqual(sum(point.as_int for point in found["aikit.cost"].sum.data_points), sum(counters.values()))
        self.assertTrue(found["aikit.cost"].sum.is_monotonic)


if __name__ == "__main__":
    unittest.main()
