// SPDX-License-Identifier: MIT
// The example of README.md; face_test.cpp checks that the page shows it as it is here.
#include "readme_example.hpp"

#include <sstream>

// --- README ---
#include <skep/skep.hpp>

std::string nearest_words() {
    skep::Runtime runtime = skep::Runtime::create().value();
    skep::CollectionOptions options;
    options.dim = 3;
    options.metric = SKEP_METRIC_COSINE;
    options.key_kind = SKEP_KEY_STRING;
    skep::Collection words = skep::Collection::create(runtime, options).value();

    const float vectors[] = {1, 0, 0, 0, 1, 0, 3, 0, 4};
    words.add(skep::rows(vectors, 3, 3), skep::Texts{"bee", "wasp", "hive"}).value();

    const float query[] = {2, 0, 0};
    std::ostringstream answers;
    const skep::Hits hits = words.search(skep::rows(query, 1, 3), 2).value();
    for (skep::Hit hit : hits[0])
        answers << hit.text << ' ' << hit.distance << '\n';
    return answers.str();  // bee 0, hive 0.4
}
// --- end ---
