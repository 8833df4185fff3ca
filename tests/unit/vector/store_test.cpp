// SPDX-License-Identifier: MIT
// tests/unit/vector/store_test.cpp - the store's promises, call by call.
#include "support.hpp"
#include "vector/keywords.hpp"

#include <limits>
#include <set>

namespace aikit::inline v0::vector {
namespace {

struct Fixture {
    Scratch folder{"vector_store"};
    OpenStore open{folder / "store.db"};
    VectorStore& store = *open.store;

    void make(std::string const& name, int dimensions, Metric metric = Metric::cosine) {
        REQUIRE(testing::run(store.open_collection(collection(name, dimensions, metric))));
    }
    Result<void> put(std::string const& name, std::vector<Item> items) {
        return testing::run(store.upsert(name, std::move(items)));
    }
    std::vector<Hit> find(std::string const& name, DenseQuery query) {
        return testing::run(store.search(name, std::move(query))).value();
    }
    std::vector<Hit> find(std::string const& name, SparseQuery query) {
        return testing::run(store.search(name, std::move(query))).value();
    }
    std::int64_t rows(char const* sql) {
        std::function<Result<std::int64_t>(storage::Connection&)> work =
            [sql](storage::Connection& db) -> Result<std::int64_t> {
            storage::Statement ask(db, sql);
            ask.step();
            std::int64_t const value = ask.integer(0);
            if (Result<void> done = ask.done(); !done) return done.error();
            return value;
        };
        return testing::run(open.database.read<std::int64_t>(work)).value();
    }
};

template <class T>
void check_refused(Result<T> const& result, char const* named) {
    REQUIRE_FALSE(result.has_value());
    CHECK(result.error().code == Errc::invalid_argument);
    CAPTURE(result.error().message);
    CHECK(result.error().message.find(named) != std::string::npos);
}

/// BM25 by its formula, over plain lists of words.
std::map<std::string, double> bm25_oracle(std::map<std::string, std::string> const& texts, std::string const& query) {
    std::map<std::string, std::vector<std::string>> words;
    double total = 0;
    for (auto const& [id, text] : texts) {
        std::vector<std::string> list = keywords(text);
        if (list.empty()) continue;
        total += double(list.size());
        words[id] = std::move(list);
    }
    double const average = total / double(words.size());
    std::map<std::string, double> scores;
    for (std::string const& term : keywords(query)) {
        double with_term = 0;
        for (auto const& [id, list] : words) with_term += std::count(list.begin(), list.end(), term) > 0 ? 1 : 0;
        double const idf = std::log(1 + (double(words.size()) - with_term + 0.5) / (with_term + 0.5));
        for (auto const& [id, list] : words) {
            double const f = double(std::count(list.begin(), list.end(), term));
            if (f > 0) scores[id] += idf * f / (f + 1.2 * (1 - 0.75 + 0.75 * double(list.size()) / average));
        }
    }
    return scores;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "what is written is found, replaced and removed") {
    make("c", 3);
    Item first("a", {1, 0, 0}, "red apples");
    first.metadata = R"({"page":3})";
    REQUIRE(put("c", {first, Item("b", {0, 1, 0}, "green pears"), Item("t", {}, "only apples in words")}));

    std::vector<Hit> hits = find("c", near({1, 0.1F, 0}));
    REQUIRE(hits.size() == 2);
    CHECK(hits[0].id == "a");
    CHECK(hits[0].text == "red apples");
    CHECK(hits[0].metadata == R"({"page":3})");
    CHECK(hits[0].score == doctest::Approx(1 / std::sqrt(1.01)));
    CHECK(hits[1].metadata == "{}");
    CHECK(ids_of(find("c", saying("apple"))) == std::vector<std::string>{"a", "t"});
    CHECK(testing::run(store.count("c")).value() == 3);

    REQUIRE(put("c", {Item("a", {0, 0, 1}, "blue plums")}));
    CHECK(testing::run(store.count("c")).value() == 3);
    CHECK(find("c", near({0, 0, 1}, 1)).front().text == "blue plums");
    CHECK(ids_of(find("c", saying("apple"))) == std::vector<std::string>{"t"});

    CHECK(testing::run(store.remove("c", {"a", "nobody", "t", "t"})).value() == 2);
    CHECK(testing::run(store.count("c")).value() == 1);
    CHECK(ids_of(find("c", near({0, 0, 1}))) == std::vector<std::string>{"b"});
    CHECK(find("c", saying("apple plum")).empty());
    CHECK(rows("SELECT count(*) FROM item_length") == 1);
    CHECK(rows("SELECT count(*) FROM item_term") == 2);
}

TEST_CASE_FIXTURE(Fixture, "the same id twice in one call means the later one") {
    make("c", 2);
    REQUIRE(put("c", {Item("a", {1, 0}, "first"), Item("b", {1, 0}, "other"), Item("a", {0, 1}, "second")}));
    CHECK(testing::run(store.count("c")).value() == 2);
    CHECK(find("c", near({0, 1}, 1)).front().text == "second");
    CHECK(find("c", saying("first")).empty());
}

TEST_CASE_FIXTURE(Fixture, "items come back by id, in the order asked for, as they were written") {
    make("c", 2, Metric::dot);
    Item odd("caf\xc3\xa9 \xf0\x9f\x8d\x8e", {-3.25F, 1e-20F}, std::string("a\0b", 3));
    odd.metadata = "{ \"k\" : [1, null] }";
    REQUIRE(put("c", {odd, Item("x", {}, ""), Item("y", {5, 6}, "text")}));
    std::vector<Item> const items = testing::run(store.get("c", {"y", "missing", odd.id, "x"})).value();
    REQUIRE(items.size() == 3);
    CHECK(items[0].id == "y");
    CHECK(items[1].id == odd.id);
    CHECK(items[1].vector == odd.vector);
    CHECK(items[1].text == odd.text);
    CHECK(items[1].metadata == odd.metadata);
    CHECK(items[2].vector.empty());
    CHECK(items[2].metadata == "{}");
}

TEST_CASE_FIXTURE(Fixture, "as many hits come as were asked for or as there are") {
    for (Metric const metric : {Metric::cosine, Metric::dot, Metric::l2}) {
        std::string const name = vector::name(metric);
        make(name, 4, metric);
        CHECK(find(name, near({1, 2, 3, 4}, 5)).empty());
        std::mt19937 random(3);
        std::map<std::string, std::vector<float>> truth;
        std::vector<Item> items;
        for (int i = 0; i < 30; ++i) {
            items.emplace_back("i" + std::to_string(i), random_vector(random, 4), "");
            truth[items.back().id] = items.back().vector;
        }
        items.emplace_back("text only", std::vector<float>(), "words");
        REQUIRE(put(name, items));
        for (int const top : {1, 7, 30, 31, 1'000'000}) {
            std::vector<float> const query = random_vector(random, 4);
            std::vector<Hit> const hits = find(name, near(query, top));
            auto const ranking = oracle_ranking(metric, truth, query);
            REQUIRE(hits.size() == std::min<std::size_t>(30, static_cast<std::size_t>(top)));
            for (std::size_t i = 0; i < hits.size(); ++i) {
                CHECK(hits[i].id == ranking[i].second);
                CHECK(hits[i].score == doctest::Approx(ranking[i].first).epsilon(1e-4));
            }
        }
    }
}

TEST_CASE_FIXTURE(Fixture, "equal scores come in the order of their ids") {
    make("c", 2);
    std::vector<Item> items;
    for (int i = 40; i-- > 0;)
        items.emplace_back("id" + std::to_string(i + 10), std::vector<float>{1, 1}, "same words");
    REQUIRE(put("c", items));
    std::vector<std::string> expected;
    for (int i = 10; i < 17; ++i) expected.push_back("id" + std::to_string(i));
    CHECK(ids_of(find("c", near({1, 1}, 7))) == expected);
    CHECK(ids_of(find("c", saying("words", 7))) == expected);
}

TEST_CASE_FIXTURE(Fixture, "a collection is made once and must agree with what asks for it") {
    CollectionConfig config = collection("kb/docs", 3, Metric::dot);
    config.model = "openai/one";
    REQUIRE(testing::run(store.open_collection(config)));
    REQUIRE(testing::run(store.open_collection(config)));
    CollectionConfig other = config;
    other.model.clear();
    CHECK(testing::run(store.open_collection(other)));
    other.model = "openai/two";
    check_refused(testing::run(store.open_collection(other)), "CollectionConfig::model");
    other = config;
    other.dimensions = 4;
    check_refused(testing::run(store.open_collection(other)), "CollectionConfig::dimensions");
    other = config;
    other.metric = Metric::l2;
    check_refused(testing::run(store.open_collection(other)), "CollectionConfig::metric");

    for (std::string const& name : {std::string(), std::string(201, 'n'), std::string("bad\xff")}) {
        check_refused(testing::run(store.open_collection(collection(name, 3))), "CollectionConfig::name");
    }
    for (int const dimensions : {-1, 65'536}) {
        check_refused(testing::run(store.open_collection(collection("x", dimensions))), "CollectionConfig::dimensions");
    }
    std::vector<CollectionInfo> const all = testing::run(store.collections()).value();
    REQUIRE(all.size() == 1);
    CHECK(all[0].config.name == "kb/docs");
    CHECK(all[0].config.model == "openai/one");
    CHECK(all[0].config.dimensions == 3);
    CHECK(all[0].config.metric == Metric::dot);
    CHECK(all[0].items == 0);
}

TEST_CASE_FIXTURE(Fixture, "a collection that is not there is not_found everywhere") {
    auto const missing = [](auto const& result) { return !result && result.error().code == Errc::not_found; };
    CHECK(missing(put("none", {Item("a", {1}, "")})));
    CHECK(missing(put("none", {})));
    CHECK(missing(testing::run(store.remove("none", {"a"}))));
    CHECK(missing(testing::run(store.get("none", {"a"}))));
    CHECK(missing(testing::run(store.count("none"))));
    CHECK(missing(testing::run(store.search("none", near({1})))));
    CHECK(missing(testing::run(store.search("none", saying("word")))));
    HybridQuery hybrid;
    hybrid.text = "word";
    CHECK(missing(testing::run(store.hybrid_search("none", hybrid))));
    CHECK(missing(testing::run(store.search_like("none", "a", 3))));
    CHECK(missing(testing::run(store.drop_collection("none"))));
}

TEST_CASE_FIXTURE(Fixture, "an item that cannot be stored is named, and nothing of its call is written") {
    make("c", 2);
    make("texts", 0);
    make("dot", 2, Metric::dot);
    float const nan = std::numeric_limits<float>::quiet_NaN();
    float const infinity = std::numeric_limits<float>::infinity();
    Item const good("good", {1, 1}, "text");
    auto const refuse = [&](Item bad, char const* named, char const* where = "c") {
        check_refused(put(where, {good, bad, good}), named);
        CHECK(testing::run(store.count(where)).value() == 0);
    };
    refuse(Item("", {1, 1}, ""), "items[1].id");
    refuse(Item(std::string(1'001, 'i'), {1, 1}, ""), "items[1].id");
    refuse(Item("\xc3", {1, 1}, ""), "items[1].id");
    refuse(Item("a", {1, 1}, "\xed\xa0\x80"), "items[1].text");
    refuse(Item("a", {1}, ""), "items[1].vector");
    refuse(Item("a", {1, 2, 3}, ""), "items[1].vector");
    refuse(Item("a", {1, nan}, ""), "items[1].vector[1]");
    refuse(Item("a", {-infinity, 1}, ""), "items[1].vector[0]");
    refuse(Item("a", {2e15F, 1}, ""), "items[1].vector[0]");
    refuse(Item("a", {0, -0.0F}, ""), "items[1].vector");
    check_refused(put("texts", {Item("a", {1}, "")}), "items[0].vector");
    for (char const* metadata : {"[1]", "7", "{", "{\"a\":1,}", "null", "{\"a\":\"\xff\"}"}) {
        Item bad("a", {1, 1}, "");
        bad.metadata = metadata;
        refuse(bad, "items[1].metadata");
    }
    // A zero vector has a place where only sums matter.
    CHECK(put("dot", {Item("zero", {0, 0}, "")}));
    CHECK(put("texts", {Item("a", {}, "some text")}));
}

TEST_CASE_FIXTURE(Fixture, "a query that cannot be answered is named") {
    make("c", 2);
    make("texts", 0);
    float const nan = std::numeric_limits<float>::quiet_NaN();
    check_refused(testing::run(store.search("c", near({1, 1}, 0))), "DenseQuery::top");
    check_refused(testing::run(store.search("c", near({1}))), "DenseQuery::vector");
    check_refused(testing::run(store.search("c", near({1, nan}))), "DenseQuery::vector[1]");
    check_refused(testing::run(store.search("c", near({0, 0}))), "DenseQuery::vector");
    check_refused(testing::run(store.search("texts", near({}))), "DenseQuery::vector");
    DenseQuery effort = near({1, 1});
    effort.effort = -1;
    check_refused(testing::run(store.search("c", effort)), "DenseQuery::effort");
    check_refused(testing::run(store.search("c", saying("word", -1))), "SparseQuery::top");
    check_refused(testing::run(store.search("c", saying("\xff"))), "SparseQuery::text");
    HybridQuery hybrid;
    check_refused(testing::run(store.hybrid_search("c", hybrid)), "HybridQuery");
    hybrid.text = "word";
    hybrid.dense_weight = nan;
    check_refused(testing::run(store.hybrid_search("c", hybrid)), "HybridQuery::dense_weight");
    hybrid.dense_weight = 0.5;
    hybrid.rrf_constant = 0;
    check_refused(testing::run(store.hybrid_search("c", hybrid)), "HybridQuery::rrf_constant");
    hybrid.rrf_constant = 60;
    hybrid.candidates = -1;
    check_refused(testing::run(store.hybrid_search("c", hybrid)), "HybridQuery::candidates");
    hybrid.candidates = 0;
    hybrid.vector = {1, 2, 3};
    check_refused(testing::run(store.hybrid_search("c", hybrid)), "HybridQuery::vector");
    check_refused(testing::run(store.search_like("c", "a", 0)), "top");
}

TEST_CASE_FIXTURE(Fixture, "keyword scores are BM25 of the collection alone, also after changes") {
    std::vector<std::string> const vocabulary = {"wing",     "flow",  "heat",  "jet",  "the",
                                                 "boundary", "layer", "shock", "wings"};
    std::mt19937 random(17);
    make("one", 0);
    make("two", 0);
    std::map<std::string, std::map<std::string, std::string>> texts;
    auto const some_text = [&] {
        std::string text;
        for (std::size_t n = random() % 12; n > 0; --n) text += vocabulary[random() % vocabulary.size()] + " ";
        return text;
    };
    for (int step = 0; step < 120; ++step) {
        std::string const where = random() % 2 == 0 ? "one" : "two";
        std::string const id = std::to_string(random() % 40);
        if (random() % 4 == 0) {
            REQUIRE(testing::run(store.remove(where, {id})));
            texts[where].erase(id);
        } else {
            std::string const text = some_text();
            REQUIRE(put(where, {Item(id, {}, text)}));
            texts[where][id] = text;
        }
        if (step % 6 != 5) continue;
        std::string const query = some_text();
        std::map<std::string, double> const expected = bm25_oracle(texts[where], query);
        std::vector<Hit> const hits = find(where, saying(query, 1'000));
        REQUIRE(hits.size() == expected.size());
        for (std::size_t i = 0; i < hits.size(); ++i) {
            CHECK(hits[i].score == doctest::Approx(expected.at(hits[i].id)).epsilon(1e-9));
            if (i > 0) CHECK(hits[i - 1].score >= hits[i].score);
        }
    }
}

TEST_CASE_FIXTURE(Fixture, "nothing in the words of a query is an operator") {
    make("c", 0);
    REQUIRE(put("c", {Item("a", {}, "alpha beta"), Item("b", {}, "beta gamma"), Item("n", {}, "near or and not")}));
    std::vector<std::string> const plain = ids_of(find("c", saying("alpha gamma")));
    REQUIRE(plain.size() == 2);
    for (char const* text : {"alpha AND gamma", "alpha NOT gamma", "\"alpha\" \"gamma\"", "alpha* gamma^2",
                             "{words}: alpha + gamma", "alpha' OR 1=1; --gamma", "(alpha gamma", "-alpha -gamma",
                             "words:alpha words:gamma", "%alpha_gamma%", "alpha\ngamma\t", "ALPHA,GAMMA"}) {
        CAPTURE(text);
        CHECK(ids_of(find("c", saying(text))) == plain);
    }
    for (char const* text : {"", " ", "the of and", "\"", "'", "*", "\xe2\x80\x94", "zeta", "1_alpha"}) {
        CAPTURE(text);
        std::vector<Hit> const hits = find("c", saying(text));
        CHECK(hits.size() == (std::string(text) == "1_alpha" ? 1 : 0));
    }
    CHECK(ids_of(find("c", saying("NEAR(alpha gamma)"))).size() == 3);
    CHECK(find("c", saying(std::string(200'000, 'x'))).empty());
}

TEST_CASE_FIXTURE(Fixture, "hybrid search shows what each leg gave, and one leg alone is enough") {
    make("c", 2);
    REQUIRE(put("c", {Item("both", {1, 0}, "apple tree"), Item("near", {1, 0.1F}, "pear"),
                      Item("word", {0, 1}, "apple"), Item("text", {}, "apple apple pie")}));
    HybridQuery query;
    query.text = "apple";
    query.vector = {1, 0};
    for (Fusion const fusion : {Fusion::weighted, Fusion::rrf}) {
        query.fusion = fusion;
        std::vector<Hit> const hits = testing::run(store.hybrid_search("c", query)).value();
        REQUIRE(hits.size() == 4);
        CHECK(hits[0].id == "both");
        for (Hit const& hit : hits) {
            CHECK(hit.dense_score.has_value() == (hit.id != "text"));
            CHECK(hit.sparse_score.has_value() == (hit.id != "near"));
            CHECK_FALSE(hit.text.empty());
        }
        for (std::size_t i = 1; i < hits.size(); ++i) CHECK(hits[i - 1].score >= hits[i].score);
    }
    query.top = 1;
    CHECK(testing::run(store.hybrid_search("c", query)).value().size() == 1);
    query.top = 10;

    HybridQuery words = query;
    words.vector.clear();
    CHECK(ids_of(testing::run(store.hybrid_search("c", words)).value()) == ids_of(find("c", saying("apple"))));
    HybridQuery vector = query;
    vector.text.clear();
    CHECK(ids_of(testing::run(store.hybrid_search("c", vector)).value()) == ids_of(find("c", near({1, 0}))));
    vector.text = "the of";
    CHECK(testing::run(store.hybrid_search("c", vector)).value().size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "neighbours of an item leave the item out") {
    make("c", 2);
    REQUIRE(put("c", {Item("a", {1, 0}, "x"), Item("b", {1, 0.1F}, "y"), Item("c", {0, 1}, "z"),
                      Item("same", {1, 0}, "w"), Item("t1", {}, "cats and dogs"), Item("t2", {}, "dogs")}));
    CHECK(ids_of(testing::run(store.search_like("c", "a", 2)).value()) == std::vector<std::string>{"same", "b"});
    CHECK(testing::run(store.search_like("c", "a", 100)).value().size() == 3);
    CHECK(ids_of(testing::run(store.search_like("c", "t1", 5)).value()) == std::vector<std::string>{"t2"});
    CHECK(testing::run(store.search_like("c", "nobody", 5)).error().code == Errc::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a dropped collection leaves nothing, and its name is free") {
    make("gone", 2);
    make("kept", 2);
    std::vector<Item> items;
    for (int i = 0; i < 600; ++i)
        items.emplace_back(std::to_string(i), std::vector<float>{1, float(i)}, "word" + std::to_string(i));
    REQUIRE(put("gone", items));
    REQUIRE(put("kept", {Item("k", {1, 1}, "word7")}));
    REQUIRE(find("gone", near({1, 1})).size() == 10);
    REQUIRE(testing::run(store.drop_collection("gone")));
    CHECK(testing::run(store.count("gone")).error().code == Errc::not_found);
    CHECK(testing::run(store.collections()).value().size() == 1);
    CHECK(rows("SELECT count(*) FROM item") == 1);
    CHECK(rows("SELECT count(*) FROM item_length") == 1);
    CHECK(rows("SELECT count(*) FROM item_term") == 1);
    CHECK(rows("SELECT count(*) FROM removed") == 0);
    make("gone", 3);
    CHECK(testing::run(store.count("gone")).value() == 0);
    CHECK(find("gone", near({1, 1, 1})).empty());
    CHECK(ids_of(find("kept", saying("word7"))) == std::vector<std::string>{"k"});
}

TEST_CASE_FIXTURE(Fixture, "a closed store says that it is closed") {
    make("c", 2);
    open.database.close();
    CHECK(put("c", {Item("a", {1, 1}, "")}).error().code == Errc::invalid_state);
    CHECK(testing::run(store.search("c", near({1, 1}))).error().code == Errc::invalid_state);
    CHECK(testing::run(store.search("c", saying("x"))).error().code == Errc::invalid_state);
    CHECK(testing::run(store.checkpoint()).error().code == Errc::invalid_state);
    CHECK(make_sqlite_store(storage::Database()).error().code == Errc::invalid_state);
}

TEST_CASE("a store in memory and one opened for reading only search as well") {
    Scratch folder("vector_modes");
    {
        OpenStore memory("");
        REQUIRE(testing::run(memory.store->open_collection(collection("c", 2))));
        REQUIRE(testing::run(memory.store->upsert("c", {Item("a", {1, 0}, "word")})));
        CHECK(testing::run(memory.store->search("c", near({1, 0}))).value().size() == 1);
        CHECK(testing::run(memory.store->checkpoint()));
    }
    {
        OpenStore writing(folder / "store.db");
        REQUIRE(testing::run(writing.store->open_collection(collection("c", 2))));
        REQUIRE(testing::run(writing.store->upsert("c", {Item("a", {1, 0}, "word")})));
    }
    Runtime runtime = Runtime::create().value();
    storage::DatabaseConfig config = storage::at(folder / "store.db");
    config.read_only = true;
    storage::Database database = storage::open(runtime, config);
    std::shared_ptr<VectorStore> const store = make_sqlite_store(database).value();
    CHECK(testing::run(store->open_collection(collection("c", 2))));
    CHECK(testing::run(store->search("c", near({1, 0}))).value().size() == 1);
    CHECK(testing::run(store->search("c", saying("word"))).value().size() == 1);
    CHECK(testing::run(store->upsert("c", {Item("b", {1, 0}, "")})).error().code == Errc::storage);
    CHECK(testing::run(store->open_collection(collection("new", 2))).error().code == Errc::storage);
    database.close();
}

}  // namespace aikit::inline v0::vector
