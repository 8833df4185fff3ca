// SPDX-License-Identifier: MIT
// vector/live_index.cpp - following the tables, saving images.
#include "vector/live_index.hpp"

#include "core/os/durable_file.hpp"

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

std::string LiveIndex::image_path(std::string const& folder, std::int64_t collection) {
    return folder + "/" + std::to_string(collection) + ".image";
}

Result<void> LiveIndex::follow(storage::Connection& db, CollectionRow const& row, bool again) {
    if (!again && index_.change() >= row.change) return ok();
    std::unique_lock<std::mutex> const held = hold();
    return follow_held(db, row, again);
}

Result<void> LiveIndex::follow_held(storage::Connection& db, CollectionRow const& row, bool again) {
    if (!again && index_.change() < 0 && !folder_.empty()) {
        std::string const path = image_path(folder_, of_.collection);
        if (load_image(path, of_, row.forgotten, row.change, index_)) saved_change_ = index_.change();
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

Result<void> LiveIndex::save() {
    std::lock_guard const turn(saving_);
    if (Result<void> made = os::make_folder(folder_); !made) return made;
    os::remove_stale(folder_, ".image.new.");
    std::uint64_t const work = index_.work_done();
    Result<std::int64_t> const change = save_image(image_path(folder_, of_.collection), of_, index_);
    if (!change) return change.error();
    saved_change_ = *change;
    saved_work_ = work;
    return ok();
}

}  // namespace aikit::inline v0::vector
