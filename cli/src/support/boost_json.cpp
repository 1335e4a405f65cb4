// SPDX-License-Identifier: MIT
// The one translation unit that compiles Boost.JSON itself: everybody else sees declarations.
#include <boost/json/src.hpp>
