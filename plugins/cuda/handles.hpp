// SPDX-License-Identifier: MIT
// What the host's handles are.
#pragma once

#include <skep/backend.h>

#include <memory>

#include "cuda_backend.hpp"
#include "graph/graph.hpp"
#include "index/flat_store.hpp"
#include "index/mask.hpp"

struct skep_backend {
    explicit skep_backend(const skep_host_services& host) : services(host), backend(services) {}
    skep_host_services services;
    skep::cuda::CudaBackend backend;
};
struct skep_device {
    std::shared_ptr<skep::cuda::Device> device;
};
struct skep_store {
    skep_store(const std::shared_ptr<skep::cuda::Device>& device, const skep_store_options& options)
        : store(device, options) {}
    skep::cuda::FlatStore store;
};
struct skep_mask {
    skep::cuda::Mask mask;
};
struct skep_graph {
    std::unique_ptr<skep::cuda::Graph> graph;
};
