// SPDX-License-Identifier: MIT
// tests/unit/vector/durability_test.cpp - reopening, sharing, damage, full disks, kills: the answers stay right.
#include "support.hpp"
#include "unit/storage/faulty_vfs.hpp"

#include <atomic>
#include <csignal>
#include <fstream>
#include <iterator>
#include <set>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace aikit::inline v0::vector {
namespace {

namespace fs = std::filesystem;
using Vectors = std::map<std::string, std::vector<float>>;

std::string bytes_of(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void put_bytes(std::string const& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

/// The one image beside a store; empty when there is none.
std::string image_of(std::string const& path) {
    std::string found;
    if (!fs::is_directory(path + ".vectors")) return found;
    for (fs::directory_entry const& entry : fs::directory_iterator(path + ".vectors")) {
        CHECK(found.empty());
        found = entry.path().string();
    }
    return found;
}

Result<void> put(VectorStore& store, std::vector<Item> items) {
    return testing::run(store.upsert("c", std::move(items)));
}

/// The mean part of the true 10 nearest that is found; each hit has to be an item that is there.
double recall(VectorStore& store, Vectors const& truth, std::mt19937& random, int questions) {
    double sum = 0;
    for (int i = 0; i < questions; ++i) {
        std::vector<float> const query = random_vector(random, truth.begin()->second.size());
        Result<std::vector<Hit>> const hits = testing::run(store.search("c", near(query)));
        REQUIRE(hits);
        REQUIRE(hits->size() == std::min<std::size_t>(10, truth.size()));
        std::set<std::string> found;
        for (Hit const& hit : *hits) {
            REQUIRE(truth.count(hit.id) == 1);
            CHECK(hit.score == doctest::Approx(oracle_score(Metric::cosine, query, truth.at(hit.id))).epsilon(1e-4));
            found.insert(hit.id);
        }
        auto const ranking = oracle_ranking(Metric::cosine, truth, query);
        std::size_t hit_count = 0;
        for (std::size_t r = 0; r < found.size(); ++r) hit_count += found.count(ranking[r].second);
        sum += double(hit_count) / double(found.size());
    }
    return sum / questions;
}

/// A store with enough vectors for a graph, checkpointed and closed.
Vectors make_large(std::string const& path, std::mt19937& random, int count = 2'300) {
    OpenStore open(path);
    REQUIRE(testing::run(open.store->open_collection(collection("c", 8))));
    Vectors truth;
    std::vector<Item> items;
    for (int i = 0; i < count; ++i) {
        items.emplace_back("i" + std::to_string(i), random_vector(random, 8), "text");
        truth[items.back().id] = items.back().vector;
    }
    REQUIRE(put(*open.store, items));
    REQUIRE(testing::run(open.store->checkpoint()));
    return truth;
}

}  // namespace

TEST_CASE("any sequence of writes, removals and reopenings by two stores on one file ends as a map would") {
    for (unsigned seed = 1; seed <= 4; ++seed) {
        CAPTURE(seed);
        Scratch folder("sequence");
        std::string const path = folder / "store.db";
        std::mt19937 random(seed);
        std::unique_ptr<OpenStore> handles[2] = {std::make_unique<OpenStore>(path), std::make_unique<OpenStore>(path)};
        REQUIRE(testing::run(handles[0]->store->open_collection(collection("c", 5))));
        Vectors truth;
        std::map<std::string, std::string> texts;
        for (int step = 0; step < 60; ++step) {
            std::unique_ptr<OpenStore>& handle = handles[random() % 2];
            unsigned const what = random() % 10;
            if (what < 6) {
                std::vector<Item> items;
                for (unsigned n = 1 + random() % 20; n > 0; --n) {
                    items.emplace_back(std::to_string(random() % 150), random_vector(random, 5),
                                       "t" + std::to_string(step));
                    truth[items.back().id] = items.back().vector;
                    texts[items.back().id] = items.back().text;
                }
                REQUIRE(put(*handle->store, items));
            } else if (what < 9) {
                std::vector<std::string> ids;
                std::set<std::string> there;
                for (unsigned n = 1 + random() % 30; n > 0; --n) {
                    ids.push_back(std::to_string(random() % 150));
                    if (truth.erase(ids.back()) == 1) there.insert(ids.back());
                    texts.erase(ids.back());
                }
                CHECK(testing::run(handle->store->remove("c", ids)).value() == static_cast<std::int64_t>(there.size()));
            } else {
                handle = std::make_unique<OpenStore>(path);
            }
            VectorStore& asked = *handles[random() % 2]->store;
            CHECK(testing::run(asked.count("c")).value() == static_cast<std::int64_t>(truth.size()));
            if (truth.empty()) continue;
            CHECK(recall(asked, truth, random, 1) == 1);
            std::string const word = "t" + std::to_string(random() % static_cast<unsigned>(step + 1));
            std::set<std::string> expected;
            for (auto const& [id, text] : texts) {
                if (text == word) expected.insert(id);
            }
            std::vector<std::string> const found = ids_of(testing::run(asked.search("c", saying(word, 1'000))).value());
            CHECK(std::set<std::string>(found.begin(), found.end()) == expected);
        }
    }
}

TEST_CASE("a large store answers from its image, and rightly whatever happened to it meanwhile") {
    Scratch folder("large");
    std::string const path = folder / "store.db";
    std::mt19937 random(21);
    Vectors truth = make_large(path, random);
    std::string image = image_of(path);
    REQUIRE(fs::exists(image));
    std::string const first_image = bytes_of(image);
    auto const check_reopened = [&] {
        OpenStore open(path);
        CHECK(recall(*open.store, truth, random, 8) >= 0.95);
    };
    check_reopened();
    CHECK(bytes_of(image) == first_image);

    // Changed by a process that saved no image: an older image and what happened since.
    {
        OpenStore open(path);
        std::vector<Item> items;
        for (int i = 2'000; i < 2'500; i += 5) {
            items.emplace_back("i" + std::to_string(i), random_vector(random, 8), "new");
            truth[items.back().id] = items.back().vector;
        }
        REQUIRE(put(*open.store, items));
        std::vector<std::string> ids;
        for (int i = 0; i < 200; ++i) {
            ids.push_back("i" + std::to_string(i));
            truth.erase(ids.back());
        }
        REQUIRE(testing::run(open.store->remove("c", ids)));
    }
    check_reopened();
    {
        OpenStore open(path);
        REQUIRE(testing::run(open.store->checkpoint()));
        CHECK_FALSE(fs::exists(image));
        image = image_of(path);
        // What is saved is not saved again.
        fs::file_time_type const written = fs::last_write_time(image);
        REQUIRE(testing::run(open.store->checkpoint()));
        CHECK(fs::last_write_time(image) == written);
    }
    check_reopened();
    put_bytes(image, first_image);
    check_reopened();
    fs::remove(image);
    check_reopened();
    fs::remove_all(path + ".vectors");
    put_bytes(path + ".vectors", "a file where the folder should be");
    check_reopened();
    {
        OpenStore open(path);
        CHECK_FALSE(testing::run(open.store->checkpoint()).has_value());
        CHECK(recall(*open.store, truth, random, 3) >= 0.95);
    }
}

TEST_CASE("a damaged image costs time and no answer") {
    Scratch folder("damage");
    std::string const path = folder / "store.db";
    std::mt19937 random(22);
    Vectors const truth = make_large(path, random);
    std::string const image = image_of(path);
    std::string const sound = bytes_of(image);
    for (int round = 0; round < 12; ++round) {
        CAPTURE(round);
        std::string damaged = sound;
        if (round % 3 == 0) damaged.resize(random() % damaged.size());
        if (round % 3 == 1) damaged[random() % damaged.size()] ^= static_cast<char>(1 << random() % 8);
        if (round % 3 == 2) damaged.replace(random() % (damaged.size() - 4'096), 4'096, std::string(4'096, '\x55'));
        put_bytes(image, damaged);
        OpenStore open(path);
        CHECK(recall(*open.store, truth, random, 3) >= 0.95);
    }
}

TEST_CASE("an image from another life of the file misleads nobody") {
    Scratch folder("restored");
    std::string const path = folder / "store.db";
    std::mt19937 random(23);
    Vectors truth = make_large(path, random);
    std::string const copy = bytes_of(path);
    Vectors const truth_of_copy = truth;
    auto const change = [&](int first) {
        OpenStore open(path);
        std::vector<Item> items;
        for (int i = first; i < first + 200; ++i) {
            items.emplace_back("n" + std::to_string(i), random_vector(random, 8), "");
            truth[items.back().id] = items.back().vector;
        }
        // And some are replaced and some removed: an index of this life lacks what another still has.
        for (int i = first / 10; i < first / 10 + 40; ++i) {
            items.emplace_back("i" + std::to_string(i), random_vector(random, 8), "");
            truth[items.back().id] = items.back().vector;
        }
        REQUIRE(put(*open.store, items));
        std::vector<std::string> ids;
        for (int i = first / 10 + 40; i < first / 10 + 80; ++i) {
            ids.push_back("i" + std::to_string(i));
            truth.erase(ids.back());
        }
        REQUIRE(testing::run(open.store->remove("c", ids)));
        REQUIRE(testing::run(open.store->checkpoint()));
    };
    auto const check_all_found = [&](VectorStore& store) {
        int missed = 0;
        int number = 0;
        for (auto const& [id, vector] : truth) {
            // A fifth of them, and all that a life of the file has changed.
            if (++number % 5 != 0 && std::stoi(id.substr(1)) >= 200) continue;
            missed += testing::run(store.search("c", near(vector, 1))).value().front().id == id ? 0 : 1;
        }
        CHECK(missed <= static_cast<int>(truth.size()) / 100);
    };
    change(0);
    std::string const first_image = image_of(path);
    std::string const first_bytes = bytes_of(first_image);
    // The copy comes back, beside an image that knows more than it does.
    fs::remove(path + "-wal");
    fs::remove(path + "-shm");
    put_bytes(path, copy);
    truth = truth_of_copy;
    {
        OpenStore open(path);
        check_all_found(*open.store);
    }
    // And goes another way, with labels that the image gives to other vectors.
    fs::remove_all(path + ".vectors");
    change(1'000);
    put_bytes(image_of(path), first_bytes);
    put_bytes(first_image, first_bytes);
    OpenStore open(path);
    check_all_found(*open.store);
}

TEST_CASE("a graph grows, and is made anew after removals, in the background of searches") {
    Scratch folder("upkeep");
    std::string const path = folder / "store.db";
    std::mt19937 random(24);
    OpenStore open(path);
    REQUIRE(testing::run(open.store->open_collection(collection("c", 8))));
    Vectors truth;
    for (int batch = 0; batch < 5; ++batch) {
        std::vector<Item> items;
        for (int i = 0; i < 500; ++i) {
            items.emplace_back(std::to_string(batch * 500 + i), random_vector(random, 8), "");
            truth[items.back().id] = items.back().vector;
        }
        REQUIRE(put(*open.store, items));
        CHECK(recall(*open.store, truth, random, 2) >= 0.9);
    }
    while (image_of(path).empty()) CHECK(recall(*open.store, truth, random, 1) >= 0.7);
    CHECK(recall(*open.store, truth, random, 20) >= 0.95);
    std::vector<std::string> ids;
    for (int i = 0; i < 2'400; ++i) {
        ids.push_back(std::to_string(i));
        truth.erase(ids.back());
    }
    CHECK(testing::run(open.store->remove("c", ids)).value() == 2'400);
    CHECK(recall(*open.store, truth, random, 5) >= 0.9);
    REQUIRE(testing::run(open.store->checkpoint()));
    CHECK(recall(*open.store, truth, random, 5) >= 0.9);
}

TEST_CASE("more removals than are remembered make the graph anew, not wrong") {
    Scratch folder("forgotten");
    std::string const path = folder / "store.db";
    std::mt19937 random(25);
    OpenStore reader(path);
    OpenStore writer(path);
    REQUIRE(testing::run(writer.store->open_collection(collection("c", 3))));
    Vectors truth;
    for (int round = 0; round < 24; ++round) {
        std::vector<Item> items;
        for (int i = 0; i < 450; ++i) {
            items.emplace_back(std::to_string(i), random_vector(random, 3), "");
            truth[items.back().id] = items.back().vector;
        }
        REQUIRE(put(*writer.store, items));
        if (round == 0 || round == 23) CHECK(recall(*reader.store, truth, random, 3) == 1);
    }
    std::function<Result<std::int64_t>(storage::Connection&)> count =
        [](storage::Connection& db) -> Result<std::int64_t> {
        storage::Statement ask(db, "SELECT count(*) FROM removed");
        ask.step();
        return ask.integer(0);
    };
    CHECK(testing::run(writer.database.read<std::int64_t>(count)).value() <= 8'192 + 450);
}

TEST_CASE("a full or broken disk refuses whole writes, and what was acknowledged is found") {
    Scratch folder("vector_fault");
    storage::FaultyDisk disk;
    int runs = 0;
    for (storage::Fault const fault : {storage::Fault::full, storage::Fault::broken_once}) {
        for (std::int64_t n = 1; n < 200; n += 1 + n / 3) {
            CAPTURE(n);
            std::string const path = folder / ("f" + std::to_string(runs++) + ".db");
            std::mt19937 random(static_cast<unsigned>(n));
            Vectors truth;
            {
                OpenStore open(path);
                REQUIRE(testing::run(open.store->open_collection(collection("c", 4))));
                disk.fail(fault, n);
                for (int batch = 0; batch < 8; ++batch) {
                    std::vector<Item> items;
                    for (int i = 0; i < 20; ++i) {
                        items.emplace_back(std::to_string(batch * 10 + i), random_vector(random, 4), "word");
                    }
                    Result<void> const written = put(*open.store, items);
                    if (!written) CHECK(written.error().code == Errc::storage);
                    if (!written) continue;
                    for (Item const& item : items) truth[item.id] = item.vector;
                }
                disk.fail(storage::Fault::none, 0);
                CHECK(testing::run(open.store->count("c")).value() == static_cast<std::int64_t>(truth.size()));
                if (!truth.empty()) CHECK(recall(*open.store, truth, random, 1) == 1);
            }
            OpenStore again(path);
            CHECK(testing::run(again.store->count("c")).value() == static_cast<std::int64_t>(truth.size()));
            if (!truth.empty()) CHECK(recall(*again.store, truth, random, 2) == 1);
            CHECK(testing::run(again.store->search("c", saying("word", 1'000))).value().size() == truth.size());
        }
    }
}

TEST_CASE("killed at any moment, a process has kept every item that it acknowledged, whole") {
    Scratch folder("vector_killed");
    std::string const path = folder / "store.db";
    std::mt19937 random(20240608);
    std::int64_t acknowledged = 0;
    for (int round = 0; round < 12; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        pid_t const child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            std::string const first = std::to_string(acknowledged);
            ::dup2(ends[1], 1);
            ::close(ends[0]);
            ::execl(AIKIT_KILLED_UPSERT, AIKIT_KILLED_UPSERT, path.c_str(), first.c_str(), static_cast<char*>(nullptr));
            ::_exit(127);
        }
        ::close(ends[1]);
        std::size_t const enough = 1 + random() % 40;
        std::size_t seen = 0;
        std::int64_t last = 0;
        while (seen < enough && ::read(ends[0], &last, sizeof last) == sizeof last) {
            acknowledged = last;
            ++seen;
        }
        ::kill(child, SIGKILL);
        while (::read(ends[0], &last, sizeof last) == sizeof last) acknowledged = last;
        ::close(ends[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFSIGNALED(status));
        REQUIRE(seen == enough);

        // Item n says "number n" and lies at the angle of n.
        OpenStore open(path);
        std::int64_t const count = testing::run(open.store->count("c")).value();
        CHECK(count >= acknowledged);
        CHECK(count % 10 == 0);
        for (int i = 0; i < 20; ++i) {
            std::int64_t const n = 1 + static_cast<std::int64_t>(random() % static_cast<unsigned>(acknowledged));
            std::string const id = std::to_string(n);
            std::vector<Item> const items = testing::run(open.store->get("c", {id})).value();
            REQUIRE(items.size() == 1);
            CHECK(testing::run(open.store->search("c", saying("number" + id))).value().front().id == id);
            CHECK(testing::run(open.store->search("c", near(items.front().vector, 1))).value().front().id == id);
        }
    }
}

TEST_CASE("searches go on while several write and remove, and find only what is or was there") {
    Scratch folder("vector_threads");
    std::string const path = folder / "store.db";
    OpenStore open(path);
    VectorStore& store = *open.store;
    REQUIRE(testing::run(store.open_collection(collection("c", 6))));
    std::vector<Item> fixed;
    std::mt19937 random(5);
    for (int i = 0; i < 2'100; ++i) fixed.emplace_back("fixed" + std::to_string(i), random_vector(random, 6), "still");
    REQUIRE(put(store, fixed));
    std::atomic<bool> stop{false};
    std::atomic<int> failures{0};
    std::vector<std::thread> threads;
    for (unsigned t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 own(t);
            for (int step = 0; step < 40; ++step) {
                std::vector<Item> items;
                std::vector<std::string> ids;
                for (int i = 0; i < 10; ++i) {
                    std::string const id = "moving" + std::to_string(own() % 200);
                    items.emplace_back(id, random_vector(own, 6), "moving");
                    ids.push_back("moving" + std::to_string(own() % 200));
                }
                if (!testing::run(store.upsert("c", items))) ++failures;
                if (!testing::run(store.remove("c", ids))) ++failures;
            }
        });
    }
    for (unsigned t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            std::mt19937 own(100 + t);
            while (!stop) {
                Result<std::vector<Hit>> const hits = testing::run(store.search("c", near(random_vector(own, 6))));
                if (!hits || hits->size() != 10) ++failures;
                HybridQuery query;
                query.text = "moving still";
                query.vector = random_vector(own, 6);
                if (!testing::run(store.hybrid_search("c", query))) ++failures;
            }
        });
    }
    threads[0].join();
    threads[1].join();
    stop = true;
    threads[2].join();
    threads[3].join();
    CHECK(failures == 0);
    REQUIRE(testing::run(store.checkpoint()));
}

}  // namespace aikit::inline v0::vector
