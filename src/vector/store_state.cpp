// SPDX-License-Identifier: MIT
// vector/store_state.cpp - the indexes of a store, and their upkeep in the background.
#include "core/async.hpp"
#include "vector/sqlite_store.hpp"

#include <boost/asio/post.hpp>

namespace aikit::inline v0::vector {
namespace {

/// So short that what else waits for a cpu thread hardly notices.
constexpr std::chrono::milliseconds slice{10};

std::string image_folder(storage::Database const& database) {
    return database.path().empty() ? std::string() : database.path() + ".vectors";
}

void save_and_tell(LiveIndex& index, Runtime const& runtime) {
    Result<void> const saved = guarded([&] { return index.save(); });
    if (saved) return;
    runtime.log(LogLevel::warning, "vector.image_not_saved",
                [&saved] { return std::vector<LogField>{LogField("error", saved.error().message)}; });
}

}  // namespace

StoreState::StoreState(storage::Database database) : database_(std::move(database)), folder_(image_folder(database_)) {}

StoreState::~StoreState() {
    Runtime const& runtime = database_.runtime();
    if (!runtime.alive()) return;
    for (auto const& [id, index] : indexes_) {
        if (!index->worth_saving()) continue;
        boost::asio::post(runtime.cpu(), [kept = index, runtime] { save_and_tell(*kept, runtime); });
    }
}

std::int64_t StoreState::now() const {
    return storage::to_micros(database_.runtime().clock()->system_now());
}

std::shared_ptr<LiveIndex> StoreState::index_of(CollectionRow const& row) {
    std::lock_guard const lock(mutex_);
    std::shared_ptr<LiveIndex>& index = indexes_[row.id];
    if (!index) index = std::make_shared<LiveIndex>(row, folder_);
    names_[row.config.name] = row.id;
    return index;
}

std::shared_ptr<LiveIndex> StoreState::known_index(std::string const& name) {
    std::lock_guard const lock(mutex_);
    auto const id = names_.find(name);
    if (id == names_.end()) return nullptr;
    auto const index = indexes_.find(id->second);
    return index == indexes_.end() ? nullptr : index->second;
}

void StoreState::drop_index(std::int64_t collection) {
    std::lock_guard const lock(mutex_);
    indexes_.erase(collection);
    std::erase_if(names_, [&](auto const& entry) { return entry.second == collection; });
}

void StoreState::look_after(std::shared_ptr<LiveIndex> const& index) {
    if (!index->unsettled() || !index->begin_upkeep()) return;
    Runtime const runtime = database_.runtime();
    boost::asio::post(runtime.cpu(),
                      [store = weak_from_this(), index, runtime] { upkeep_slice(store, index, runtime); });
}

void StoreState::upkeep_slice(std::weak_ptr<StoreState> const& store, std::shared_ptr<LiveIndex> const& index,
                              Runtime const& runtime) {
    bool more = false;
    Result<void> const done = guarded([&]() -> Result<void> {
        more = !store.expired() && (index->settle(slice) || index->unsettled());
        return ok();
    });
    if (done && more) {
        boost::asio::post(runtime.cpu(), [store, index, runtime] { upkeep_slice(store, index, runtime); });
        return;
    }
    if (done && !store.expired() && index->worth_saving()) save_and_tell(*index, runtime);
    index->end_upkeep();
}

}  // namespace aikit::inline v0::vector
