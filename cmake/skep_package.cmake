# SPDX-License-Identifier: MIT
# Filled in with the install rules: find_package(skep), pkg-config.
