// SPDX-License-Identifier: MIT
// provider/gemini/wire.hpp - Gemini's dialect as pure functions: no sockets, no clocks.
//
// Facts from Google's API reference and the types of its Python SDK.
#ifndef AIKIT_SRC_PROVIDER_GEMINI_WIRE_HPP
#define AIKIT_SRC_PROVIDER_GEMINI_WIRE_HPP

#include "provider/carrier/decoder.hpp"
#include "provider/carrier/lists.hpp"
#include "provider/gemini/partial_args.hpp"

#include <aikit/model/provider.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::gemini {

/// Under "native_content" in a message's extra: its parts as they came.
inline constexpr std::string_view dialect = "gemini";

/// A request's body. Errors: invalid_argument (a field, named), unsupported.
Result<carrier::Encoded> encode_chat(ChatRequest const& request);

/// The same request for counting its tokens. Vertex AI counts what stands in the body itself, Google's own API a
/// request in it.
Result<carrier::Encoded> encode_count(ChatRequest const& request, bool vertex);

/// How embeddings are asked for.
enum class EmbedForm {
    batch,    ///< Google's own API: several in one request.
    predict,  ///< Vertex AI: as instances of a prediction.
    single,   ///< Vertex AI's newer models: one a request.
};
EmbedForm embed_form(std::string_view model, bool vertex) noexcept;

/// What stands behind the model in the path.
std::string_view embed_method(EmbedForm form) noexcept;

/// How many inputs from `first` on fit one request, at least one and at most `most`.
std::size_t embed_batch(EmbedRequest const& request, std::size_t first, EmbedForm form, std::size_t most);

/// `count` inputs from `first` on, as one batch. Errors: invalid_argument (an input, named), unsupported.
Result<carrier::Encoded> encode_embed(EmbedRequest const& request, std::size_t first, std::size_t count,
                                      EmbedForm form);

/// The bodies of 2xx answers. Errors: what the body says went wrong, content_filtered (the prompt was blocked),
/// protocol.
Result<ChatReply> decode_chat(carrier::Exchange const& exchange, std::string_view body);
Result<EmbedReply> decode_embeddings(carrier::Exchange const& exchange, std::string_view body, std::size_t expected,
                                     EmbedForm form);
Result<carrier::ModelPage> decode_models(carrier::Exchange const& exchange, std::string_view body);

// ---- pieces ----

/// Counts by Google's rules: cached tokens are counted inside the prompt's, thoughts beside the candidates'.
Usage read_usage(json::object const& given, std::vector<std::string>& warnings);

/// Searches that Google made for a candidate.
std::int64_t searches_of(json::value const& candidate) noexcept;

/// "default", "flex", "priority": what a usage object says that the call was served as; empty where it says nothing.
std::string served_tier(json::object const& usage);

/// One candidate's parts, as they come: whole, or piece by piece.
class PartReader {
public:
    /// What one part is.
    struct Piece {
        Piece() = default;

        std::string text;
        bool thought = false;
        std::vector<ToolCall> calls;  // that are whole now: none, one, or the one before too
    };

    /// Errors: protocol.
    Result<Piece> take(json::value const& part);

    /// The candidate ended, in Google's word: a call whose last piece never came is whole where the model stopped by
    /// itself, and never was where it was cut. Errors: protocol.
    Result<std::optional<ToolCall>> end(std::string_view finish);

    bool called() const noexcept { return calls_ > 0; }

    /// The extra of the message: native_content, where something has no other place.
    std::string extra() const;

private:
    /// A call whose arguments come in pieces.
    struct Open {
        Open() {}  // clang 14 does not see a defaulted one from within the class around it

        ToolCall call;
        ArgumentPieces pieces;
        std::size_t part = 0;  // where its part stands
    };

    void keep(json::object part);
    Result<void> take_call(json::value const& part, json::object kept, Piece& piece);
    Result<void> take_pieces(json::value const& call);
    ToolCall close();

    json::array parts_;  // texts that continue each other joined, calls in pieces put together
    std::optional<Open> open_;
    int calls_ = 0;
    bool native_ = false;
};

/// Why a candidate ended, in Google's word; some clients ask for enumerators as numbers. Empty: it has not.
std::string finish_word(json::value const& candidate);

/// What Google's word for the end of a candidate means.
FinishReason finish_of(std::string_view word, bool called) noexcept;

/// The error of a prompt that was blocked; nothing when it was not.
std::optional<Error> blocked(carrier::Exchange const& exchange, json::object const& given);

/// A candidate's members that have no other place.
json::object beside(json::object const& candidate);

/// A streamed reply. It has no end marker: it is whole when it ended properly and each candidate said why it ended.
class StreamDecoder final : public carrier::ReplyDecoder {
public:
    explicit StreamDecoder(carrier::Exchange exchange) : ReplyDecoder(std::move(exchange)) {}

private:
    struct Candidate {
        int index = 0;
        PartReader parts;
        std::vector<ToolCall> calls;
        std::string finish;  // empty: not ended
        json::object beside;
        std::int64_t searches = 0;
    };

    void take(net::SseEvent const& event) override;
    Result<ChatReply> read_document(std::string_view body) override;
    void ended_without_marker() override;

    void take_candidate(json::value const& given, std::size_t position);
    void take_part(Candidate& candidate, json::value const& part);
    void push_call(Candidate& candidate, ToolCall call);

    std::vector<Candidate> candidates_;
    json::object extra_;
};

}  // namespace aikit::inline v0::provider::gemini

#endif  // AIKIT_SRC_PROVIDER_GEMINI_WIRE_HPP
