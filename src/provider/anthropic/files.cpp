// SPDX-License-Identifier: MIT
// provider/anthropic/files.cpp - files kept at Anthropic, which is a service in trial with a header of its own.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "net/ascii.hpp"
#include "provider/anthropic/jobs.hpp"

namespace aikit::inline v0::provider::anthropic {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<carrier::Endpoint const>;

constexpr std::string_view beta = "files-api-2025-04-14";

/// Beside whatever else is tried.
void put_beta(carrier::Endpoint const& endpoint, Call& call) {
    std::string betas;
    for (auto const& [name, value] : endpoint.headers) {
        if (net::equals_ignoring_case(name, "anthropic-beta")) betas += value;
    }
    if (betas.find(beta) == betas.npos) betas.append(betas.empty() ? "" : ",").append(beta);
    call.headers.emplace_back("anthropic-beta", std::move(betas));
}

Result<FileInfo> read_file(carrier::Head const& head, json::object const& given) {
    FileInfo file;
    file.id = carrier::text_of(given, "id");
    if (file.id.empty()) return carrier::lacking(head, "a file's id");
    file.name = carrier::text_of(given, "filename");
    file.size = carrier::number_of(given, "size_bytes");
    file.media_type = carrier::text_of(given, "mime_type");
    file.created = carrier::seconds_of(given, "created_at");
    file.status = FileStatus::ready;  // it can be used at once
    file.raw = json_exact::write(given);
    return file;
}

Task<FileInfo> one_file(Shared endpoint, Call call) {
    put_beta(*endpoint, call);
    Task<Told> asking = carrier::ask(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<FileInfo> file = read_file(told->head, told->object);
    if (!file) co_return file.error();
    file->info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return file;
}

Task<FileInfo> upload_file(Shared endpoint, FileUpload file, CallOptions options) {
    std::vector<std::string> warnings;
    if (file.expires_after) carrier::left_out(warnings, "expires_after", "files are kept until they are deleted here");
    if (!file.purpose.empty()) carrier::left_out(warnings, "purpose", "files serve any here");
    carrier::Multipart form(*endpoint->runtime.clock());
    form.file("file", file);
    file.data = std::string();
    Call call = carrier::plain_call("POST", "/v1/files", std::move(options));
    form.put_into(call);
    Task<FileInfo> asking = one_file(endpoint, std::move(call));
    Result<FileInfo> info = co_await std::move(asking);
    if (info) info->info.warnings = std::move(warnings);
    co_return info;
}

Task<FileInfo> at_file(Shared endpoint, std::string id, char const* method, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, id, "file"); !good) co_return good.error();
    Task<FileInfo> asking =
        one_file(endpoint, carrier::plain_call(method, "/v1/files/" + carrier::escaped(id), std::move(options)));
    co_return co_await std::move(asking);
}

Task<FileList> list_files(Shared endpoint, std::string purpose, PageQuery page, CallOptions options) {
    std::string path = "/v1/files";
    if (page.limit > 0) carrier::add_query(path, "limit", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "after_id", page.after);
    Call call = carrier::plain_call("GET", std::move(path), std::move(options));
    put_beta(*endpoint, call);
    Task<Told> asking = carrier::ask(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<std::vector<json::object>> const given = carrier::list_of(*told, "data");
    if (!given) co_return given.error();
    FileList list;
    for (json::object const& one : *given) {
        Result<FileInfo> file = read_file(told->head, one);
        if (!file) co_return file.error();
        list.files.push_back(std::move(*file));
    }
    json::value const* more = told->object.if_contains("has_more");
    if (more != nullptr && *more == true) list.next = carrier::text_of(told->object, "last_id");
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    if (!purpose.empty()) carrier::left_out(list.info.warnings, "purpose", "files serve any here");
    co_return list;
}

Task<FileContent> file_content(Shared endpoint, std::string id, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, id, "file"); !good) co_return good.error();
    Call call = carrier::plain_call("GET", "/v1/files/" + carrier::escaped(id) + "/content", std::move(options));
    put_beta(*endpoint, call);
    Task<FileContent> asking = carrier::ask_content(endpoint, std::move(call));
    co_return co_await std::move(asking);
}

class Files final : public FilesApi {
public:
    explicit Files(Shared endpoint) : endpoint_(std::move(endpoint)) {}

    Task<FileInfo> upload(FileUpload file, CallOptions options) override {
        return guard(upload_file(endpoint_, std::move(file), std::move(options)));
    }
    Task<FileInfo> find(std::string id, CallOptions options) override {
        return guard(at_file(endpoint_, std::move(id), "GET", std::move(options)));
    }
    Task<FileList> list(std::string purpose, PageQuery page, CallOptions options) override {
        return guard(list_files(endpoint_, std::move(purpose), std::move(page), std::move(options)));
    }
    Task<FileContent> content(std::string id, CallOptions options) override {
        return guard(file_content(endpoint_, std::move(id), std::move(options)));
    }
    Task<FileInfo> remove(std::string id, CallOptions options) override {
        return guard(at_file(endpoint_, std::move(id), "DELETE", std::move(options)));
    }

private:
    Shared endpoint_;
};

}  // namespace

std::unique_ptr<FilesApi> make_files(Shared endpoint) {
    return std::make_unique<Files>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::anthropic
