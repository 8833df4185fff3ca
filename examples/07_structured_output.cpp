// SPDX-License-Identifier: MIT
// examples/07_structured_output.cpp - an answer as a struct: described once, asked for, checked, read.
#include <aikit/aikit.hpp>
#include <aikit/model/chat_object.hpp>
#include <aikit/model/partial_json.hpp>

#include <iostream>

struct Leg {
    std::string to;
    std::optional<double> hours;
};

struct Trip {
    std::string city;
    int days = 0;
    std::vector<Leg> legs;
};

template <>
struct aikit::Description<Leg> {
    static constexpr auto fields =
        std::tuple{aikit::field("to", &Leg::to), aikit::field("hours", &Leg::hours, "By train").at_least(0)};
};
template <>
struct aikit::Description<Trip> {
    static constexpr auto fields =
        std::tuple{aikit::field("city", &Trip::city, "Where to stay"),
                   aikit::field("days", &Trip::days).at_least(1).at_most(30), aikit::field("legs", &Trip::legs)};
};

namespace {

/// What a model may say: something that does not fit, then the document within other words, then a stream.
char const* const script = R"({"replies": [
    {"text": "{\"city\": \"Rome\", \"days\": 0, \"legs\": []}"},
    {"text": "Gladly: {\"city\": \"Rome\", \"days\": 3, \"legs\": [{\"to\": \"Rome\", \"hours\": 9.5}, {\"to\": \"Ostia\"}]}"},
    {"pieces": ["{\"city\": \"Os", "lo\", \"da", "ys\": 2, \"le", "gs\": []}"]}]})";

}  // namespace

int main() {
    aikit::ProviderConfig scripted;  // a real one needs no other code: ChatRequest("openai/gpt-4o-mini", ...)
    scripted.name = "scripted";
    scripted.model = "m-1";
    scripted.script = script;
    aikit::KitConfig config;
    config.providers.push_back(scripted);
    aikit::Kit kit = aikit::Kit::open(config).value();
    aikit::ChatRequest request("scripted/m-1", "A trip to Italy?");
    aikit::CallOptions options;
    options.repairs = 2;  // how often it may be asked again

    aikit::ObjectReply<Trip> const trip =
        aikit::sync::wait(kit, aikit::chat_object<Trip>(kit, request, options)).value();
    std::cout << trip.value.city << ", " << trip.value.days << " days, asked again " << trip.reply.info.repairs << "\n";
    for (Leg const& leg : trip.value.legs) std::cout << "  " << leg.to << (leg.hours ? "" : ", no time given") << "\n";
    std::cout << aikit::write_described(trip.value) << "\n";

    // While it streams, what is there so far is a document too.
    aikit::ChatStream stream = aikit::sync::wait(kit, kit.stream_chat(request, options)).value();
    aikit::PartialJson partial;
    while (auto const event = aikit::sync::wait(kit, stream.next()).value()) {
        auto const* const delta = std::get_if<aikit::TextDelta>(&*event);
        if (delta != nullptr && partial.take(delta->text)) std::cout << partial.text() << "\n";
    }
}
