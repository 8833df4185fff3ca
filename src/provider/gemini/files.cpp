// SPDX-License-Identifier: MIT
// provider/gemini/files.cpp - files of Google's own API, with its own way to upload: an address first, then the bytes.
#include "core/async.hpp"
#include "model/json_exact.hpp"
#include "provider/gemini/jobs.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::gemini {

namespace {

using carrier::Call;
using carrier::Told;
using carrier::Whole;

using Shared = std::shared_ptr<carrier::Endpoint const>;

FileStatus status_of(std::string_view word) noexcept {
    if (word == "ACTIVE") return FileStatus::ready;
    if (word == "PROCESSING") return FileStatus::processing;
    return word == "FAILED" ? FileStatus::failed : FileStatus::unknown;
}

Result<FileInfo> read_file(carrier::Head const& head, json::object const& given) {
    FileInfo file;
    file.id = carrier::text_of(given, "name");
    if (file.id.empty()) return carrier::lacking(head, "a file's name");
    file.name = carrier::text_of(given, "displayName");
    file.size = carrier::number_of(given, "sizeBytes");
    file.media_type = carrier::text_of(given, "mimeType");
    file.status_text = carrier::text_of(given, "state");
    file.status = status_of(file.status_text);
    file.uri = carrier::text_of(given, "uri");
    file.created = carrier::seconds_of(given, "createTime");
    file.expires = carrier::seconds_of(given, "expirationTime");
    file.raw = json_exact::write(given);
    return file;
}

/// `around` names the member the file is in; empty: none.
Task<FileInfo> one_file(Shared endpoint, Call call, char const* around) {
    Task<Told> asking = carrier::ask(endpoint, std::move(call));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    bool const inside = *around != '\0';
    Result<FileInfo> file = read_file(told->head, inside ? carrier::object_of(told->object, around) : told->object);
    if (!file) co_return file.error();
    file->info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return file;
}

/// Where the bytes go.
Task<std::string> begin_upload(Shared endpoint, std::string name, std::string type, std::size_t size,
                               CallOptions options) {
    json::object file;
    if (!name.empty()) file["displayName"] = name;
    json::object body;
    body["file"] = std::move(file);
    Call call = carrier::plain_call("POST", "/files", std::move(options));
    call.root = under(endpoint->base_url, "upload");
    call.body = json_exact::write(body);
    call.headers.emplace_back("X-Goog-Upload-Protocol", "resumable");
    call.headers.emplace_back("X-Goog-Upload-Command", "start");
    call.headers.emplace_back("X-Goog-Upload-Header-Content-Length", std::to_string(size));
    call.headers.emplace_back("X-Goog-Upload-Header-Content-Type", type);
    Result<Whole> const whole = co_await carrier::fetch(endpoint, std::move(call));
    if (!whole) co_return whole.error();
    std::string const url(whole->head.headers.find("x-goog-upload-url").value_or(""));
    bool const usable = url.starts_with("https://") || url.starts_with("http://");
    if (!usable) co_return carrier::lacking(whole->head, "an address for the upload");
    co_return url;
}

Task<FileInfo> upload_file(Shared endpoint, FileUpload file, CallOptions options) {
    std::vector<std::string> warnings;
    if (file.expires_after) carrier::left_out(warnings, "expires_after", "files are kept for 48 hours here");
    if (!file.purpose.empty()) carrier::left_out(warnings, "purpose", "files serve any here");
    std::string type = file.media_type.empty() ? carrier::media_type_of(file.name) : file.media_type;
    if (carrier::has_control(type) || type.empty()) {
        co_return carrier::named(fail(Errc::invalid_argument, "The request is wrong: media_type is none."), *endpoint);
    }
    Task<std::string> beginning = begin_upload(endpoint, file.name, std::move(type), file.data.size(), options);
    Result<std::string> url = co_await std::move(beginning);
    if (!url) co_return url.error();
    Call call = carrier::plain_call("POST", "", std::move(options));
    call.url = std::move(*url);
    call.body = std::move(file.data);
    call.content_type = "application/octet-stream";
    call.headers.emplace_back("X-Goog-Upload-Offset", "0");
    call.headers.emplace_back("X-Goog-Upload-Command", "upload, finalize");
    Task<FileInfo> asking = one_file(endpoint, std::move(call), "file");
    Result<FileInfo> info = co_await std::move(asking);
    if (info) info->info.warnings = std::move(warnings);
    co_return info;
}

Task<FileInfo> find_file(Shared endpoint, std::string id, CallOptions options) {
    Result<std::string> path = named_path(*endpoint, "files/", id);
    if (!path) co_return path.error();
    Task<FileInfo> asking = one_file(endpoint, carrier::plain_call("GET", std::move(*path), std::move(options)), "");
    co_return co_await std::move(asking);
}

Task<FileList> list_files(Shared endpoint, std::string purpose, PageQuery page, CallOptions options) {
    std::string path = "/files";
    if (page.limit > 0) carrier::add_query(path, "pageSize", std::to_string(page.limit));
    if (!page.after.empty()) carrier::add_query(path, "pageToken", page.after);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("GET", std::move(path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    Result<std::vector<json::object>> const given = carrier::list_of(*told, "files");
    if (!given) co_return given.error();
    FileList list;
    for (json::object const& one : *given) {
        Result<FileInfo> file = read_file(told->head, one);
        if (!file) co_return file.error();
        list.files.push_back(std::move(*file));
    }
    list.next = carrier::text_of(told->object, "nextPageToken");
    list.info = carrier::describe(*endpoint, told->head, "", Usage());
    if (!purpose.empty()) carrier::left_out(list.info.warnings, "purpose", "files serve any here");
    co_return list;
}

/// Only files that the service made are given back.
Task<FileContent> file_content(Shared endpoint, std::string id, CallOptions options) {
    Result<std::string> const path = named_path(*endpoint, "files/", id);
    if (!path) co_return path.error();
    Call call = carrier::plain_call("GET", *path + ":download?alt=media", std::move(options));
    call.root = under(endpoint->base_url, "download");
    Task<FileContent> asking = carrier::ask_content(endpoint, std::move(call));
    co_return co_await std::move(asking);
}

/// The answer to it is empty.
Task<FileInfo> remove_file(Shared endpoint, std::string id, CallOptions options) {
    Result<std::string> path = named_path(*endpoint, "files/", id);
    if (!path) co_return path.error();
    FileInfo file;
    file.id = path->substr(1);
    Task<Told> asking = carrier::ask(endpoint, carrier::plain_call("DELETE", std::move(*path), std::move(options)));
    Result<Told> const told = co_await std::move(asking);
    if (!told) co_return told.error();
    file.raw = json_exact::write(told->object);
    file.info = carrier::describe(*endpoint, told->head, "", Usage());
    co_return file;
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

std::string under(std::string_view base_url, std::string_view root) {
    std::size_t const host = base_url.find("://") + 3;
    std::size_t const path = std::min(base_url.find('/', host), base_url.size());
    std::string out(base_url.substr(0, path));
    return out.append("/").append(root).append(base_url.substr(path));
}

Result<std::string> named_path(carrier::Endpoint const& endpoint, std::string_view folder, std::string_view id) {
    if (id.starts_with(folder)) id.remove_prefix(folder.size());
    std::string_view const what = folder == "files/" ? "file" : "batch";
    if (Result<void> good = carrier::check_id(endpoint, id, what); !good) return good.error();
    return "/" + std::string(folder) + carrier::escaped(id);
}

std::unique_ptr<FilesApi> make_files(Shared endpoint) {
    return std::make_unique<Files>(std::move(endpoint));
}

}  // namespace aikit::inline v0::provider::gemini
