// SPDX-License-Identifier: MIT
// provider/builtin/builtin.cpp - the built-in provider: carries requests to its three models, on the cpu threads.
#include "core/async.hpp"
#include "provider/builtin/extractive.hpp"
#include "provider/builtin/lexical.hpp"
#include "provider/builtin/patterns.hpp"

#include <aikit/core/id.hpp>
#include <aikit/model/sources.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/text/tokenizer.hpp>
#include <aikit/text/unicode.hpp>

#include <algorithm>

namespace aikit::inline v0::provider {
namespace {

constexpr char chat_model[] = "extractive-1";
constexpr char embedding_model[] = "lexical-1";
constexpr char moderation_model[] = "patterns-1";

/// The answer of a chat, before it is cut into events.
struct Written {
    Written() = default;

    std::string text;
    std::vector<std::string> warnings;
    FinishReason finish = FinishReason::stop;
    Usage usage;
};

std::int64_t tokens(std::string_view text) {
    return text.empty() ? 0 : text::estimate_tokens(text).expected;
}

constexpr char introduction[] =
    "I am extractive-1, aikit's built-in stand-in for a language model. I understand nothing: given sources, I answer "
    "with the sentences in them that fit a question best. To talk to a model, configure a provider (for example set "
    "OPENAI_API_KEY, or run Ollama) and name one of its models.";

std::string joined(std::vector<builtin::Quote> const& quotes, bool cited) {
    std::string out;
    for (builtin::Quote const& quote : quotes) {
        if (!out.empty()) out += ' ';
        out += quote.text;
        if (cited) out += " [" + std::to_string(quote.source) + "]";
    }
    return out;
}

/// The answer: from the sources of the last user message; without any, from what was said before it; else what this
/// provider is.
std::string answer(ChatRequest const& request) {
    auto const from_user = [](Message const& message) { return message.role == Role::user; };
    auto const last = std::find_if(request.messages.rbegin(), request.messages.rend(), from_user);
    if (last == request.messages.rend()) return introduction;
    SourcedQuestion asked = read_sources(last->text());
    if (!asked.sources.empty()) {
        std::string const quoted = joined(builtin::extract_answer(asked), true);
        return quoted.empty() ? std::string(unsupported_answer) : quoted;
    }
    for (auto message = std::next(last); message != request.messages.rend(); ++message) {
        asked.sources.emplace_back(static_cast<int>(asked.sources.size()) + 1, "", message->text());
    }
    std::string const quoted = joined(builtin::extract_answer(asked), false);
    return quoted.empty() ? introduction : quoted;
}

/// What was asked for and has no meaning here.
std::vector<std::string> warnings_of(ChatRequest const& request) {
    std::vector<std::string> out;
    out.emplace_back("extractive-1 quotes sentences; it does not understand them");
    std::string ignored;
    auto const note = [&](bool given, char const* field) {
        if (given) ignored += (ignored.empty() ? "" : ", ") + std::string(field);
    };
    note(request.temperature.has_value(), "temperature");
    note(request.top_p.has_value(), "top_p");
    note(request.presence_penalty.has_value(), "presence_penalty");
    note(request.frequency_penalty.has_value(), "frequency_penalty");
    note(request.seed.has_value(), "seed");
    note(!request.reasoning_effort.empty(), "reasoning_effort");
    note(!request.service_tier.empty(), "service_tier");
    note(!request.extra.empty(), "extra");
    if (!ignored.empty()) out.push_back("extractive-1 always answers alike; not used: " + ignored);
    return out;
}

/// Cuts the text where the request says so, between words.
void limit(Written& written, ChatRequest const& request) {
    for (std::string const& stop : request.stop) {
        if (!stop.empty()) written.text.resize(std::min(written.text.find(stop), written.text.size()));
    }
    if (!request.max_tokens || tokens(written.text) <= *request.max_tokens) return;
    written.finish = FinishReason::length;
    std::size_t end = 0;
    for (std::size_t beyond = written.text.size(); beyond - end > 1;) {
        std::size_t const middle = end + (beyond - end) / 2;
        std::string_view const piece = std::string_view(written.text).substr(0, text::floor_char(written.text, middle));
        (tokens(piece) <= *request.max_tokens ? end : beyond) = middle;
    }
    std::size_t const space = written.text.rfind(' ', end);
    end = space == std::string::npos ? 0 : space;
    written.text.resize(end);
}

Written write(ChatRequest const& request) {
    Written out;
    out.text = answer(request);
    out.warnings = warnings_of(request);
    limit(out, request);
    for (Message const& message : request.messages) out.usage.input += tokens(message.text());
    out.usage.output = tokens(out.text);
    return out;
}

Error not_text(std::string const& provider, std::string const& field) {
    return fail(Errc::invalid_argument, provider + ": " + field + " is not valid UTF-8; only text can be sent");
}

/// What of a request this provider cannot do.
Result<void> check_chat(ChatRequest const& request, std::string const& provider) {
    auto const no = [&](char const* what) {
        return fail(Errc::unsupported,
                    provider + ": extractive-1 cannot do " + what + "; use another provider for that");
    };
    if (request.messages.empty()) return fail(Errc::invalid_argument, provider + ": a chat needs at least one message");
    if (request.model != chat_model) {
        return fail(Errc::not_found, provider + ": there is no chat model '" + request.model + "'; it is extractive-1");
    }
    if (request.n && *request.n != 1) return no("several choices (n)");
    if (!request.tools.empty()) return no("tools");
    if (request.logprobs.value_or(false)) return no("logprobs");
    if (request.response_format && request.response_format->kind != ResponseFormat::Kind::text) {
        return no("JSON output");
    }
    if (request.max_tokens && *request.max_tokens < 1) {
        return fail(Errc::invalid_argument, provider + ": max_tokens must be at least 1");
    }
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        for (Part const& part : request.messages[i].parts) {
            if (std::holds_alternative<MediaPart>(part)) return no("images, documents or sound");
            auto const* text = std::get_if<TextPart>(&part);
            if (text && !text::is_utf8(text->text)) return not_text(provider, "messages[" + std::to_string(i) + "]");
        }
    }
    return ok();
}

/// Texts only.
Result<std::vector<std::string>> texts_of(std::vector<Part> const& parts, std::string const& provider,
                                          std::string const& model) {
    if (parts.empty()) return fail(Errc::invalid_argument, provider + ": there is no input");
    std::vector<std::string> out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        auto const* text = std::get_if<TextPart>(&parts[i]);
        if (!text) return fail(Errc::unsupported, provider + ": " + model + " takes texts only");
        if (text->text.empty()) {
            return fail(Errc::invalid_argument, provider + ": inputs[" + std::to_string(i) + "] is empty");
        }
        if (!text::is_utf8(text->text)) return not_text(provider, "inputs[" + std::to_string(i) + "]");
        out.push_back(text->text);
    }
    return out;
}

CallInfo make_info(CallOptions const& options, std::string const& provider, std::string const& model,
                   Usage const& usage) {
    CallInfo info;
    info.request_id = options.request_id;
    info.provider = provider;
    info.model = model;
    info.usage = usage;
    return info;
}

class BuiltinStream final : public ChatStream::Source {
public:
    BuiltinStream(CallInfo info, std::string id, std::int64_t created, Written written)
        : info_(std::move(info)), usage_(written.usage) {
        info_.warnings = std::move(written.warnings);
        ReplyStarted started;
        started.id = std::move(id);
        started.model = chat_model;
        started.created = created;
        events_.emplace_back(std::move(started));
        for (std::size_t begin = 0; begin < written.text.size();) {
            std::size_t const space = written.text.find(' ', begin + 1);
            std::size_t const end = std::min(space, written.text.size());
            events_.emplace_back(TextDelta(0, written.text.substr(begin, end - begin)));
            begin = end;
        }
        ChoiceFinished finished;
        finished.reason = written.finish;
        finished.text = aikit::name(written.finish);
        events_.emplace_back(std::move(finished));
        UsageUpdate update;
        update.usage = usage_;
        events_.emplace_back(std::move(update));
    }

    Task<std::optional<ChatEvent>> next() override {
        std::optional<ChatEvent> event;
        if (next_ < events_.size()) {
            event = std::move(events_[next_]);
        } else if (next_ == events_.size()) {
            info_.usage = usage_;
            Finished finished;
            finished.usage = usage_;
            finished.info = info_;
            event.emplace(std::move(finished));
        }
        ++next_;
        co_return event;
    }

    CallInfo info() const override { return info_; }

private:
    CallInfo info_;
    Usage usage_;
    std::vector<ChatEvent> events_;
    std::size_t next_ = 0;
};

class Builtin final : public AIProvider, public std::enable_shared_from_this<Builtin> {
public:
    Builtin(BuiltinConfig config, Runtime runtime) : config_(std::move(config)), runtime_(std::move(runtime)) {}

    std::string const& name() const noexcept override { return config_.name; }

    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return chat_task(shared_from_this(), std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return stream_task(shared_from_this(), std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        return embed_task(shared_from_this(), std::move(request), std::move(options));
    }
    Task<ModerateReply> moderate(ModerateRequest request, CallOptions options) override {
        return moderate_task(shared_from_this(), std::move(request), std::move(options));
    }
    Task<ModelList> models(CallOptions options) override { return models_task(shared_from_this(), std::move(options)); }

private:
    using Self = std::shared_ptr<Builtin const>;

    static Task<ChatStream> stream_task(Self self, ChatRequest request, CallOptions options) {
        if (Result<void> good = check_chat(request, self->name()); !good) co_return good.error();
        std::function<Result<Written>()> work = [request = std::move(request)]() -> Result<Written> {
            return write(request);
        };
        boost::asio::any_io_executor cpu = self->runtime_.cpu();
        Task<Written> pending = run_on<Written>(std::move(cpu), std::move(work));
        Result<Written> written = co_await std::move(pending);
        if (!written) co_return written.error();
        Clock const& clock = *self->runtime_.clock();
        auto const created =
            std::chrono::duration_cast<std::chrono::seconds>(clock.system_now().time_since_epoch()).count();
        co_return ChatStream(std::make_unique<BuiltinStream>(make_info(options, self->name(), chat_model, Usage()),
                                                             new_id(clock), created, std::move(*written)));
    }

    static Task<ChatReply> chat_task(Self self, ChatRequest request, CallOptions options) {
        Task<ChatStream> starting = stream_task(std::move(self), std::move(request), std::move(options));
        Result<ChatStream> stream = co_await std::move(starting);
        if (!stream) co_return stream.error();
        Task<ChatReply> pending = collect(std::move(*stream));
        co_return co_await std::move(pending);
    }

    static Task<EmbedReply> embed_task(Self self, EmbedRequest request, CallOptions options) {
        if (request.model != embedding_model) {
            co_return fail(Errc::not_found,
                           self->name() + ": there is no embedding model '" + request.model + "'; it is lexical-1");
        }
        if (request.dimensions && *request.dimensions != lexical_dimensions) {
            co_return fail(Errc::unsupported, self->name() + ": lexical-1 has " + std::to_string(lexical_dimensions) +
                                                  " dimensions and no others");
        }
        Result<std::vector<std::string>> texts = texts_of(request.inputs, self->name(), embedding_model);
        if (!texts) co_return texts.error();
        std::function<Result<EmbedReply>()> work = [self, options, texts = std::move(*texts),
                                                    unused = !request.extra.empty()]() -> Result<EmbedReply> {
            EmbedReply reply;
            reply.model = embedding_model;
            for (std::string const& text : texts) {
                reply.vectors.push_back(builtin::lexical_embedding(text));
                reply.usage.input += tokens(text);
            }
            reply.info = make_info(options, self->name(), embedding_model, reply.usage);
            if (unused) reply.info.warnings.emplace_back("lexical-1 always embeds alike; not used: extra");
            return reply;
        };
        boost::asio::any_io_executor cpu = self->runtime_.cpu();
        Task<EmbedReply> pending = run_on<EmbedReply>(std::move(cpu), std::move(work));
        co_return co_await std::move(pending);
    }

    static Task<ModerateReply> moderate_task(Self self, ModerateRequest request, CallOptions options) {
        if (!request.model.empty() && request.model != moderation_model) {
            co_return fail(Errc::not_found,
                           self->name() + ": there is no moderation model '" + request.model + "'; it is patterns-1");
        }
        Result<std::vector<std::string>> texts = texts_of(request.inputs, self->name(), moderation_model);
        if (!texts) co_return texts.error();
        std::function<Result<ModerateReply>()> work = [self, options, texts = std::move(*texts),
                                                       together = request.together]() -> Result<ModerateReply> {
            ModerateReply reply;
            reply.id = new_id(*self->runtime_.clock());
            reply.model = moderation_model;
            std::string all;
            for (std::string const& text : texts) {
                if (together) {
                    all += text + "\n";
                } else {
                    reply.results.push_back(builtin::moderate_by_patterns(text));
                }
            }
            if (together) reply.results.push_back(builtin::moderate_by_patterns(all));
            reply.info = make_info(options, self->name(), moderation_model, Usage());
            reply.info.warnings.emplace_back("patterns-1 looks for words; it does not understand what is said");
            return reply;
        };
        boost::asio::any_io_executor cpu = self->runtime_.cpu();
        Task<ModerateReply> pending = run_on<ModerateReply>(std::move(cpu), std::move(work));
        co_return co_await std::move(pending);
    }

    static Task<ModelList> models_task(Self self, CallOptions options) {
        ModelList list;
        for (char const* id : {chat_model, embedding_model, moderation_model}) {
            ModelInfo model;
            model.id = id;
            model.owner = "aikit";
            list.models.push_back(std::move(model));
        }
        list.info = make_info(options, self->name(), {}, Usage());
        co_return list;
    }

    BuiltinConfig const config_;
    Runtime const runtime_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_builtin(BuiltinConfig config, Runtime runtime) {
    if (config.name.empty())
        return fail(Errc::invalid_argument, "BuiltinConfig.name is empty; give the provider a name");
    if (!runtime)
        return fail(Errc::invalid_argument, "make_builtin: 'runtime' is not one; its cpu threads do the work");
    return std::shared_ptr<AIProvider>(std::make_shared<Builtin>(std::move(config), std::move(runtime)));
}

}  // namespace aikit::inline v0::provider
