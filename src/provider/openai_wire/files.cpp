// SPDX-License-Identifier: MIT
// provider/openai_wire/files.cpp - files, as OpenAI keeps them.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/openai_wire/jobs.hpp"

namespace aikit::inline v0::provider::openai_wire {

namespace {

using carrier::Call;
using carrier::Told;

using Shared = std::shared_ptr<Endpoint const>;

FileStatus status_of(std::string_view word) noexcept {
    if (word == "processed" || word == "uploaded") return FileStatus::ready;
    if (word == "pending" || word == "running") return FileStatus::processing;
    return word == "error" || word == "failed" ? FileStatus::failed : FileStatus::unknown;
}

Result<FileInfo> read_file(carrier::Head const& head, json::object const& given) {
    FileInfo file;
    file.id = carrier::text_of(given, "id");
    if (file.id.empty()) return carrier::lacking(head, "a file's id");
    file.name = carrier::text_of(given, "filename");
    file.size = carrier::number_of(given, "bytes");
    file.purpose = carrier::text_of(given, "purpose");
    file.status_text = carrier::text_of(given, "status");
    file.status = status_of(file.status_text);
    file.created = carrier::seconds_of(given, "created_at");
    file.expires = carrier::seconds_of(given, "expires_at");
    file.raw = json_exact::write(given);
    return file;
}

Task<FileInfo> one_file(Shared endpoint, Call call) {
    Task<Told> asking = carrier::ask(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<FileInfo> file = read_file(told->head, told->object);
    if (!file) co_return file.error();
    file->info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return file;
}

Task<FileInfo> find_file(Shared endpoint, std::string id, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, id, "file"); !good) co_return good.error();
    Task<FileInfo> asking =
        one_file(endpoint, carrier::plain_call("GET", item_path(*endpoint, "/files", id), std::move(options)));
    co_return co_await std::move(asking);
}

Task<FileList> list_files(Shared endpoint, std::string purpose, PageQuery page, CallOptions options) {
    std::string path = endpoint->path("/files", "");
    if (!purpose.empty()) carrier::add_query(path, "purpose", purpose);
    if (page.limit > 0) carrier::add_query(path, "limit", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "after", page.after);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    FileList list;
    if (Result<void> read = read_page(*told, list.files, list.next, read_file); !read) co_return read.error();
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return list;
}

Task<FileContent> file_content(Shared endpoint, std::string id, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, id, "file"); !good) co_return good.error();
    Call call = carrier::plain_call("GET", item_path(*endpoint, "/files", id, "/content"), std::move(options));
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
        return guard(find_file(endpoint_, std::move(id), std::move(options)));
    }
    Task<FileList> list(std::string purpose, PageQuery page, CallOptions options) override {
        return guard(list_files(endpoint_, std::move(purpose), std::move(page), std::move(options)));
    }
    Task<FileContent> content(std::string id, CallOptions options) override {
        return guard(file_content(endpoint_, std::move(id), std::move(options)));
    }
    Task<FileInfo> remove(std::string id, CallOptions options) override {
        return guard(remove_file(endpoint_, std::move(id), std::move(options)));
    }

private:
    Shared endpoint_;
};

}  // namespace

std::string item_path(Endpoint const& endpoint, std::string_view folder, std::string_view id, std::string_view rest) {
    std::string operation(folder);
    operation.append("/").append(carrier::escaped(id)).append(rest);
    return endpoint.path(operation, "");
}

std::string next_of(json::object const& given) {
    json::value const* more = given.if_contains("has_more");
    if (more == nullptr || !more->is_bool() || !more->get_bool()) return {};
    std::string last = carrier::text_of(given, "last_id");
    if (!last.empty()) return last;
    json::value const* data = given.if_contains("data");
    if (data == nullptr || !data->is_array() || data->get_array().empty()) return {};
    json::value const& item = data->get_array().back();
    return item.is_object() ? carrier::text_of(item.get_object(), "id") : std::string();
}

Task<FileInfo> upload_file(Shared endpoint, FileUpload file, CallOptions options) {
    carrier::Multipart form(*endpoint->runtime.clock());
    form.field("purpose", file.purpose.empty() ? "user_data" : file.purpose);
    if (file.expires_after) {
        form.field("expires_after[anchor]", "created_at");
        form.field("expires_after[seconds]", std::to_string(*file.expires_after));
    }
    form.file("file", file);
    file.data = std::string();  // it may be large, and stands in the form
    Call call = carrier::plain_call("POST", endpoint->path("/files", ""), std::move(options));
    form.put_into(call);
    Task<FileInfo> asking = one_file(endpoint, std::move(call));
    co_return co_await std::move(asking);
}

Task<FileInfo> remove_file(Shared endpoint, std::string id, CallOptions options) {
    if (Result<void> good = carrier::check_id(*endpoint, id, "file"); !good) co_return good.error();
    Task<FileInfo> asking =
        one_file(endpoint, carrier::plain_call("DELETE", item_path(*endpoint, "/files", id), std::move(options)));
    co_return co_await std::move(asking);
}

std::unique_ptr<FilesApi> make_files(Shared endpoint) {
    return std::make_unique<Files>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::openai_wire
