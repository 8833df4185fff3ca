// SPDX-License-Identifier: MIT
// vector/store_state.cpp - the indexes of a store, and their upkeep in the background.
#include "core/async.hpp"
#include "vector/sqlite_store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include <filesystem>
#include <set>

namespace aikit::inline v0::vector {
namespace {

/// So short that what else waits for a cpu thread hardly notices.
constexpr std::chrono::milliseconds slice{10};

std::string image_folder(storage::Database const& database) {
    return database.path().empty() ? std::string() : database.path() + ".vectors";
}

/// Younger files may be another process's that is about to enter them.
constexpr std::chrono::hours old_enough{1};

}  // namespace

StoreState::StoreState(storage::Database database) : database_(std::move(database)), folder_(image_folder(database_)) {}

StoreState::~StoreState() {
    if (!database_.runtime().alive()) return;
    for (auto const& [id, index] : indexes_) {
        if (index->worth_saving() && index->begin_upkeep()) save_in_background(database_, index);
    }
}

Task<void> StoreState::save(storage::Database database, std::shared_ptr<LiveIndex> index) {
    std::function<Result<NewImage>()> write = [index] { return index->write_image(); };
    Task<NewImage> writing = run_on<NewImage>(database.runtime().cpu(), std::move(write));
    Result<NewImage> const image = co_await std::move(writing);
    if (!image) co_return image.error();
    std::function<Result<std::int64_t>(storage::Connection&)> seal = [id = index->collection(),
                                                                      number = image->seal](storage::Connection& db) {
        return seal_image(db, id, number);
    };
    Task<std::int64_t> sealing = database.write<std::int64_t>(std::move(seal));
    Result<std::int64_t> const before = co_await std::move(sealing);
    if (!before) co_return before.error();
    index->use_image(*image, *before);
    co_return ok();
}

void StoreState::save_in_background(storage::Database const& database, std::shared_ptr<LiveIndex> const& index) {
    Runtime const runtime = database.runtime();
    auto done = [index, runtime](std::exception_ptr, Result<void> const& saved) {
        index->end_upkeep();
        if (saved) return;
        runtime.log(LogLevel::warning, "vector.image_not_saved",
                    [&saved] { return std::vector<LogField>{LogField("error", saved.error().message)}; });
    };
    boost::asio::co_spawn(runtime.cpu(), guard(save(database, index)), std::move(done));
}

void StoreState::remove_old_images(std::vector<CollectionRow> const& rows) const noexcept {
    namespace fs = std::filesystem;
    (void)guarded([&]() -> Result<void> {
        std::set<std::string> known;
        for (CollectionRow const& row : rows) known.insert(image_name(row.id, row.image));
        std::error_code ignored;
        auto const limit = fs::file_time_type::clock::now() - old_enough;
        for (fs::directory_entry const& entry : fs::directory_iterator(folder_, ignored)) {
            std::string const file = entry.path().filename().string();
            bool const ours = file.find(".image") != std::string::npos;
            if (!ours || known.count(file) != 0) continue;
            if (entry.last_write_time(ignored) < limit) fs::remove(entry.path(), ignored);
        }
        return ok();
    });
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

void StoreState::drop_index(CollectionRow const& row) {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove(folder_ + "/" + image_name(row.id, row.image), ignored);
    std::lock_guard const lock(mutex_);
    indexes_.erase(row.id);
    std::erase_if(names_, [&](auto const& entry) { return entry.second == row.id; });
}

void StoreState::look_after(std::shared_ptr<LiveIndex> const& index) {
    if (!index->unsettled() || !index->begin_upkeep()) return;
    auto slice_of_it = [store = weak_from_this(), index, database = database_] {
        upkeep_slice(store, index, database);
    };
    boost::asio::post(database_.runtime().cpu(), std::move(slice_of_it));
}

void StoreState::upkeep_slice(std::weak_ptr<StoreState> const& store, std::shared_ptr<LiveIndex> const& index,
                              storage::Database const& database) {
    bool more = false;
    Result<void> const done = guarded([&]() -> Result<void> {
        more = !store.expired() && (index->settle(slice) || index->unsettled());
        return ok();
    });
    if (done && more) {
        boost::asio::post(database.runtime().cpu(), [store, index, database] { upkeep_slice(store, index, database); });
    } else if (done && !store.expired() && index->worth_saving()) {
        save_in_background(database, index);
    } else {
        index->end_upkeep();
    }
}

}  // namespace aikit::inline v0::vector
