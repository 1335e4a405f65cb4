// SPDX-License-Identifier: MIT
#include "support/posix_interrupt.hpp"

#include <array>
#include <atomic>
#include <csignal>

#include "support/progress_bar.hpp"

namespace skep::cli {
namespace {

constexpr std::array kSignals{SIGINT, SIGTERM};

std::atomic<skep_cancel*> cancel_on_signal{nullptr};
volatile std::sig_atomic_t received_signal = 0;

void on_signal(int number) {
    received_signal = number;
    if (skep_cancel* cancel = cancel_on_signal.load()) skep_cancel_trigger(cancel);
}

void install(int number, void (*handler)(int)) {
    struct sigaction action{};
    action.sa_handler = handler;
    // The second signal of a kind finds the default action, which ends the process.
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, nullptr);
}

int32_t report(void* bar, uint64_t done, uint64_t total) {
    static_cast<ProgressBar*>(bar)->update(done, total);
    return 0;
}

}  // namespace

Interrupt::Interrupt() : cancel_(Cancel::create().value()) {
    cancel_on_signal = cancel_.get();
    for (const int number : kSignals)
        install(number, on_signal);
}

Interrupt::~Interrupt() {
    for (const int number : kSignals)
        install(number, SIG_DFL);
    cancel_on_signal = nullptr;
}

skep_call_options Interrupt::call_options(ProgressBar* bar) const {
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    options.cancel = cancel_.get();
    if (bar != nullptr) {
        options.progress = report;
        options.user_data = bar;
    }
    return options;
}

int Interrupt::signal() const noexcept {
    return received_signal;
}

void Interrupt::check() const {
    if (received_signal != 0) throw Error(SKEP_CANCELLED, "interrupted", SKEP_LAYER_CLIENT);
}

}  // namespace skep::cli
