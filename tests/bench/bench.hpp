// SPDX-License-Identifier: MIT
// tests/bench/bench.hpp - what every benchmark needs: CPU time, memory, a server in another process, JSON lines.
#ifndef AIKIT_TESTS_BENCH_BENCH_HPP
#define AIKIT_TESTS_BENCH_BENCH_HPP

#include <cstdint>
#include <initializer_list>
#include <string>
#include <sys/types.h>
#include <utility>
#include <variant>
#include <vector>

namespace bench {

/// CPU seconds this process has used on all its threads.
double cpu_seconds();

/// CPU seconds of the calling thread.
double thread_cpu_seconds();

/// Bytes of memory this process holds now.
std::int64_t resident_bytes();

/// The most it has held so far, by the kernel.
std::int64_t peak_bytes();

/// Bytes of what it holds now that are allocated on the heap.
std::int64_t heap_bytes();

/// Lets this process, and those it forks, open as many files as it may.
void allow_many_files();

/// Threads of this process.
int threads();

double median(std::vector<double> values);

using Field = std::pair<char const*, std::variant<double, std::int64_t, std::string>>;

/// Prints one JSON object on a line.
void print(std::initializer_list<Field> fields);

/// What the server answers to every request.
struct Answer {
    /// Sent whole after each request when `chunks` is empty, or when it does not ask for a stream.
    std::string fixed;

    /// Else: sent at once as the head with the first `at_once` chunks, then one chunk every `interval_ms` to each
    /// connection.
    std::string head;
    std::vector<std::string> chunks;
    int at_once = 0;
    int interval_ms = 20;

    /// What follows waits until so many connections have had that much.
    int together = 0;

    /// PEM files of a certificate and its key: TLS is spoken. Empty: it is not.
    std::string certificate;
    std::string key;
};

/// A bare HTTP server in a process of its own on 127.0.0.1; ended with this object. Fork it before starting threads.
class Server {
public:
    explicit Server(Answer answer);
    ~Server();
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    int port() const { return port_; }
    std::string base_url() const;

private:
    bool tls_ = false;
    pid_t child_ = -1;
    int port_ = 0;
};

/// A non-streaming chat completion of about 500 bytes, and the HTTP response that carries it.
std::string chat_reply_body();
std::string http_response(std::string const& content_type, std::string const& body);

/// The data of `count` chunks of a chat completion's stream, without the final [DONE].
std::vector<std::string> stream_chunks(int count);

/// An HTTP chunk of the chunked encoding.
std::string http_chunk(std::string const& bytes);

}  // namespace bench

#endif  // AIKIT_TESTS_BENCH_BENCH_HPP
