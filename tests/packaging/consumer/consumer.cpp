// SPDX-License-Identifier: MIT
// The smallest application: one row in, the same row out. Prints the device and the key found.
#include <skep/skep.hpp>

#include <cstdio>

int main() {
    try {
        skep::Runtime runtime = skep::Runtime::create().value();
        skep::CollectionOptions options;
        options.dim = 3;
        skep::Collection collection = skep::Collection::create(runtime, options).value();
        const float row[3] = {1.0F, 2.0F, 3.0F};
        collection.add(skep::rows(row, 1, 3)).value();
        const skep::Hits hits = collection.search(skep::rows(row, 1, 3), 1).value();
        std::printf("device %s key %llu distance %g\n", collection.device().value().id,
                    static_cast<unsigned long long>(hits.keys[0]),
                    static_cast<double>(hits.distances[0]));
        return hits.keys[0] == 0 && hits.distances[0] == 0.0F ? 0 : 1;
    } catch (const skep::Error& error) {
        std::fprintf(stderr, "consumer: %s\n", error.message());
        return 1;
    }
}
