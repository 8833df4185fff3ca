// SPDX-License-Identifier: MIT
// tests/bench/bench.cpp - measuring and serving, on plain POSIX calls so that nothing of what is measured is used.
#include "bench.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <malloc.h>
#include <map>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace bench {
namespace {

double seconds_of(timeval const& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

struct Session {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};

struct Connection {
    std::unique_ptr<SSL, Session> tls;  // null: it is plain
    std::string in;
    bool streaming = false;
    std::size_t next_chunk = 0;
};

/// Serves until it is killed; the parent's death kills it too.
class Loop {
public:
    Loop(int listener, Answer answer) : listener_(listener), answer_(std::move(answer)), epoll_(::epoll_create1(0)) {
        watch(listener_, EPOLLIN);
        opening_ = answer_.head;
        for (int i = 0; i < answer_.at_once; ++i) opening_ += answer_.chunks[static_cast<std::size_t>(i)];
        if (!answer_.certificate.empty()) {
            tls_ = SSL_CTX_new(TLS_server_method());
            SSL_CTX_set_mode(tls_, SSL_MODE_RELEASE_BUFFERS);
            if (SSL_CTX_use_certificate_chain_file(tls_, answer_.certificate.c_str()) != 1 ||
                SSL_CTX_use_PrivateKey_file(tls_, answer_.key.c_str(), SSL_FILETYPE_PEM) != 1) {
                std::fprintf(stderr, "bench: the certificate cannot be used\n");
                std::_Exit(1);
            }
        }
        if (!answer_.chunks.empty()) {
            timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
            itimerspec every{};
            every.it_interval.tv_sec = every.it_value.tv_sec = answer_.interval_ms / 1'000;
            every.it_interval.tv_nsec = every.it_value.tv_nsec = answer_.interval_ms % 1'000 * 1'000'000L;
            ::timerfd_settime(timer_, 0, &every, nullptr);
            watch(timer_, EPOLLIN);
        }
    }

    [[noreturn]] void run() {
        epoll_event events[256];
        int idle = 0;
        for (;;) {
            // Waking a server costs its client as much as sending does, and the slower client would pay it more often:
            // between two calls it stays awake.
            bool const awake = answer_.chunks.empty() && idle < 10'000;
            int const count = ::epoll_wait(epoll_, events, 256, awake ? 0 : -1);
            idle = count > 0 ? 0 : idle + 1;
            for (int i = 0; i < count; ++i) {
                int const fd = events[i].data.fd;
                if (fd == listener_) {
                    accept_all();
                } else if (fd == timer_) {
                    tick();
                } else {
                    readable(fd);
                }
            }
        }
    }

private:
    void watch(int fd, unsigned events) {
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept_all() {
        for (;;) {
            int const fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) return;
            int const on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            Connection& connection = connections_[fd];
            if (tls_ != nullptr) {
                connection.tls.reset(SSL_new(tls_));
                SSL_set_fd(connection.tls.get(), fd);
                SSL_set_accept_state(connection.tls.get());
            }
            watch(fd, EPOLLIN);
        }
    }

    void drop(int fd) {
        connections_.erase(fd);
        ::close(fd);
    }

    void readable(int fd) {
        Connection& connection = connections_[fd];
        char buffer[16384];
        ssize_t got = receive(fd, connection, buffer, sizeof buffer);
        while (got > 0) {
            connection.in.append(buffer, static_cast<std::size_t>(got));
            if (!connection.tls) break;
            got = receive(fd, connection, buffer, sizeof buffer);  // what OpenSSL has read wakes nobody
        }
        if (got == 0) return drop(fd);
        bool streams = false;
        while (take_request(connection.in, streams)) {
            if (answer_.chunks.empty() || (!streams && !answer_.fixed.empty())) {
                send_all(fd, connection, answer_.fixed);
            } else {
                send_all(fd, connection, opening_);
                connection.streaming = true;
                connection.next_chunk = static_cast<std::size_t>(answer_.at_once);
                ++begun_;
            }
        }
    }

    /// 0: it has ended. Below: there is nothing now.
    static ssize_t receive(int fd, Connection& connection, char* into, std::size_t size) {
        if (!connection.tls) {
            ssize_t const got = ::recv(fd, into, size, 0);
            return got < 0 && errno != EAGAIN ? 0 : got;
        }
        int const got = SSL_read(connection.tls.get(), into, static_cast<int>(size));
        if (got > 0) return got;
        bool const waits = SSL_get_error(connection.tls.get(), got) == SSL_ERROR_WANT_READ;
        ERR_clear_error();
        return waits ? -1 : 0;
    }

    /// Removes one whole request from the front; the client's requests are known to be well-formed.
    static bool take_request(std::string& in, bool& streams) {
        std::size_t const end = in.find("\r\n\r\n");
        if (end == std::string::npos) return false;
        std::size_t body = 0;
        std::string head = in.substr(0, end);
        std::transform(head.begin(), head.end(), head.begin(),
                       [](char c) { return static_cast<char>(std::tolower(c)); });
        std::size_t const length = head.find("content-length:");
        if (length != std::string::npos) body = std::strtoul(head.c_str() + length + 15, nullptr, 10);
        if (in.size() < end + 4 + body) return false;
        std::string_view const asked = std::string_view(in).substr(end + 4, body);
        streams = asked.find("\"stream\":true") != asked.npos || asked.find("\"stream\": true") != asked.npos;
        in.erase(0, end + 4 + body);
        return true;
    }

    void tick() {
        std::uint64_t expirations = 0;
        if (::read(timer_, &expirations, sizeof expirations) < 0) return;
        std::vector<int> lost;
        bool const all_here = begun_ >= answer_.together;
        for (auto& [fd, connection] : connections_) {
            if (!connection.streaming || !all_here) continue;
            if (!send_all(fd, connection, answer_.chunks[connection.next_chunk])) lost.push_back(fd);
            if (++connection.next_chunk == answer_.chunks.size()) connection.streaming = false;
        }
        for (int const fd : lost) drop(fd);
    }

    /// Answers are small against socket buffers; one that does not fit means a client that stopped reading.
    static bool send_all(int fd, Connection& connection, std::string const& bytes) {
        if (connection.tls) {
            return SSL_write(connection.tls.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
        }
        return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }

    int listener_;
    Answer answer_;
    int epoll_;
    SSL_CTX* tls_ = nullptr;
    int timer_ = -1;
    int begun_ = 0;
    std::string opening_;  // the head, and what comes with it
    std::map<int, Connection> connections_;
};

}  // namespace

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double thread_cpu_seconds() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::int64_t resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    statm >> total >> resident;
    return resident * ::sysconf(_SC_PAGESIZE);
}

std::int64_t heap_bytes() {
    struct mallinfo2 const heap = ::mallinfo2();
    return static_cast<std::int64_t>(heap.uordblks + heap.hblkhd);
}

void allow_many_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

namespace {

/// The number behind a name in /proc/self/status; -1 where there is none.
std::int64_t of_status(std::string const& name) {
    std::ifstream status("/proc/self/status");
    std::string line;
    while (std::getline(status, line)) {
        if (line.rfind(name, 0) == 0) return std::atoll(line.c_str() + name.size());
    }
    return -1;
}

}  // namespace

std::int64_t peak_bytes() {
    return of_status("VmHWM:") * 1'024;
}

int threads() {
    return static_cast<int>(of_status("Threads:"));
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[values.size() / 2];
}

void print(std::initializer_list<Field> fields) {
    std::string line = "{";
    for (Field const& field : fields) {
        if (line.size() > 1) line += ", ";
        line += "\"" + std::string(field.first) + "\": ";
        if (auto const* text = std::get_if<std::string>(&field.second)) {
            line += "\"" + *text + "\"";
        } else if (auto const* whole = std::get_if<std::int64_t>(&field.second)) {
            line += std::to_string(*whole);
        } else {
            char number[32];
            std::snprintf(number, sizeof number, "%.6g", std::get<double>(field.second));
            line += number;
        }
    }
    std::printf("%s}\n", line.c_str());
    std::fflush(stdout);
}

Server::Server(Answer answer) : tls_(!answer.certificate.empty()) {
    int const listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener, 4096) != 0 ||
        ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        std::perror("bench: cannot listen on loopback");
        std::exit(1);
    }
    port_ = ntohs(address.sin_port);
    child_ = ::fork();
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        Loop(listener, std::move(answer)).run();
    }
    ::close(listener);
}

Server::~Server() {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
}

std::string Server::base_url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + "/v1";
}

std::string chat_reply_body() {
    return R"({"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"gpt-4o-mini-2024-07-18",)"
           R"("choices":[{"index":0,"message":{"role":"assistant","content":"The quick brown fox jumps over the lazy dog, )"
           R"(and then it sits down for a while to think about what it has done.","refusal":null,"annotations":[]},)"
           R"("logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":21,"completion_tokens":27,"total_tokens":48,)"
           R"("prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,)"
           R"("audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default",)"
           R"("system_fingerprint":"fp_bench"})";
}

std::string http_response(std::string const& content_type, std::string const& body) {
    return "HTTP/1.1 200 OK\r\nContent-Type: " + content_type +
           "\r\nx-request-id: req_bench\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::vector<std::string> stream_chunks(int count) {
    std::string const prefix =
        R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18",)"
        R"("service_tier":"default","system_fingerprint":"fp_bench","choices":[{"index":0,"delta":)";
    std::vector<std::string> out;
    out.push_back(
        prefix +
        R"({"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}],"usage":null})");
    for (int i = 1; i + 2 < count; ++i) {
        out.push_back(prefix + "{\"content\":\" word" + std::to_string(i) +
                      "\"},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}");
    }
    out.push_back(prefix + R"({},"logprobs":null,"finish_reason":"stop"}],"usage":null})");
    out.push_back(
        R"({"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,"model":"gpt-4o-mini-2024-07-18",)"
        R"("choices":[],"usage":{"prompt_tokens":21,"completion_tokens":97,"total_tokens":118}})");
    return out;
}

std::string http_chunk(std::string const& bytes) {
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

}  // namespace bench
