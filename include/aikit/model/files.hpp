// SPDX-License-Identifier: MIT
// aikit/model/files.hpp - files kept at a provider, for messages, batches and training.
#ifndef AIKIT_MODEL_FILES_HPP
#define AIKIT_MODEL_FILES_HPP

#include <aikit/model/job.hpp>

#include <optional>
#include <string>
#include <vector>

namespace aikit::inline v0 {

struct FileUpload {
    FileUpload() = default;

    std::string name;                           ///< "notes.pdf"
    std::string data;                           ///< All of it.
    std::string media_type;                     ///< "application/pdf". Empty: by the name's end.
    std::string purpose;                        ///< "batch", "fine-tune", "user_data", where a provider asks for it.
    std::optional<std::int64_t> expires_after;  ///< Seconds it is kept, where that can be chosen.
};

enum class FileStatus {
    unknown,     ///< Not told, or a word aikit does not know.
    processing,  ///< Cannot be used yet.
    ready,
    failed,
};

/// "unknown", "processing", ... Static storage.
AIKIT_EXPORT char const* name(FileStatus status) noexcept;

/// A file as the provider has it. Times are seconds since 1970; 0: not told.
struct FileInfo {
    FileInfo() = default;

    std::string id;  ///< What messages and jobs name it by.
    std::string name;
    std::int64_t size = 0;  ///< Bytes.
    std::string media_type;
    std::string purpose;
    FileStatus status = FileStatus::unknown;
    std::string status_text;  ///< The provider's own word.
    std::string uri;          ///< Where messages name it by an address (Gemini).
    std::int64_t created = 0;
    std::int64_t expires = 0;
    std::string raw;  ///< The provider's own words: its object, as JSON.
    CallInfo info;
};

struct FileList {
    FileList() = default;

    std::vector<FileInfo> files;
    std::string next;  ///< What PageQuery::after asks for the next page with. Empty: this was the last.
    CallInfo info;
};

struct FileContent {
    FileContent() = default;

    std::string data;
    std::string media_type;
    CallInfo info;
};

/// Files of a provider, from AIProvider::files().
///
/// Ownership: lives as long as its provider; Tasks keep alive what they need.
/// Thread-safety: shared objects: safe. Errors of every operation: as AIProvider's.
class AIKIT_EXPORT FilesApi {
public:
    virtual ~FilesApi();

    virtual Task<FileInfo> upload(FileUpload file, CallOptions options) = 0;
    virtual Task<FileInfo> find(std::string id, CallOptions options) = 0;

    /// `purpose` empty: of any.
    virtual Task<FileList> list(std::string purpose, PageQuery page, CallOptions options) = 0;

    /// What is in it, at most as much as a reply may be. Errors: permission, unsupported (uploads that are not given
    /// back), protocol (too large).
    virtual Task<FileContent> content(std::string id, CallOptions options) = 0;

    /// What it deleted. Errors: not_found.
    virtual Task<FileInfo> remove(std::string id, CallOptions options) = 0;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_FILES_HPP
