// SPDX-License-Identifier: MIT
// tests/unit/vector/killed_upsert.cpp - upserts ten items at a time until it is killed, removing and replacing on the
// way; the number of the last item goes to standard output, as 8 bytes, once it is acknowledged.
#include <aikit/testing/run.hpp>
#include <aikit/vector/store.hpp>

#include <cmath>
#include <cstdlib>
#include <unistd.h>

namespace {

using namespace aikit;
using namespace aikit::vector;

Item numbered(std::int64_t n) {
    auto const angle = static_cast<float>(n) * 0.001F;
    return Item(std::to_string(n), {std::cos(angle), std::sin(angle), 1.0F / static_cast<float>(n)},
                "number" + std::to_string(n));
}

int upsert_until_killed(char const* path, std::int64_t last) {
    Result<Runtime> runtime = Runtime::create();
    if (!runtime) return 2;
    storage::DatabaseConfig config;
    config.path = path;
    Result<storage::Database> db = testing::run(storage::Database::open(*runtime, config));
    if (!db) return 3;
    std::shared_ptr<VectorStore> const store = make_sqlite_store(*db).value();
    CollectionConfig collection;
    collection.name = "c";
    collection.dimensions = 3;
    if (!testing::run(store->open_collection(collection))) return 4;
    for (;;) {
        std::vector<Item> items;
        for (int i = 0; i < 10; ++i) items.push_back(numbered(++last));
        if (!testing::run(store->upsert("c", items))) return 5;
        if (::write(1, &last, sizeof last) != sizeof last) return 6;
        std::vector<Item> const again(1, numbered(last / 2 + 1));
        if (!testing::run(store->upsert("c", again))) return 7;
        if (last % 50 == 0 && !testing::run(store->checkpoint())) return 8;
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 1;
    return upsert_until_killed(arguments[1], std::atoll(arguments[2]));
}
