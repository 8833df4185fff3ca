// SPDX-License-Identifier: MIT
// A consumer's program: the same source in each way of finding aikit, with each of the two libraries.
#include <aikit/aikit.hpp>

#include <iostream>
#include <string_view>

namespace {

/// An exception thrown in the library is caught here by its type: the shared library exports what that needs.
bool throws_our_exception() {
    try {
        aikit::KitConfig::from_json("{\"no such field\": 1}").value();
    } catch (aikit::Exception const& e) {
        return e.error().code == aikit::Errc::invalid_argument;
    }
    return false;
}

/// A provider written by the host is called through the interface, across the library's border.
class Echo final : public aikit::AIProvider {
public:
    std::string const& name() const noexcept override { return name_; }
    aikit::Task<aikit::ChatReply> chat(aikit::ChatRequest request, aikit::CallOptions) override {
        aikit::ChatReply reply;
        reply.choices.resize(1);
        reply.choices[0].message = aikit::Message(aikit::Role::assistant, request.messages.back().text());
        reply.complete = true;
        co_return reply;
    }

private:
    std::string name_ = "echo";
};

}  // namespace

int main() {
    if (std::string_view(aikit::version()) != AIKIT_VERSION_STRING) return 1;
    if (!throws_our_exception()) return 2;

    aikit::KitConfig config;
    config.own_providers["echo"] = std::make_shared<Echo>();
    config.unknown_price = aikit::policy::UnknownPrice::allow;
    aikit::Result<aikit::Kit> kit = aikit::Kit::open(config);
    if (!kit) {
        std::cerr << kit.error().message << "\n";
        return 3;
    }
    for (char const* model : {"builtin/extractive-1", "echo/any"}) {
        aikit::ChatRequest request(model, "hello");
        aikit::Result<aikit::ChatReply> reply = aikit::sync::wait(*kit, kit->chat(request, aikit::CallOptions()));
        if (!reply || !reply->complete || reply->text().empty()) {
            std::cerr << model << ": " << (reply ? std::string("no text") : reply.error().message) << "\n";
            return 4;
        }
        std::cout << model << ": " << reply->text() << "\n";
    }
    kit->close();
    return 0;
}
