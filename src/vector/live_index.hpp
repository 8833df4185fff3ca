// SPDX-License-Identifier: MIT
// vector/live_index.hpp - the index of one collection as it follows the tables, and its image on disk.
#ifndef AIKIT_SRC_VECTOR_LIVE_INDEX_HPP
#define AIKIT_SRC_VECTOR_LIVE_INDEX_HPP

#include "vector/image.hpp"
#include "vector/ranking.hpp"
#include "vector/rows.hpp"

#include <mutex>
#include <string>

namespace aikit::inline v0::vector {

/// An image that was just written.
struct NewImage {
    NewImage() = default;

    std::int64_t seal = 0;
    std::int64_t change = 0;
    std::uint64_t work = 0;
};

/// "<collection>-<seal>.image".
std::string image_name(std::int64_t collection, std::int64_t seal);

/// The tables are the truth; this is brought up to date from them before each search, whoever wrote: this process or
/// another. Thread-safety: shared objects: safe; calls may read files and take as long as loading the collection.
class LiveIndex {
public:
    /// `folder`: where images are, empty for none.
    LiveIndex(CollectionRow const& row, std::string folder);

    std::int64_t collection() const noexcept { return of_.collection; }

    /// While it is held, nobody else brings the index further than the holder's own reading.
    std::unique_lock<std::mutex> hold() { return std::unique_lock(advance_); }

    /// Brings the index to `row.change` at least. `again`: from the tables alone, whatever is there.
    Result<void> follow(storage::Connection& db, CollectionRow const& row, bool again);

    /// With hold().
    Result<void> follow_held(storage::Connection& db, CollectionRow const& row, bool again);

    std::vector<Candidate> search(std::vector<float> const& query, std::size_t top, std::size_t effort) const;

    bool unsettled() const { return index_.unsettled(); }

    /// See Index::settle; callers take turns.
    bool settle(std::chrono::milliseconds time);

    /// Whether an image written now would save much work at the next open.
    bool worth_saving() const;

    /// Whether an image written now would differ from the last one, and be of use.
    bool differs_from_image() const;

    /// Writes an image beside those there are; until use_image() nobody loads it. Errors: those of save_image.
    Result<NewImage> write_image();

    /// After the tables have its seal.
    void use_image(NewImage const& image, std::int64_t seal_before);

    /// True for the caller that is to look after it in the background, until it says done.
    bool begin_upkeep() noexcept { return !upkeep_.exchange(true); }
    void end_upkeep() noexcept { upkeep_ = false; }

private:
    std::string image_path(std::int64_t seal) const;

    ImageOf const of_;
    std::string const folder_;
    Index index_;
    std::mutex advance_;
    std::mutex settling_;
    std::atomic<bool> upkeep_{false};
    std::atomic<std::uint64_t> saved_work_{0};
    std::atomic<std::int64_t> saved_change_{-1};
};

}  // namespace aikit::inline v0::vector

#endif  // AIKIT_SRC_VECTOR_LIVE_INDEX_HPP
