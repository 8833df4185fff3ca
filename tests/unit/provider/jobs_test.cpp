// SPDX-License-Identifier: MIT
// Covers batches, files and trainings of all adapters: results that are cut, split or damaged, words for how jobs
// stand, handles that come back.
#include "core/json.hpp"

#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/model/fine_tune.hpp>
#include <aikit/provider/anthropic.hpp>
#include <aikit/provider/gemini.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/testing/fake_transport.hpp>
#include <aikit/testing/manual_clock.hpp>
#include <aikit/testing/run.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace aikit;
using testing::Ending;
using testing::FakeReply;

namespace {

struct Fake {
    std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
    std::shared_ptr<testing::FakeTransport> transport = std::make_shared<testing::FakeTransport>(clock);
    Runtime runtime;
    std::shared_ptr<AIProvider> provider;

    explicit Fake(std::string const& name) {
        RuntimeConfig threads;
        threads.io = 0;
        threads.clock = clock;
        runtime = Runtime::create(threads).value();
        if (name == "openai") {
            provider::OpenAiConfig config;
            config.api_key = Secret("k");
            provider = provider::make_openai(std::move(config), runtime, transport).value();
        } else if (name == "anthropic") {
            provider::AnthropicConfig config;
            config.api_key = Secret("k");
            provider = provider::make_anthropic(std::move(config), runtime, transport).value();
        } else {
            provider::GeminiConfig config;
            config.api_key = Secret("k");
            provider = provider::make_gemini(std::move(config), runtime, transport).value();
        }
    }
};

/// What the results of a batch came to: each as one line, and the error at the end.
struct Came {
    std::vector<std::string> lines;
    std::optional<Error> error;
};

Task<void> drain(AIProvider& provider, std::shared_ptr<Came> came) {
    Task<BatchResults> opening =
        provider.batch()->results(JobHandle(provider.name(), JobKind::batch, "b1"), CallOptions());
    Result<BatchResults> results = co_await std::move(opening);
    if (!results) {
        came->error = results.error();
        co_return ok();
    }
    while (true) {
        Task<std::optional<BatchResult>> pulling = results->next();
        Result<std::optional<BatchResult>> const one = co_await std::move(pulling);
        if (!one) came->error = one.error();
        if (!one || !*one) co_return ok();
        Result<ChatReply> const& reply = (*one)->reply;
        came->lines.push_back((*one)->custom_id + "=" +
                              (reply ? reply->text() : std::string(name(reply.error().code))));
    }
}

/// The address that results are read from, and what the batch itself says.
struct Dialect {
    std::string name;
    std::string job;
    std::string folder;  // the end of the results' address
    std::string lines;
    std::vector<std::string> said;
};

std::string openai_line(std::string const& id, std::string const& text) {
    return R"({"id":"r","custom_id":")" + id +
           R"(","response":{"status_code":200,"request_id":"q","body":{"id":"c","object":)"
           R"("chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":")" +
           text +
           R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}}},"error":null})";
}

std::string anthropic_line(std::string const& id, std::string const& text) {
    return R"({"custom_id":")" + id +
           R"(","result":{"type":"succeeded","message":{"id":"m","type":"message","role":"assistant",)"
           R"("model":"c","content":[{"type":"text","text":")" +
           text + R"("}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}}})";
}

std::string gemini_line(std::string const& id, std::string const& text) {
    return R"({"key":")" + id + R"(","response":{"candidates":[{"content":{"parts":[{"text":")" + text +
           R"("}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}})";
}

std::vector<Dialect> dialects() {
    Dialect openai;
    openai.name = "openai";
    openai.job = R"({"id":"b1","object":"batch","status":"completed","output_file_id":"out","created_at":5,)"
                 R"("request_counts":{"total":3,"completed":3,"failed":0}})";
    openai.folder = "/content";
    openai.lines =
        openai_line("b", "Zw\u00f6lf") + "\n" +
        R"({"custom_id":"c","response":{"status_code":429,"body":{"error":{"message":"Slow","code":"rate_limit_exceeded"}}}})" +
        "\r\n\n" + openai_line("a", "1") + "\n";
    openai.said = {"b=Zw\u00f6lf", "c=rate_limited", "a=1"};

    Dialect anthropic;
    anthropic.name = "anthropic";
    anthropic.job =
        R"({"id":"b1","type":"message_batch","processing_status":"ended","created_at":"2026-08-19T14:47:10Z",)"
        R"("request_counts":{"succeeded":2,"errored":1,"canceled":1,"expired":1},"results_url":"u"})";
    anthropic.folder = "/results";
    anthropic.lines =
        anthropic_line("b", "Zw\u00f6lf") + "\n" +
        R"({"custom_id":"c","result":{"type":"errored","error":{"type":"error","error":{"type":"overloaded_error","message":"x"}}}})" +
        "\n" + R"({"custom_id":"d","result":{"type":"canceled"}})" + "\n" +
        R"({"custom_id":"e","result":{"type":"expired"}})" + "\n" + anthropic_line("a", "1");
    anthropic.said = {"b=Zw\u00f6lf", "c=overloaded", "d=cancelled", "e=timeout", "a=1"};

    Dialect gemini;
    gemini.name = "gemini";
    gemini.job =
        R"({"name":"batches/b1","metadata":{"state":"BATCH_STATE_SUCCEEDED","createTime":"2026-08-19T14:34:12.2Z",)"
        R"("batchStats":{"requestCount":"3","successfulRequestCount":"3"}},"done":true,"response":{"responsesFile":"files/out"}})";
    gemini.folder = ":download?alt=media";
    gemini.lines = gemini_line("b", "Zw\u00f6lf") + "\n" + R"({"key":"c","error":{"code":8,"message":"x"}})" + "\n" +
                   gemini_line("a", "1") + "\n";
    gemini.said = {"b=Zw\u00f6lf", "", "a=1"};
    return {openai, anthropic, gemini};
}

Came results_of(Dialect const& dialect, std::string const& job, FakeReply const& lines) {
    Fake fake(dialect.name);
    fake.transport->serve([&](net::HttpRequest const& request) {
        return request.url.ends_with(dialect.folder) ? lines : FakeReply(200, job);
    });
    auto const came = std::make_shared<Came>();
    REQUIRE(testing::run(drain(*fake.provider, came)).has_value());
    return *came;
}

bool same(std::vector<std::string> const& came, std::vector<std::string> const& said) {
    if (came.size() != said.size()) return false;
    for (std::size_t i = 0; i < came.size(); ++i) {
        if (!said[i].empty() && came[i] != said[i]) return false;
    }
    return true;
}

/// Calls `visit` with each variant of a document in which one value is gone, null or of another kind.
void damage(json::value& whole, json::value& at, std::function<void(json::value const&)> const& visit) {
    auto const replace = [&](json::value& member) {
        json::value const kept = member;
        for (json::value const& other : {json::value(), json::value(true), json::value(-7), json::value("x"),
                                         json::value(json::array{1}), json::value(json::object{{"y", 2}})}) {
            member = other;
            visit(whole);
        }
        member = kept;
        damage(whole, member, visit);
    };
    if (at.is_array()) {
        for (std::size_t i = 0; i < at.get_array().size(); ++i) replace(at.get_array()[i]);
    }
    if (!at.is_object()) return;
    std::vector<std::string> keys;
    for (auto const& member : at.get_object()) keys.emplace_back(member.key());
    for (std::string const& key : keys) {
        replace(at.get_object()[key]);
        json::object const kept = at.get_object();
        at.get_object().erase(key);
        visit(whole);
        at = kept;
    }
}

void damage(std::string_view text, std::function<void(json::value const&)> const& visit) {
    json::value document = json::parse(text, "document").value();
    damage(document, document, visit);
}

}  // namespace

TEST_CASE("results come out the same in pieces of any size") {
    for (Dialect const& dialect : dialects()) {
        CAPTURE(dialect.name);
        for (std::size_t size = 1; size < 70; ++size) {
            CAPTURE(size);
            std::vector<std::string> pieces;
            for (std::size_t at = 0; at < dialect.lines.size(); at += size) {
                pieces.push_back(dialect.lines.substr(at, size));
            }
            Came const came = results_of(dialect, dialect.job, FakeReply(200, std::move(pieces)));
            CHECK(same(came.lines, dialect.said));
            CHECK_FALSE(came.error);
        }
    }
}

TEST_CASE("results that are cut anywhere, however they are cut, are never all") {
    int cuts = 0;
    for (Dialect const& dialect : dialects()) {
        CAPTURE(dialect.name);
        for (Ending const ending : {Ending::cut, Ending::reset, Ending::whole}) {
            for (std::size_t at = 0; at + 1 < dialect.lines.size(); ++at) {
                CAPTURE(at);
                FakeReply reply(200, ending == Ending::whole ? dialect.lines.substr(0, at) : dialect.lines);
                if (ending != Ending::whole) reply.deliver = at;
                reply.ending = ending;
                Came const came = results_of(dialect, dialect.job, reply);
                REQUIRE(came.error);
                CHECK((came.error->code == Errc::incomplete || came.error->code == Errc::connection ||
                       came.error->code == Errc::protocol));
                ++cuts;
            }
        }
    }
    MESSAGE("cuts: " << cuts);
}

TEST_CASE("a batch or a result in which anything is gone or of another kind gives results or an error") {
    int variants = 0;
    for (Dialect const& dialect : dialects()) {
        CAPTURE(dialect.name);
        damage(dialect.job, [&](json::value const& job) {
            results_of(dialect, json::serialize(job), FakeReply(200, dialect.lines));
            ++variants;
        });
        damage(dialect.lines.substr(0, dialect.lines.find('\n')), [&](json::value const& line) {
            Came const came = results_of(dialect, dialect.job, FakeReply(200, json::serialize(line) + "\n"));
            CHECK((came.error || came.lines.size() == 1));
            ++variants;
        });
    }
    MESSAGE("variants: " << variants);
}

TEST_CASE("every word for how a job stands is understood") {
    struct Row {
        char const* provider;
        char const* body;
        JobStatus status;
    };
    for (
        Row const& row : {
            Row{"openai", R"({"id":"b","status":"validating"})", JobStatus::waiting},
            Row{"openai", R"({"id":"b","status":"in_progress"})", JobStatus::running},
            Row{"openai", R"({"id":"b","status":"finalizing"})", JobStatus::running},
            Row{"openai", R"({"id":"b","status":"completed"})", JobStatus::succeeded},
            Row{"openai", R"({"id":"b","status":"failed"})", JobStatus::failed},
            Row{"openai", R"({"id":"b","status":"expired"})", JobStatus::expired},
            Row{"openai", R"({"id":"b","status":"cancelling"})", JobStatus::cancelling},
            Row{"openai", R"({"id":"b","status":"cancelled"})", JobStatus::cancelled},
            Row{"openai", R"({"id":"b","status":"on_holiday"})", JobStatus::unknown},
            Row{"openai", R"({"id":"b"})", JobStatus::unknown},
            Row{"anthropic", R"({"id":"b","processing_status":"in_progress"})", JobStatus::running},
            Row{"anthropic", R"({"id":"b","processing_status":"canceling"})", JobStatus::cancelling},
            Row{"anthropic", R"({"id":"b","processing_status":"ended","request_counts":{"succeeded":1}})",
                JobStatus::succeeded},
            Row{"anthropic", R"({"id":"b","processing_status":"ended","request_counts":{"expired":2}})",
                JobStatus::expired},
            Row{"anthropic",
                R"({"id":"b","processing_status":"ended","cancel_initiated_at":"2026-01-01T00:00:00Z","request_counts":{"canceled":2}})",
                JobStatus::cancelled},
            Row{"gemini", R"({"name":"batches/b","metadata":{"state":"BATCH_STATE_PENDING"}})", JobStatus::waiting},
            Row{"gemini", R"({"name":"batches/b","metadata":{"state":"JOB_STATE_RUNNING"}})", JobStatus::running},
            Row{"gemini", R"({"name":"batches/b","metadata":{"state":"BATCH_STATE_FAILED"}})", JobStatus::failed},
            Row{"gemini", R"({"name":"batches/b","metadata":{"state":"BATCH_STATE_CANCELLED"}})", JobStatus::cancelled},
            Row{"gemini", R"({"name":"batches/b","metadata":{"state":"BATCH_STATE_EXPIRED"}})", JobStatus::expired},
            Row{"gemini", R"({"name":"batches/b","done":true,"error":{"code":3,"message":"no"}})", JobStatus::failed},
        }) {
        CAPTURE(row.body);
        Fake fake(row.provider);
        fake.transport->reply(200, row.body);
        JobHandle handle(row.provider, JobKind::batch, "b");
        handle.caller.user = "ann";
        Result<BatchJob> const job = testing::run(fake.provider->batch()->poll(handle, CallOptions()));
        REQUIRE(job.has_value());
        CHECK(job->status == row.status);
        CHECK(job->handle.caller.user == "ann");
    }
}

TEST_CASE("a batch that failed says why, which is no error of the question") {
    Fake fake("openai");
    fake.transport->reply(
        200, R"({"id":"b","status":"failed","errors":{"object":"list","data":[{"code":"invalid_json","line":3}]}})");
    Result<BatchJob> const job =
        testing::run(fake.provider->batch()->poll(JobHandle("openai", JobKind::batch, "b"), CallOptions()));
    REQUIRE(job.has_value());
    REQUIRE(job->error);
    CHECK(job->error->provider_code == "invalid_json");
}

TEST_CASE("a training's events come with their pages, and an empty error is none") {
    Fake fake("openai");
    fake.transport->reply(200,
                          R"({"object":"list","data":[{"id":"e2","level":"info","message":"Step","data":{"step":2}},)"
                          R"({"id":"e1","level":"warn","message":"Slow","data":null}],"has_more":true})");
    PageQuery page;
    page.limit = 2;
    page.after = "e3";
    JobHandle const handle("openai", JobKind::fine_tune, "ft/1");
    Result<FineTuneEvents> const events = testing::run(fake.provider->fine_tune()->events(handle, page, CallOptions()));
    REQUIRE(events.has_value());
    CHECK(events->events.size() == 2);
    CHECK(events->events[0].data == R"({"step":2})");
    CHECK(events->next == "e1");
    CHECK(fake.transport->sent().back().url.ends_with("/fine_tuning/jobs/ft%2F1/events?limit=2&after=e3"));

    fake.transport->reply(200, R"({"id":"ft","status":"failed","error":{"code":"bad_file","message":"Line 7."}})");
    Result<FineTuneJob> const failed = testing::run(fake.provider->fine_tune()->poll(handle, CallOptions()));
    REQUIRE(failed.has_value());
    CHECK(failed->status == JobStatus::failed);
    CHECK(failed->error->provider_code == "bad_file");
    fake.transport->reply(200, R"({"id":"ft","status":"running","error":{}})");
    CHECK_FALSE(testing::run(fake.provider->fine_tune()->poll(handle, CallOptions()))->error);
}

TEST_CASE("a batch that could not be begun leaves no file behind, unless it may have been begun") {
    for (bool const maybe : {false, true}) {
        CAPTURE(maybe);
        Fake fake("openai");
        fake.transport->reply(200, R"({"id":"file-1","object":"file"})");
        FakeReply refused(400, R"({"error":{"message":"no"}})");
        if (maybe) {
            refused.failure = fail(Errc::timeout, "no answer came");
            refused.failure->maybe_executed = true;
        }
        fake.transport->reply(refused);
        fake.transport->reply(200, R"({"id":"file-1","deleted":true})");
        BatchRequest request;
        request.items.emplace_back("a", ChatRequest("gpt-4o", "Hi"));
        CHECK_FALSE(testing::run(fake.provider->batch()->create(request, CallOptions())).has_value());
        std::vector<net::HttpRequest> const sent = fake.transport->sent();
        CHECK(sent.size() == (maybe ? 2 : 3));
        if (!maybe) CHECK((sent.back().method == "DELETE" && sent.back().url.ends_with("/files/file-1")));
    }
}

TEST_CASE("an upload to an address that a provider names carries no key") {
    Fake fake("gemini");
    FakeReply begun(200, "{}");
    begun.headers.add("X-Goog-Upload-URL", "https://elsewhere.example/upload?id=1");
    fake.transport->reply(begun);
    fake.transport->reply(200, R"({"file":{"name":"files/a","sizeBytes":"3","state":"PROCESSING"}})");
    FileUpload file;
    file.name = "a.pdf";
    file.data = "abc";
    Result<FileInfo> const info = testing::run(fake.provider->files()->upload(file, CallOptions()));
    REQUIRE(info.has_value());
    CHECK(info->status == FileStatus::processing);
    CHECK(info->size == 3);
    std::vector<net::HttpRequest> const sent = fake.transport->sent();
    REQUIRE(sent.size() == 2);
    CHECK(sent[0].url == "https://generativelanguage.googleapis.com/upload/v1beta/files");
    CHECK(sent[0].credential_header == "x-goog-api-key");
    CHECK(sent[1].url == "https://elsewhere.example/upload?id=1");
    CHECK(sent[1].credential_header.empty());
    CHECK(*sent[1].body == "abc");
}

TEST_CASE("a form's boundary and names cannot be broken out of") {
    Fake fake("openai");
    fake.transport->reply(200, R"({"id":"file-1"})");
    FileUpload file;
    file.name = "a\"b\r\nX: y.pdf";
    file.data = std::string("\r\n--aikit\r\n\0\xFF", 13);
    file.purpose = "user_data";
    REQUIRE(testing::run(fake.provider->files()->upload(file, CallOptions())).has_value());
    net::HttpRequest const sent = fake.transport->sent().front();
    std::string const type(sent.headers.find("content-type").value());
    std::string const boundary = type.substr(type.find("boundary=") + 9);
    CHECK(boundary.size() <= 70);  // RFC 2046, 5.1.1
    CHECK(sent.body->find("filename=\"a%22b%0D%0AX: y.pdf\"") != std::string::npos);
    CHECK(sent.body->find("Content-Type: application/pdf\r\n\r\n" + file.data + "\r\n--" + boundary) !=
          std::string::npos);
    CHECK(sent.body->ends_with("--" + boundary + "--\r\n"));
}

TEST_CASE("a handle comes back from its text, and what is wrong with one is named") {
    JobHandle handle("openai", JobKind::fine_tune, "ftjob-\u00e4\"1");
    handle.model = "m";
    handle.created = 1'760'000'000;
    handle.caller.tenant = "t";
    handle.caller.user = "u";
    handle.caller.key = "k";
    handle.caller.project = "p";
    handle.caller.tags = {"x", "y"};
    Result<JobHandle> const back = JobHandle::from_json(handle.to_json());
    REQUIRE(back.has_value());
    CHECK(back->to_json() == handle.to_json());
    CHECK(back->id == handle.id);
    CHECK(back->caller.tags == handle.caller.tags);

    std::set<std::string> told;
    for (char const* const text :
         {"", "[]", "{}", R"({"kind":"batch"})", R"({"id":"x","kind":"dance"})", R"({"id":7,"kind":"batch"})",
          R"({"id":"x","kind":"batch","more":1})", R"({"id":"x","kind":"batch","caller":{"tags":[1]}})"}) {
        CAPTURE(text);
        Result<JobHandle> const wrong = JobHandle::from_json(text);
        REQUIRE_FALSE(wrong.has_value());
        CHECK(wrong.error().code == Errc::invalid_argument);
    }
}
