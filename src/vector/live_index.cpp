// SPDX-License-Identifier: MIT
// vector/live_index.cpp - following the tables, saving images.
#include "vector/live_index.hpp"

#include "core/os/durable_file.hpp"
#include "core/os/os.hpp"

#include <filesystem>

namespace aikit::inline v0::vector {
namespace {

ImageOf identity(CollectionRow const& row) {
    ImageOf of;
    of.collection = row.id;
    of.created = row.created;
    of.dimensions = static_cast<std::size_t>(row.config.dimensions);
    of.metric = row.config.metric;
    return of;
}

}  // namespace

LiveIndex::LiveIndex(CollectionRow const& row, std::string folder)
    : of_(identity(row)), folder_(std::move(folder)), index_(of_.dimensions, of_.metric) {}

std::string image_name(std::int64_t collection, std::int64_t seal) {
    return std::to_string(collection) + "-" + std::to_string(seal) + ".image";
}

std::string LiveIndex::image_path(std::int64_t seal) const {
    return folder_ + "/" + image_name(of_.collection, seal);
}

Result<void> LiveIndex::follow(storage::Connection& db, CollectionRow const& row, bool again) {
    if (!again && index_.change() >= row.change) return ok();
    std::unique_lock<std::mutex> const held = hold();
    return follow_held(db, row, again);
}

Result<void> LiveIndex::follow_held(storage::Connection& db, CollectionRow const& row, bool again) {
    if (!again && index_.change() < 0 && !folder_.empty() && row.image != 0) {
        ImageOf sealed = of_;
        sealed.seal = row.image;
        if (load_image(image_path(row.image), sealed, row.forgotten, row.change, index_))
            saved_change_ = index_.change();
    }
    if (!again && index_.change() >= row.change) return ok();
    Result<Delta> delta = read_delta(db, row, again ? -1 : index_.change());
    if (!delta) return delta.error();
    index_.apply(std::move(*delta));
    return ok();
}

std::vector<Candidate> LiveIndex::search(std::vector<float> const& query, std::size_t top, std::size_t effort) const {
    std::vector<float> const ready = prepared(of_.metric, query);
    std::vector<Candidate> candidates;
    for (Found const& found : index_.search(ready, top, effort)) {
        candidates.emplace_back(found.label, score_of(of_.metric, found.distance));
    }
    return candidates;
}

bool LiveIndex::settle(std::chrono::milliseconds time) {
    std::lock_guard const turn(settling_);
    return index_.settle(time);
}

bool LiveIndex::worth_saving() const {
    return !folder_.empty() && index_.work_done() - saved_work_ >= settle_threshold;
}

bool LiveIndex::differs_from_image() const {
    if (folder_.empty() || index_.size() < settle_threshold) return false;
    return index_.change() != saved_change_ || index_.work_done() != saved_work_;
}

Result<NewImage> LiveIndex::write_image() {
    if (Result<void> made = os::make_folder(folder_); !made) return made.error();
    std::uint64_t random = 0;
    if (!os::random_bytes(&random, sizeof random))
        return fail(Errc::internal, "the system has no random numbers to give");
    NewImage image;
    image.seal = static_cast<std::int64_t>(random >> 1 | 1);
    image.work = index_.work_done();
    ImageOf sealed = of_;
    sealed.seal = image.seal;
    Result<std::int64_t> const change = save_image(image_path(image.seal), sealed, index_);
    if (!change) return change.error();
    image.change = *change;
    return image;
}

void LiveIndex::use_image(NewImage const& image, std::int64_t seal_before) {
    saved_change_ = image.change;
    saved_work_ = image.work;
    std::error_code ignored;
    if (seal_before != 0) std::filesystem::remove(image_path(seal_before), ignored);
}

}  // namespace aikit::inline v0::vector
