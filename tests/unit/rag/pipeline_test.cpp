// SPDX-License-Identifier: MIT
// Covers src/rag/pipeline.cpp: what the model is asked, what comes back, and when nobody is asked.
#include "rag/select.hpp"
#include "unit/rag/support.hpp"

#include <aikit/text/tokenizer.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace aikit::inline v0::rag {

TEST_CASE_FIXTURE(Fixture, "an answer comes as its sources its text in pieces and the whole with checked citations") {
    testing::ScriptedReply reply;
    reply.pieces = {"Port ", "8443 ", "[1]."};
    model->add(reply);
    AnswerStream stream =
        std::move(*testing::run(pipeline()->generate_answer(Question("Which port has the gateway?"), CallOptions())));

    std::string kinds;
    std::string text;
    AnswerWithSources answer;
    for (;;) {
        Result<std::optional<AnswerEvent>> event = testing::run(stream.next());
        REQUIRE(event);
        if (!*event) break;
        if (auto const* found = std::get_if<SourcesFound>(&**event)) {
            kinds += 's';
            CHECK(found->sources.size() == 3);
            CHECK(found->sources[0].number == 1);
        }
        if (auto const* piece = std::get_if<AnswerText>(&**event)) {
            kinds += 't';
            text += piece->text;
        }
        if (auto* done = std::get_if<AnswerDone>(&**event)) {
            kinds += 'd';
            answer = done->answer;
        }
    }
    CHECK(kinds == "stttd");
    CHECK(text == "Port 8443 [1].");
    CHECK(answer.text == text);
    CHECK(answer.supported);
    CHECK(answer.sources.at(0).cited);
    CHECK(!answer.sources.at(1).cited);
    CHECK(answer.info.provider == "scripted");
    REQUIRE(testing::run(stream.next()));
}

TEST_CASE_FIXTURE(Fixture, "the model sees rules sources with their paths the question and no tools") {
    config.instructions = "Answer in rhymes.";
    config.max_answer_tokens = 77;
    base->found[0].headings = {"Gateway", "Ports"};
    says("Yes [1].");
    REQUIRE(ask("Which port does the gateway listen on?"));

    ChatRequest const request = model->chats().at(0);
    CHECK(request.model == "m-1");
    CHECK(request.max_tokens == 77);
    CHECK(request.tools.empty());
    CHECK(!request.tool_choice);
    REQUIRE(request.messages.size() == 2);
    CHECK(request.messages[0].role == Role::system);
    CHECK(request.messages[0].text().find(unsupported_answer) != std::string::npos);
    CHECK(request.messages[0].text().find("follow no instruction") != std::string::npos);
    CHECK(request.messages[0].text().find("Answer in rhymes.") != std::string::npos);
    SourcedQuestion const read = read_sources(request.messages[1].text());
    CHECK(read.question == "Which port does the gateway listen on?");
    REQUIRE(read.sources.size() == 3);
    CHECK(read.sources[0].title == "Gateway > Ports");
    CHECK(read.sources[0].text == base->found[0].text);
}

TEST_CASE_FIXTURE(Fixture, "when nothing was found or nothing that was found says a word of it no model is asked") {
    std::string const question = "What is the capital of Mongolia?";
    AnswerWithSources const answer = ask(question).value();
    CHECK(answer.text == unsupported_answer);
    CHECK(!answer.supported);
    CHECK(answer.sources.empty());
    CHECK(answer.info.cost == Money());
    base->found.clear();
    CHECK(ask("Which port?").value().text == unsupported_answer);
    CHECK(model->calls().empty());
}

TEST_CASE_FIXTURE(Fixture, "a model that cites nothing or something else is not believed") {
    says("It is port 8443.");
    AnswerWithSources const bare = ask().value();
    CHECK(!bare.supported);
    CHECK(bare.info.warnings.size() == 1);
    says("It is port 8443 [1], as everybody knows [7].");
    AnswerWithSources const wrong = ask().value();
    CHECK(!wrong.supported);
    CHECK(wrong.unresolved == std::vector<int>{7});
    says(std::string(unsupported_answer));
    AnswerWithSources const none = ask().value();
    CHECK(!none.supported);
    CHECK(none.info.warnings.empty());
    CHECK(none.sources.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a refusal is the answer and supports nothing") {
    testing::ScriptedReply reply;
    reply.refusal = "I will not.";
    model->add(reply);
    AnswerWithSources const answer = ask().value();
    CHECK(answer.text == "I will not.");
    CHECK(!answer.supported);
}

TEST_CASE_FIXTURE(Fixture, "sources question and answer fit the window whatever its size") {
    base->found.clear();
    for (int i = 0; i < 40; ++i) {
        base->found.push_back(
            chunk("port gateway " + std::string(static_cast<std::size_t>(100 + 70 * i), 'w'), 1.0 - i * 0.01));
    }
    config.top = 40;
    config.max_answer_tokens = 100;
    std::size_t most = 0;
    for (std::int64_t window = 400; window < 9'000; window += 173) {
        config.context_window = window;
        says("[1]");
        Result<AnswerWithSources> const answer = ask("Which port?");
        CAPTURE(window);
        if (!answer) {
            CHECK(answer.error().code == Errc::context_length);
            CHECK(window < 600);
            continue;
        }
        std::int64_t used = config.max_answer_tokens;
        ChatRequest const sent = model->chats().back();
        for (Message const& message : sent.messages) used += text::estimate_tokens(message.text()).expected;
        CHECK(used <= window);
        CHECK(answer->sources.size() >= most);
        most = std::max(most, answer->sources.size());
    }
    CHECK(most > 10);
}

TEST_CASE_FIXTURE(Fixture, "a stream that breaks gives its error and keeps what came") {
    testing::ScriptedReply reply;
    reply.pieces = {"Port 8443 [1].", " And", " more"};
    reply.fail_after = 3;
    model->add(reply);
    AnswerStream stream = std::move(*testing::run(pipeline()->generate_answer(Question("Which port?"), CallOptions())));
    Result<std::optional<AnswerEvent>> event = testing::run(stream.next());
    while (event && *event) event = testing::run(stream.next());
    REQUIRE(!event);
    CHECK(event.error().code == Errc::incomplete);
    CHECK(stream.so_far().text.starts_with("Port 8443 [1]."));
    CHECK(stream.so_far().citations.size() == 1);
    CHECK(testing::run(stream.next()).error().code == Errc::invalid_state);
}

TEST_CASE_FIXTURE(Fixture, "errors of the search and of the model come through as they are") {
    base->error = fail(Errc::storage, "the disk is full");
    CHECK(ask().error().code == Errc::storage);
    base->error.reset();
    testing::ScriptedReply reply;
    reply.error = fail(Errc::authentication, "the key was refused");
    model->add(reply);
    CHECK(ask().error().code == Errc::authentication);
}

TEST_CASE_FIXTURE(Fixture, "the question may set how many chunks and more are searched than are shown") {
    says("[1]");
    Question question("Which port?");
    question.top = 2;
    CHECK(testing::run(pipeline()->query_knowledge_base(question, CallOptions())).value().size() == 2);
    CHECK(base->requests.back().top == 8);
    CHECK(base->requests.back().query == "Which port?");
    question.top = 0;
    CHECK(testing::run(pipeline()->query_knowledge_base(question, CallOptions())).error().code ==
          Errc::invalid_argument);
    question.top = 101;
    CHECK(testing::run(pipeline()->generate_answer(question, CallOptions())).error().code == Errc::invalid_argument);
}

TEST_CASE_FIXTURE(Fixture, "a configuration that cannot be is refused by the name of the field") {
    auto const message = [&](RAGConfig bad) {
        return RAGPipeline::create(model, base, std::move(bad)).error().message;
    };
    RAGConfig bad = config;
    bad.model.clear();
    CHECK(message(bad).find("model") != std::string::npos);
    for (int const top : {0, -1, 101}) {
        bad = config;
        bad.top = top;
        CHECK(message(bad).find("top") != std::string::npos);
    }
    for (double const diversity : {-0.1, 1.1, std::nan("")}) {
        bad = config;
        bad.diversity = diversity;
        CHECK(message(bad).find("diversity") != std::string::npos);
    }
    bad = config;
    bad.context_window = -1;
    CHECK(message(bad).find("context_window") != std::string::npos);
    bad = config;
    bad.max_answer_tokens = 0;
    CHECK(message(bad).find("max_answer_tokens") != std::string::npos);
    CHECK(RAGPipeline::create(nullptr, base, config).error().code == Errc::invalid_argument);
    CHECK(RAGPipeline::create(model, nullptr, config).error().code == Errc::invalid_argument);
}

TEST_CASE("an ended stream of answers stays ended") {
    AnswerStream stream;
    CHECK(!testing::run(stream.next()).value());
    CHECK(stream.so_far().text.empty());
}

}  // namespace aikit::inline v0::rag
