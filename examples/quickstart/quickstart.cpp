// SPDX-License-Identifier: MIT
// Three rows and one question: which two are nearest, and which device found them?
#include <iostream>
#include <skep/skep.hpp>

int main() try {
    const float base[] = {0, 0, 1, 1, 5, 5};
    const float query[] = {1, 0.5F};

    skep::Runtime runtime = skep::Runtime::create().value();
    skep::CollectionOptions options;
    options.dim = 2;
    options.metric = SKEP_METRIC_L2;
    skep::Collection collection = skep::Collection::create(runtime, options).value();
    collection.add(skep::rows(base, 3, 2)).value();

    skep::Hits hits = collection.search(skep::rows(query, 1, 2), 2).value();
    const skep::DeviceInfo device = collection.device().value();
    for (std::size_t rank = 0; rank < hits.k; ++rank) {
        std::cout << device.id << ": row " << hits.keys[rank] << " at distance "
                  << hits.distances[rank] << '\n';
    }
    return 0;
} catch (const skep::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
}
