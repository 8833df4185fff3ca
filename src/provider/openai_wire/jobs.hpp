// SPDX-License-Identifier: MIT
// provider/openai_wire/jobs.hpp - batches, files and trainings of endpoints that speak OpenAI's dialect.
#ifndef AIKIT_SRC_PROVIDER_OPENAI_WIRE_JOBS_HPP
#define AIKIT_SRC_PROVIDER_OPENAI_WIRE_JOBS_HPP

#include "provider/carrier/jobs.hpp"
#include "provider/openai_wire/adapter.hpp"

#include <memory>

namespace aikit::inline v0::provider::openai_wire {

std::unique_ptr<BatchApi> make_batch(std::shared_ptr<Endpoint const> endpoint);
std::unique_ptr<FilesApi> make_files(std::shared_ptr<Endpoint const> endpoint);
std::unique_ptr<FineTuneApi> make_fine_tune(std::shared_ptr<Endpoint const> endpoint);

// ---- pieces ----

Task<FileInfo> upload_file(std::shared_ptr<Endpoint const> endpoint, FileUpload file, CallOptions options);
Task<FileInfo> remove_file(std::shared_ptr<Endpoint const> endpoint, std::string id, CallOptions options);

/// One line of a file of results. Errors: protocol.
Result<BatchResult> read_result(carrier::Head const& head, json::object line);

/// "/files/{id}" and what follows.
std::string item_path(Endpoint const& endpoint, std::string_view folder, std::string_view id,
                      std::string_view rest = {});

/// Where the next page of a list begins: the last id, where there is more.
std::string next_of(json::object const& given);

/// A list of objects of one kind, each read by `read`.
template <class Item, class Read>
Result<void> read_page(carrier::Told const& told, std::vector<Item>& out, std::string& next, Read read) {
    Result<std::vector<json::object>> given = carrier::list_of(told, "data");
    if (!given) return given.error();
    for (json::object const& one : *given) {
        Result<Item> item = read(told.head, one);
        if (!item) return item.error();
        out.push_back(std::move(*item));
    }
    next = next_of(told.object);
    return ok();
}

}  // namespace aikit::inline v0::provider::openai_wire

#endif  // AIKIT_SRC_PROVIDER_OPENAI_WIRE_JOBS_HPP
