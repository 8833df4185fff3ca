// SPDX-License-Identifier: MIT
// provider/carrier/jobs.hpp - what batches, files and trainings of all dialects share.
#ifndef AIKIT_SRC_PROVIDER_CARRIER_JOBS_HPP
#define AIKIT_SRC_PROVIDER_CARRIER_JOBS_HPP

#include "core/json.hpp"
#include "provider/carrier/call.hpp"

#include <aikit/model/batch.hpp>
#include <aikit/model/files.hpp>
#include <aikit/model/fine_tune.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace aikit::inline v0::provider::carrier {

/// A 2xx answer that is a JSON object.
struct Told {
    Told() = default;

    Head head;
    json::object object;
};

/// Sends it and reads the object. Errors: those of the call, what the body says went wrong, protocol.
Task<Told> ask(std::shared_ptr<Endpoint const> endpoint, Call call);

/// The same, about a job: one that failed has a member "error" of its own, which is no error of the call.
Task<Told> ask_about(std::shared_ptr<Endpoint const> endpoint, Call call);

/// A file's content, which may be anything.
Task<FileContent> ask_content(std::shared_ptr<Endpoint const> endpoint, Call call);

/// A call without a body.
Call plain_call(std::string method, std::string path, CallOptions options);

// ---- members of such objects; what is missing, null or of another kind is empty or 0 ----

std::string text_of(json::object const& given, std::string_view key);
std::int64_t number_of(json::object const& given, std::string_view key);   ///< Also as text, in protocol buffers' form.
std::int64_t seconds_of(json::object const& given, std::string_view key);  ///< Seconds, or RFC 3339.
json::object object_of(json::object const& given, std::string_view key);

/// The objects of a list. Errors: protocol.
Result<std::vector<json::object>> list_of(Told const& told, std::string_view key);

/// An answer that lacks what it must have.
Error lacking(Head const& head, std::string_view what);

// ---- addresses and bodies ----

/// For use as one piece of a path, or as a value in a query: RFC 3986, 2.3.
std::string escaped(std::string_view text);

/// Adds a member to the query of a path, which may have one.
void add_query(std::string& path, std::string_view name, std::string_view value);

/// invalid_argument when an id cannot be one; it becomes a part of an address.
Result<void> check_id(Endpoint const& endpoint, std::string_view id, std::string_view what);

/// By the end of a file's name; "application/octet-stream" where that says nothing.
std::string media_type_of(std::string_view name);

/// multipart/form-data (RFC 7578).
class Multipart {
public:
    explicit Multipart(Clock const& clock);

    void field(std::string_view name, std::string_view value);
    void file(std::string_view name, FileUpload const& file);

    /// Ends it.
    void put_into(Call& call);

private:
    void begin(std::string_view name);

    std::string boundary_;
    std::string body_;
};

/// Adds `extra`, an object of the caller's as text. Errors: invalid_argument.
Result<void> put_extra(json::object& body, std::string const& extra, std::string_view field);

// ---- batches ----

/// Each item's own id, or its position. Errors: invalid_argument (none, too many, an id twice).
Result<std::vector<std::string>> ids_of(BatchRequest const& request, std::size_t most, Endpoint const& endpoint);

/// An error of an item's, told with where it stands.
Error of_item(Error error, std::size_t position, Endpoint const& endpoint);

/// Fills in what a result's reply tells of its call.
void tell_result(BatchResult& result, Endpoint const& endpoint, Head const& head);

/// invalid_state: a batch that has no results yet, or will have none.
Error without_results(BatchJob const& job, Endpoint const& endpoint);

/// Where results are read, and how.
struct ResultLines {
    ResultLines() = default;

    std::vector<Call> calls;  ///< One after the other; each answers with lines of JSON.

    /// One line. Errors: protocol.
    std::function<Result<BatchResult>(Head const& head, json::object line)> read;

    std::int64_t expected = 0;  ///< How many there must be at least, or the end is none.
};

std::unique_ptr<BatchResults::Source> read_lines(std::shared_ptr<Endpoint const> endpoint, ResultLines lines);

/// Results that came in one piece.
std::unique_ptr<BatchResults::Source> give(std::vector<BatchResult> results);

}  // namespace aikit::inline v0::provider::carrier

#endif  // AIKIT_SRC_PROVIDER_CARRIER_JOBS_HPP
