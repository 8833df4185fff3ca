// SPDX-License-Identifier: MIT
// Covers core/os/files: whole files into memory, and what is said of those that cannot be read.
#include "core/os/files.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace aikit::inline v0 {
namespace {

constexpr std::int64_t plenty = 1 << 30;

/// A folder of its own for each case.
struct Folder {
    std::filesystem::path path;

    Folder() {
        std::filesystem::create_directories(AIKIT_TEST_SCRATCH);
        std::string name = std::string(AIKIT_TEST_SCRATCH) + "/files-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;

    std::string write(std::string const& name, std::string const& bytes) const {
        std::ofstream(path / name, std::ios::binary) << bytes;
        return (path / name).string();
    }
};

std::string noise(std::size_t size) {
    std::string bytes(size, '\0');
    std::uint32_t state = 1;
    for (char& byte : bytes) {
        state = state * 1664525 + 1013904223;
        byte = static_cast<char>(state >> 24);
    }
    return bytes;
}

/// A pipe into which another thread writes all of `bytes`, or until nobody reads any more.
class Pipe {
public:
    explicit Pipe(std::string bytes) {
        int ends[2] = {-1, -1};
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        out_ = ends[0];
        writer_ = std::thread([bytes = std::move(bytes), in = ends[1]] {
            std::size_t done = 0;
            while (done < bytes.size()) {
                ssize_t const wrote = ::write(in, bytes.data() + done, bytes.size() - done);
                if (wrote <= 0) break;
                done += static_cast<std::size_t>(wrote);
            }
            ::close(in);
        });
    }
    ~Pipe() {
        // The writer gets all it still wants to write off its hands.
        char waste[4096];
        while (::read(out_, waste, sizeof(waste)) > 0) continue;
        ::close(out_);
        writer_.join();
    }
    Pipe(Pipe const&) = delete;
    Pipe& operator=(Pipe const&) = delete;

    int out() const { return out_; }

private:
    int out_ = -1;
    std::thread writer_;
};

}  // namespace

TEST_CASE_FIXTURE(Folder, "a file comes whole, whatever bytes are in it and however many") {
    // Around the piece of 64 KiB in which what has no known size is read.
    for (std::size_t const size : {0U, 1U, 4095U, 65535U, 65536U, 65537U, 131072U, 200000U, 1000003U}) {
        CAPTURE(size);
        std::string const bytes = noise(size);
        Result<std::string> const read = os::read_file(write("noise", bytes), plenty);
        REQUIRE(read.has_value());
        CHECK(*read == bytes);
    }
}

TEST_CASE_FIXTURE(Folder, "a file may be as large as the limit and no larger") {
    for (std::int64_t const size : {0, 1, 1000, 65536}) {
        CAPTURE(size);
        std::string const file = write("sized", noise(static_cast<std::size_t>(size)));
        CHECK(os::read_file(file, size).value().size() == static_cast<std::size_t>(size));
        if (size == 0) continue;
        Result<std::string> const refused = os::read_file(file, size - 1);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == Errc::invalid_argument);
        CHECK(refused.error().message.find(file) != std::string::npos);
        CHECK(refused.error().message.find("limit of " + std::to_string(size - 1) + " bytes") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(Folder, "a file that is not there is not found") {
    std::string const file = write("file", "x");
    for (std::string const& missing :
         {path.string() + "/none", path.string() + "/none/deeper", file + "/below", std::string()}) {
        CAPTURE(missing);
        Result<std::string> const read = os::read_file(missing, plenty);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::not_found);
        CHECK(read.error().message.find("'" + missing + "'") != std::string::npos);
    }
}

TEST_CASE_FIXTURE(Folder, "a folder is no file") {
    Result<std::string> const read = os::read_file(path.string(), plenty);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::invalid_argument);
    CHECK(read.error().message.find("folder") != std::string::npos);
}

TEST_CASE_FIXTURE(Folder, "a name that no file can have is refused") {
    write("file", "the wrong file");
    for (std::string const& name : {std::string(5000, 'n'), std::string("file\0.txt", 9)}) {
        CAPTURE(name.size());
        Result<std::string> const read = os::read_file(path.string() + "/" + name, plenty);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::invalid_argument);
    }
}

TEST_CASE_FIXTURE(Folder, "a file of somebody else that may not be read is a matter of permission") {
    std::string const file = write("secret", "x");
    std::filesystem::permissions(file, std::filesystem::perms::none);
    uid_t const self = ::geteuid();
    // Root may read everything, so it becomes nobody for a moment.
    if (self == 0 && ::seteuid(65534) != 0) {
        MESSAGE("[skipped] this process is root and cannot become anybody else");
        return;
    }

    Result<std::string> const read = os::read_file(file, plenty);

    if (self == 0) REQUIRE(::seteuid(0) == 0);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::permission);
}

TEST_CASE_FIXTURE(Folder, "with all descriptors in use the error says so, and asks to come again") {
    std::string const file = write("file", "x");
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit none = before;
    none.rlim_cur = 0;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);

    Result<std::string> const read = os::read_file(file, plenty);

    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::busy);
    CHECK(read.error().message.find("too many files") != std::string::npos);
}

TEST_CASE("what tells no size is read to its end") {
    for (std::string const name : {"/proc/self/cmdline", "/proc/self/environ", "/proc/version"}) {
        CAPTURE(name);
        std::ifstream in(name, std::ios::binary);
        std::string const expected((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        REQUIRE_FALSE(expected.empty());
        CHECK(os::read_file(name, plenty).value() == expected);
        Result<std::string> const refused = os::read_file(name, static_cast<std::int64_t>(expected.size()) - 1);
        REQUIRE_FALSE(refused.has_value());
        CHECK(refused.error().code == Errc::invalid_argument);
    }
}

TEST_CASE("what never ends is given up at the limit") {
    Result<std::string> const read = os::read_file("/dev/zero", 1'000'000);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::invalid_argument);
    CHECK(read.error().message.find("limit of 1000000 bytes") != std::string::npos);
}

TEST_CASE("a pipe comes whole, in the pieces in which it is written, and stays open") {
    for (std::size_t const size : {0U, 1U, 65536U, 300000U}) {
        CAPTURE(size);
        std::string const bytes = noise(size);
        Pipe const pipe(bytes);
        CHECK(os::read_descriptor(pipe.out(), "standard input", plenty).value() == bytes);
        CHECK(::fcntl(pipe.out(), F_GETFD) != -1);
    }
}

TEST_CASE("what comes through a descriptor has its limit too, under the name it was given") {
    Pipe const pipe(noise(100000));
    Result<std::string> const read = os::read_descriptor(pipe.out(), "standard input", 99999);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::invalid_argument);
    CHECK(read.error().message == "standard input is larger than the limit of 99999 bytes");
}

TEST_CASE_FIXTURE(Folder,
                  "where only files will do, pipes and devices are refused without waiting, and folders as ever") {
    std::ofstream(path / "file") << "hello";
    REQUIRE(::mkfifo((path / "pipe").c_str(), 0600) == 0);
    CHECK(os::read_regular_file(path / "file", plenty).value() == "hello");
    CHECK(os::read_regular_file(path / "gone", plenty).error().code == Errc::not_found);
    for (std::string const& other : {(path / "pipe").string(), std::string("/dev/zero"), path.string()}) {
        CAPTURE(other);
        Result<std::string> const read = os::read_regular_file(other, plenty);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().code == Errc::invalid_argument);
        CHECK(read.error().message.find(other) != std::string::npos);
    }
}

TEST_CASE_FIXTURE(Folder, "a descriptor that cannot be read is a failure of storage, with the words of the system") {
    int const descriptor = ::open((path / "out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    REQUIRE(descriptor >= 0);
    Result<std::string> const read = os::read_descriptor(descriptor, "the output", plenty);
    ::close(descriptor);
    REQUIRE_FALSE(read.has_value());
    CHECK(read.error().code == Errc::storage);
    CHECK(read.error().message == "the output cannot be read: Bad file descriptor");
}

}  // namespace aikit::inline v0
