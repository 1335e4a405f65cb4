// SPDX-License-Identifier: MIT
// The candidate backends of a runtime, and loading them when somebody asks for their devices.
#pragma once

#include <skep/skep.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/candidate.hpp"
#include "plugin/host_probe.hpp"
#include "runtime/host.hpp"

namespace skep {

// The application's say in what is loaded.
struct LoadPolicy {
    skep_allow_load_fn allow_load = nullptr;
    void* user_data = nullptr;
};

class BackendRegistry {
  public:
    // `probe` outlives the registry. Loaded backends share `host`.
    BackendRegistry(std::shared_ptr<Host> host, Discovery discovery, LoadPolicy policy,
                    const HostProbe& probe, AbiRange host_abi = kHostAbi);

    [[nodiscard]] const std::vector<Place>& places() const { return places_; }
    [[nodiscard]] std::size_t num_candidates() const { return candidates_.size(); }
    // As it is now. Any thread.
    [[nodiscard]] Candidate candidate(std::size_t index) const;

    // The candidate that stands for a name: the one not refused, else the first of that name.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
    // "cpu, cuda": every name that find() knows.
    [[nodiscard]] std::string known_names() const;

    // Loads a candidate and lists its devices, unless that was tried before. What goes wrong is its
    // new state; no other candidate is touched. One load at a time. Fails only when memory runs
    // out, and then the next call tries again.
    Result<void> load(std::size_t index);
    // Every candidate, whatever the others do; the first failure of load().
    Result<void> load_all();

    // Indices of loaded candidates that have devices: highest priority first, then in the order of
    // finding.
    [[nodiscard]] std::vector<std::size_t> by_priority() const;

  private:
    // Every step from the policy to the device list; the stage it is in is kept in `progress`.
    Result<void> load_steps(Candidate& progress) const;

    std::shared_ptr<Host> host_;
    const std::vector<Place> places_;
    const LoadPolicy policy_;
    const HostProbe& probe_;
    const AbiRange host_abi_;
    std::mutex load_mutex_;
    mutable std::mutex candidates_mutex_;  // never held while foreign code runs
    std::vector<Candidate> candidates_;
};

}  // namespace skep
