// SPDX-License-Identifier: MIT
// vector/image.cpp - saving and loading an Index.
#include "vector/image.hpp"

#include "core/os/durable_file.hpp"
#include "vector/checksum.hpp"

#include <cstring>
#include <fstream>

namespace aikit::inline v0::vector {
namespace {

constexpr char magic[8] = {'A', 'I', 'K', 'I', 'T', 'V', 'E', 'C'};
constexpr std::uint32_t version = 1;

/// As it stands in the file; no padding.
struct Header {
    char magic[8] = {};
    std::uint32_t version = 0;
    std::uint32_t metric = 0;
    std::uint64_t dimensions = 0;
    std::int64_t collection = 0;
    std::int64_t created = 0;
    std::int64_t seal = 0;
    std::int64_t change = 0;
    std::uint64_t links_and_effort = 0;  ///< What the graph was made with.
    std::uint64_t nodes = 0;
    std::uint64_t flat = 0;
    std::uint64_t payload_size = 0;
    std::uint64_t payload_sum = 0;
    std::uint64_t header_sum = 0;  ///< Of all before it.
};
static_assert(sizeof(Header) == 104);

constexpr std::uint64_t made_with = std::uint64_t(graph_links) << 32 | graph_construction_effort;

std::uint64_t sum_of(Header const& header) {
    return checksum(std::as_bytes(std::span(&header, 1)).first(sizeof(Header) - sizeof(header.header_sum)));
}

Header header_of(ImageOf const& of) {
    Header header;
    std::memcpy(header.magic, magic, sizeof magic);
    header.version = version;
    header.metric = static_cast<std::uint32_t>(of.metric);
    header.dimensions = of.dimensions;
    header.collection = of.collection;
    header.created = of.created;
    header.seal = of.seal;
    header.links_and_effort = made_with;
    return header;
}

/// Whether the header is sound, ours, of this collection, and fits the file; nothing is allocated before.
bool fits(Header const& header, ImageOf const& of, std::uint64_t file_size) {
    Header expected = header_of(of);
    bool const same = std::memcmp(header.magic, expected.magic, sizeof expected.magic) == 0 &&
                      header.version == expected.version && header.metric == expected.metric &&
                      header.dimensions == expected.dimensions && header.collection == expected.collection &&
                      header.created == expected.created && header.seal == expected.seal &&
                      header.links_and_effort == expected.links_and_effort;
    if (!same || header.header_sum != sum_of(header)) return false;
    if (header.payload_size != file_size - sizeof(Header)) return false;
    std::uint64_t const per_node = Graph::bytes_per_node(of.dimensions);
    std::uint64_t const per_flat = sizeof(std::uint64_t) + of.dimensions * sizeof(float);
    return header.nodes <= header.payload_size / per_node && header.flat <= header.payload_size / per_flat;
}

/// The payload of a file, summed while it is read.
class Payload {
public:
    Payload(std::ifstream& file, std::uint64_t size) : file_(file), left_(size) {}

    bool read(std::span<std::byte> bytes) {
        if (bytes.size() > left_) return false;
        left_ -= bytes.size();
        file_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
        if (!file_) return false;
        sum_.add(bytes);
        return true;
    }

    bool ended_with(std::uint64_t sum) const { return left_ == 0 && sum_.value() == sum; }

private:
    std::ifstream& file_;
    std::uint64_t left_;
    Checksum sum_;
};

bool load_flat(Payload& payload, std::size_t count, std::size_t dimensions, FlatVectors& flat) {
    std::vector<std::uint64_t> labels(count);
    std::vector<float> values(count * dimensions);
    if (!payload.read(std::as_writable_bytes(std::span(labels)))) return false;
    if (!payload.read(std::as_writable_bytes(std::span(values)))) return false;
    flat.reserve(count);
    for (std::size_t i = 0; i < count; ++i) flat.add(labels[i], values.data() + i * dimensions);
    return flat.size() == count;
}

}  // namespace

Result<std::int64_t> save_image(std::string const& path, ImageOf const& of, Index const& index) {
    os::DurableFile file(path);
    Header header = header_of(of);
    file.write(std::as_bytes(std::span(&header, 1)));
    Checksum sum;
    std::uint64_t size = 0;
    auto const write = [&](std::span<std::byte const> bytes) {
        sum.add(bytes);
        size += bytes.size();
        file.write(bytes);
    };
    index.inspect([&](Graph const* graph, FlatVectors const& flat, std::int64_t change) {
        header.change = change;
        header.nodes = graph == nullptr ? 0 : graph->nodes();
        header.flat = flat.size();
        if (graph != nullptr) graph->save(write);
        for (std::size_t i = 0; i < flat.size(); ++i) {
            std::uint64_t const label = flat.label(i);
            write(std::as_bytes(std::span(&label, 1)));
        }
        for (std::size_t i = 0; i < flat.size(); ++i) write(std::as_bytes(std::span(flat.vector(i), of.dimensions)));
    });
    header.payload_size = size;
    header.payload_sum = sum.value();
    header.header_sum = sum_of(header);
    file.write_at(0, std::as_bytes(std::span(&header, 1)));
    if (Result<void> done = file.commit(); !done) return done.error();
    return header.change;
}

bool load_image(std::string const& path, ImageOf const& of, std::int64_t oldest, std::int64_t newest, Index& index) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) return false;
    auto const file_size = static_cast<std::int64_t>(file.tellg());
    if (file_size < static_cast<std::int64_t>(sizeof(Header))) return false;
    file.seekg(0);
    Header header;
    file.read(reinterpret_cast<char*>(&header), sizeof header);
    if (!file || !fits(header, of, static_cast<std::uint64_t>(file_size))) return false;
    if (header.change < oldest || header.change > newest) return false;

    Payload payload(file, header.payload_size);
    std::unique_ptr<Graph> graph;
    if (header.nodes > 0) {
        graph = Graph::load(of.dimensions, of.metric, header.nodes,
                            [&](std::span<std::byte> bytes) { return payload.read(bytes); });
        if (!graph) return false;
    }
    FlatVectors flat(of.dimensions);
    if (!load_flat(payload, header.flat, of.dimensions, flat)) return false;
    if (!payload.ended_with(header.payload_sum)) return false;
    if (graph && !graph->sound()) return false;
    index.replace(std::move(graph), std::move(flat), header.change);
    return true;
}

}  // namespace aikit::inline v0::vector
