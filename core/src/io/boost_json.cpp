// SPDX-License-Identifier: MIT
// The one place where Boost.JSON is compiled; everybody else includes its headers.
#include <boost/json/src.hpp>
