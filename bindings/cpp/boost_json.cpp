// SPDX-License-Identifier: MIT
// The one place of these tests where Boost.JSON is compiled.
#include <boost/json/src.hpp>
