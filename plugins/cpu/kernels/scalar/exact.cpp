// SPDX-License-Identifier: MIT
// The definition of every distance, in plain code: 16 partial sums, multiply then add.
// Twin of common/distance.hpp for rows that may be unaligned.
#include <cstdint>

#include "kernels/scalar/elements.hpp"
#include "kernels/scalar/tables.hpp"

namespace skep::cpu {
namespace {

constexpr std::size_t kNumPartialSums = 16;

template <typename Element>
double load(const void* row, std::size_t i) {
    Element element;
    __builtin_memcpy(&element, static_cast<const char*>(row) + i * sizeof(Element), sizeof element);
    return value_of(element);
}

double fold(double* sums) {
    for (std::size_t width = kNumPartialSums / 2; width > 0; width /= 2) {
        for (std::size_t lane = 0; lane < width; ++lane)
            sums[lane] += sums[lane + width];
    }
    return sums[0];
}

template <typename Element>
double squared_l2(const double* query, const void* row, std::size_t dim) {
    double sums[kNumPartialSums] = {};
    for (std::size_t i = 0; i < dim; ++i) {
        const double difference = query[i] - load<Element>(row, i);
        sums[i % kNumPartialSums] += difference * difference;
    }
    return fold(sums);
}

template <typename Element>
double dot(const double* query, const void* row, std::size_t dim) {
    double sums[kNumPartialSums] = {};
    for (std::size_t i = 0; i < dim; ++i)
        sums[i % kNumPartialSums] += query[i] * load<Element>(row, i);
    return fold(sums);
}

template <typename Element>
double squared_norm(const void* row, std::size_t dim) {
    double sums[kNumPartialSums] = {};
    for (std::size_t i = 0; i < dim; ++i) {
        const double value = load<Element>(row, i);
        sums[i % kNumPartialSums] += value * value;
    }
    return fold(sums);
}

template <typename Element>
constexpr ExactKernels kExact = {squared_l2<Element>, dot<Element>, squared_norm<Element>};

}  // namespace

const ExactKernels kScalarExact[kNumElementTypes] = {
    kExact<float>, kExact<F16>, kExact<Bf16>, kExact<std::int8_t>, kExact<std::uint8_t>,
};

}  // namespace skep::cpu
