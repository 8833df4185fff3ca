// SPDX-License-Identifier: MIT
// Covers include/aikit/model/described.hpp, typed_tool.hpp and chat_object.hpp.
#include <aikit/model/chat_object.hpp>
#include <aikit/model/json_schema.hpp>
#include <aikit/model/typed_tool.hpp>
#include <aikit/testing/run.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

#include <cmath>

namespace travel {

enum class Fare { cheap, dear };

struct Leg {
    std::string from;
    std::optional<double> hours;
};

struct Trip {
    std::string city;
    int days = 0;
    bool by_train = false;
    Fare fare = Fare::dear;
    std::vector<Leg> legs;
    std::map<std::string, std::uint8_t> guests;
    std::optional<std::vector<std::string>> notes;
};

struct Tree {
    std::string name;
    std::vector<Tree> children;
};

struct Numbers {
    std::int8_t tiny = 0;
    std::uint64_t large = 0;
    float real = 0;
    std::vector<bool> flags;
};

}  // namespace travel

template <>
struct aikit::Description<travel::Fare> {
    static constexpr auto values =
        std::tuple{aikit::value("cheap", travel::Fare::cheap), aikit::value("dear", travel::Fare::dear)};
};
template <>
struct aikit::Description<travel::Leg> {
    static constexpr auto fields =
        std::tuple{aikit::field("from", &travel::Leg::from), aikit::field("hours", &travel::Leg::hours).at_least(0.5)};
};
template <>
struct aikit::Description<travel::Trip> {
    static constexpr auto fields = std::tuple{aikit::field("city", &travel::Trip::city, "Where \"to\""),
                                              aikit::field("days", &travel::Trip::days).at_least(1).at_most(30),
                                              aikit::field("by_train", &travel::Trip::by_train),
                                              aikit::field("fare", &travel::Trip::fare),
                                              aikit::field("legs", &travel::Trip::legs),
                                              aikit::field("guests", &travel::Trip::guests),
                                              aikit::field("notes", &travel::Trip::notes)};
};
template <>
struct aikit::Description<travel::Tree> {
    static constexpr auto fields =
        std::tuple{aikit::field("name", &travel::Tree::name), aikit::field("children", &travel::Tree::children)};
};
template <>
struct aikit::Description<travel::Numbers> {
    static constexpr auto fields =
        std::tuple{aikit::field("tiny", &travel::Numbers::tiny), aikit::field("large", &travel::Numbers::large),
                   aikit::field("real", &travel::Numbers::real), aikit::field("flags", &travel::Numbers::flags)};
};

namespace aikit {
namespace {

using travel::Trip;

char const* const rome = R"({"city": "Rome", "days": 3, "by_train": true, "fare": "cheap",
    "legs": [{"from": "Bonn", "hours": 1.5}, {"from": "Basel"}], "guests": {"Ann": 2}, "notes": null})";

/// Says one reply and keeps what it was asked.
class Model final : public AIProvider {
public:
    std::string const& name() const noexcept override { return name_; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        asked = std::move(request);
        told = std::move(options);
        co_return reply;
    }

    ChatReply reply;
    ChatRequest asked;
    CallOptions told;

private:
    std::string name_ = "model";
};

}  // namespace

TEST_CASE("a struct that is described has a JSON Schema") {
    CHECK(boost::json::parse(schema_of<Trip>()) == boost::json::parse(R"({"type": "object", "properties": {
        "city": {"description": "Where \"to\"", "type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 30},
        "by_train": {"type": "boolean"}, "fare": {"type": "string", "enum": ["cheap", "dear"]},
        "legs": {"type": "array", "items": {"type": "object", "properties": {"from": {"type": "string"},
            "hours": {"type": "number", "minimum": 0.5}}, "required": ["from"], "additionalProperties": false}},
        "guests": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}},
        "notes": {"type": "array", "items": {"type": "string"}}},
        "required": ["city", "days", "by_train", "fare", "legs", "guests"], "additionalProperties": false})"));
}

TEST_CASE("a document is read into the struct and written from it") {
    Trip const trip = read_described<Trip>(rome).value();

    CHECK(trip.city == "Rome");
    CHECK(trip.days == 3);
    CHECK(trip.by_train);
    CHECK(trip.fare == travel::Fare::cheap);
    REQUIRE(trip.legs.size() == 2);
    CHECK(trip.legs[0].hours == 1.5);
    CHECK(!trip.legs[1].hours);
    CHECK(trip.guests.at("Ann") == 2);
    CHECK(!trip.notes);
    std::string const written = write_described(trip);
    CHECK(boost::json::parse(written) ==
          boost::json::parse(R"({"city": "Rome", "days": 3, "by_train": true, "fare": "cheap",
        "legs": [{"from": "Bonn", "hours": 1.5}, {"from": "Basel"}], "guests": {"Ann": 2}})"));
    CHECK(JsonSchema::parse(schema_of<Trip>()).value().check(written).has_value());
}

TEST_CASE("what does not fit is named by its path and without a word of the document") {
    auto const why = [](std::string from, std::string to) {
        std::string text = rome;
        text.replace(text.find(from), from.size(), to);
        Result<Trip> const read = read_described<Trip>(text);
        return read ? std::string() : read.error().message;
    };
    CHECK(why(R"("city": "Rome", )", "") == "$.city is missing.");
    CHECK(why(R"("Rome")", "1") == "$.city must be a text.");
    CHECK(why("\"days\": 3", "\"days\": 3.5") == "$.days must be a whole number.");
    CHECK(why("\"days\": 3", "\"days\": 31") == "$.days is above its maximum.");
    CHECK(why("\"days\": 3", "\"days\": 4294967297") == "$.days is too large.");
    CHECK(why("true", "\"yes\"") == "$.by_train must be true or false.");
    CHECK(why("\"cheap\"", "\"free\"") == "$.fare must be one of the words that are described.");
    CHECK(why(R"({"from": "Basel"})", R"({"to": "Basel"})") == "$.legs[1].from is missing.");
    CHECK(why("1.5", "0.1") == "$.legs[0].hours is below its minimum.");
    CHECK(why(R"({"Ann": 2})", R"({"Ann": 256})") == "$.guests.* is too large.");
    CHECK(why(R"({"Ann": 2})", R"({"Ann": -1})") == "$.guests.* must be a whole number that is not negative.");
    CHECK(why("null", "[1]") == "$.notes[0] must be a text.");
    CHECK(why("null", "{}") == "$.notes must be a list.");
    CHECK(why("\"days\": 3", "\"days\": 3.0, \"more\": [1]").empty());
    CHECK(read_described<Trip>("[]").error().message == "$ must be an object.");
    CHECK(read_described<Trip>("{").error().code == Errc::invalid_argument);
}

TEST_CASE("a struct within itself has a schema that refers to itself") {
    std::string const text = R"({"name":"a","children":[{"name":"b","children":[]}]})";
    JsonSchema const schema = JsonSchema::parse(schema_of<travel::Tree>()).value();
    CHECK(schema.check(text).has_value());
    CHECK(!schema.check(R"({"name":"a","children":[{"name":"b"}]})"));
    CHECK(write_described(read_described<travel::Tree>(text).value()) == text);
    std::string const inner = schema_of<std::vector<travel::Tree>>();
    CHECK(JsonSchema::parse(inner).value().check("[" + text + "]").has_value());
}

TEST_CASE("numbers keep their values and their limits") {
    std::string const text = R"({"tiny":-128,"large":18446744073709551615,"real":0.5,"flags":[true,false]})";
    travel::Numbers const numbers = read_described<travel::Numbers>(text).value();
    CHECK(boost::json::parse(write_described(numbers)) == boost::json::parse(text));
    travel::Numbers odd;
    odd.real = std::nanf("");
    CHECK(write_described(odd).find("\"real\":null") != std::string::npos);
    CHECK(!read_described<travel::Numbers>(R"({"tiny":-129,"large":0,"real":0,"flags":[]})"));
}

TEST_CASE("a chat gives a struct, and tells why it does not") {
    auto const model = std::make_shared<Model>();
    model->reply.choices.emplace_back();
    model->reply.choices[0].message = Message(Role::assistant, rome);
    ChatRequest const request("m", "A trip?");

    ObjectReply<Trip> const trip = testing::run(chat_object<Trip>(model, request, CallOptions())).value();

    CHECK(trip.value.city == "Rome");
    CHECK(trip.reply.text() == rome);
    CHECK(model->asked.response_format->schema == schema_of<Trip>());
    CHECK(model->told.repairs == 2);

    model->reply.choices[0].message = Message(Role::assistant, "{}");
    CHECK(testing::run(chat_object<Trip>(model, request, CallOptions())).error().message ==
          "The model's reply does not fit: $.city is missing.");
    RefusalPart refusal;
    refusal.text = "No.";
    model->reply.choices[0].message.parts = {refusal};
    CHECK(testing::run(chat_object<Trip>(model, request, CallOptions())).error().code == Errc::content_filtered);
    model->reply.choices.clear();
    CHECK(testing::run(chat_object<Trip>(model, request, CallOptions())).error().code == Errc::protocol);
}

TEST_CASE("a typed tool reads its arguments and writes its result") {
    std::shared_ptr<Tool> const tool =
        make_typed_tool<Trip>("book", "Books a trip.", [](Trip trip) -> Result<travel::Leg> {
            return travel::Leg{trip.city, trip.days};
        });
    CHECK(tool->spec().parameters == schema_of<Trip>());
    ToolResult const booked = testing::run(tool->call(rome, ToolContext())).value();
    CHECK(std::get<TextPart>(booked.content.front()).text == R"({"from":"Rome","hours":3})");
    CHECK(testing::run(tool->call("{}", ToolContext())).error().message == "$.city is missing.");

    std::shared_ptr<Tool> const words = make_typed_tool<travel::Leg>(
        "say", "Says it.", [](travel::Leg leg) -> Result<std::string> { return "from " + leg.from; });
    ToolResult const said = testing::run(words->call(R"({"from": "Bonn"})", ToolContext())).value();
    CHECK(std::get<TextPart>(said.content.front()).text == "from Bonn");
}

}  // namespace aikit
