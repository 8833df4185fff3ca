// SPDX-License-Identifier: MIT
// tests/unit/storage/killed_writer.cpp - writes rows until it is killed; each id goes to standard output, as 8 bytes,
// once its row is acknowledged.
#include "storage/connection.hpp"

#include <aikit/storage/database.hpp>
#include <aikit/testing/run.hpp>

#include <cstdlib>
#include <memory>
#include <semaphore.h>
#include <unistd.h>

namespace {

using namespace aikit;
using namespace aikit::storage;

int write_until_killed(char const* path, std::int64_t id) {
    Result<Runtime> runtime = Runtime::create();
    if (!runtime) return 2;
    DatabaseConfig config;
    config.path = path;
    Result<Database> db = testing::run(Database::open(*runtime, config));
    if (!db) return 3;
    std::function<Result<void>(Connection&)> make = [](Connection& c) {
        return c.script("CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, body TEXT) STRICT");
    };
    Result<void> made = testing::run(db->write<void>(make));
    if (!made) return 4;
    sem_t room;
    sem_init(&room, 0, 16);
    for (;;) {
        sem_wait(&room);
        std::int64_t const row = ++id;
        db->post_write(
            [row](Connection& c) {
                Statement add(c, "INSERT INTO note (id, body) VALUES ($1, $2)");
                return add.bind(1, row).bind(2, std::string(static_cast<std::size_t>(row % 700), 'k')).run();
            },
            [row, &room](Result<void> done) {
                if (done && ::write(1, &row, sizeof row) != sizeof row) std::_Exit(5);
                sem_post(&room);
            });
    }
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 1;
    return write_until_killed(arguments[1], std::atoll(arguments[2]));
}
