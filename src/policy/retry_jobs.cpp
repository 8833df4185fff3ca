// SPDX-License-Identifier: MIT
// policy/retry_jobs.cpp - jobs and files, asked again when that can help.
#include "policy/retry_jobs.hpp"

#include "core/async.hpp"

#include <optional>

namespace aikit::inline v0::policy {

namespace {

template <class T>
using Ask = std::function<Task<T>(AIProvider& provider, CallOptions options)>;

/// One try, whose result is kept.
template <class T>
Task<void> once(std::shared_ptr<Repeater> owner, Ask<T> ask, std::shared_ptr<std::optional<T>> out,
                CallOptions options) {
    Task<T> pending = ask(owner->inner(), std::move(options));
    Result<T> result = co_await std::move(pending);
    if (!result) co_return result.error();
    out->emplace(std::move(*result));
    co_return ok();
}

template <class T>
Task<T> asked(std::shared_ptr<Repeater> owner, Ask<T> ask, CallOptions options, bool limited = true) {
    auto const out = std::make_shared<std::optional<T>>();
    std::function<Task<void>(CallOptions)> one = [owner, ask, out](CallOptions own) {
        return once<T>(owner, ask, out, std::move(own));
    };
    Task<void> pending = owner->repeat(std::move(one), std::move(options), limited);
    Result<void> const done = co_await std::move(pending);
    if (!done) co_return done.error();
    co_return std::move(**out);
}

class RetriedBatch final : public BatchApi {
public:
    explicit RetriedBatch(Repeater& owner) : owner_(owner) {}

    Task<BatchJob> create(BatchRequest request, CallOptions options) override {
        auto const kept = std::make_shared<BatchRequest const>(std::move(request));  // large, and copied for each try
        Ask<BatchJob> ask = [kept](AIProvider& provider, CallOptions own) {
            return provider.batch()->create(*kept, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<BatchJob> poll(JobHandle handle, CallOptions options) override {
        Ask<BatchJob> ask = [handle = std::move(handle)](AIProvider& provider, CallOptions own) {
            return provider.batch()->poll(handle, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<BatchResults> results(JobHandle handle, CallOptions options) override {
        Ask<BatchResults> ask = [handle = std::move(handle)](AIProvider& provider, CallOptions own) {
            return provider.batch()->results(handle, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options), false);
    }
    Task<BatchJob> cancel(JobHandle handle, CallOptions options) override {
        Ask<BatchJob> ask = [handle = std::move(handle)](AIProvider& provider, CallOptions own) {
            return provider.batch()->cancel(handle, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<BatchList> list(PageQuery page, CallOptions options) override {
        Ask<BatchList> ask = [page = std::move(page)](AIProvider& provider, CallOptions own) {
            return provider.batch()->list(page, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }

private:
    Repeater& owner_;
};

class RetriedFiles final : public FilesApi {
public:
    explicit RetriedFiles(Repeater& owner) : owner_(owner) {}

    Task<FileInfo> upload(FileUpload file, CallOptions options) override {
        auto const kept = std::make_shared<FileUpload const>(std::move(file));
        Ask<FileInfo> ask = [kept](AIProvider& provider, CallOptions own) {
            return provider.files()->upload(*kept, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FileInfo> find(std::string id, CallOptions options) override {
        Ask<FileInfo> ask = [id = std::move(id)](AIProvider& provider, CallOptions own) {
            return provider.files()->find(id, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FileList> list(std::string purpose, PageQuery page, CallOptions options) override {
        Ask<FileList> ask = [purpose = std::move(purpose), page = std::move(page)](AIProvider& provider,
                                                                                   CallOptions own) {
            return provider.files()->list(purpose, page, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FileContent> content(std::string id, CallOptions options) override {
        Ask<FileContent> ask = [id = std::move(id)](AIProvider& provider, CallOptions own) {
            return provider.files()->content(id, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FileInfo> remove(std::string id, CallOptions options) override {
        Ask<FileInfo> ask = [id = std::move(id)](AIProvider& provider, CallOptions own) {
            return provider.files()->remove(id, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }

private:
    Repeater& owner_;
};

class RetriedFineTune final : public FineTuneApi {
public:
    explicit RetriedFineTune(Repeater& owner) : owner_(owner) {}

    Task<FineTuneJob> create(FineTuneRequest request, CallOptions options) override {
        Ask<FineTuneJob> ask = [request = std::move(request)](AIProvider& provider, CallOptions own) {
            return provider.fine_tune()->create(request, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FineTuneJob> poll(JobHandle handle, CallOptions options) override {
        Ask<FineTuneJob> ask = [handle = std::move(handle)](AIProvider& provider, CallOptions own) {
            return provider.fine_tune()->poll(handle, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FineTuneEvents> events(JobHandle handle, PageQuery page, CallOptions options) override {
        Ask<FineTuneEvents> ask = [handle = std::move(handle), page = std::move(page)](AIProvider& provider,
                                                                                       CallOptions own) {
            return provider.fine_tune()->events(handle, page, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FineTuneJob> cancel(JobHandle handle, CallOptions options) override {
        Ask<FineTuneJob> ask = [handle = std::move(handle)](AIProvider& provider, CallOptions own) {
            return provider.fine_tune()->cancel(handle, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }
    Task<FineTuneList> list(PageQuery page, CallOptions options) override {
        Ask<FineTuneList> ask = [page = std::move(page)](AIProvider& provider, CallOptions own) {
            return provider.fine_tune()->list(page, std::move(own));
        };
        return asked(owner_.share(), std::move(ask), std::move(options));
    }

private:
    Repeater& owner_;
};

}  // namespace

std::unique_ptr<BatchApi> make_retried_batch(Repeater& owner) {
    return owner.inner().batch() == nullptr ? nullptr : std::make_unique<RetriedBatch>(owner);
}

std::unique_ptr<FilesApi> make_retried_files(Repeater& owner) {
    return owner.inner().files() == nullptr ? nullptr : std::make_unique<RetriedFiles>(owner);
}

std::unique_ptr<FineTuneApi> make_retried_fine_tune(Repeater& owner) {
    return owner.inner().fine_tune() == nullptr ? nullptr : std::make_unique<RetriedFineTune>(owner);
}

}  // namespace aikit::inline v0::policy
