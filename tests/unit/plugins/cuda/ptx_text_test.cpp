// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "jit/ptx_images.hpp"
#include "skep/result.hpp"

namespace skep::cuda {
namespace {

TEST(PtxText, OfEveryImageHoldsItsKernel) {
    ASSERT_FALSE(ptx_images().empty());
    for (const PtxImage& image : ptx_images()) {
        SCOPED_TRACE(std::string(image.module) + " for " + image.rung);
        const std::string text = ptx_text(image);
        EXPECT_EQ(text.rfind(".version", 0), 0U) << text.substr(0, 40);
        EXPECT_NE(text.find(std::string(".target ") + image.rung), std::string::npos);
        EXPECT_NE(text.find(std::string(".entry ") + image.module + "("), std::string::npos);
        EXPECT_EQ(text.find_last_not_of('\n'), text.rfind('}'));
        EXPECT_EQ(text.find('\0'), std::string::npos) << "the driver would stop there";
    }
}

TEST(PtxText, OfDamagedBytesIsAnErrorThatNamesTheModule) {
    PtxImage image = ptx_images().front();
    std::vector<unsigned char> damaged(image.body.begin(), image.body.end());
    damaged[damaged.size() / 2] ^= 0xFFU;
    image.body = damaged;
    try {
        static_cast<void>(ptx_text(image));
        FAIL() << "damaged bytes were taken";
    } catch (const Error& failure) {
        EXPECT_EQ(failure.status(), SKEP_INTERNAL);
        EXPECT_NE(std::string(failure.what()).find(image.module), std::string::npos);
    }
}

}  // namespace
}  // namespace skep::cuda
