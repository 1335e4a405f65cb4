// SPDX-License-Identifier: MIT
// How C++ code of Skep fails: an Error that is also an exception, and a Result that holds a value
// or an Error.
//
//     skep::Result<int> parsed = parse(text);
//     if (!parsed) return parsed.error();   // check and hand on,
//     use(parsed.value());                  // or let value() throw the Error
#pragma once

#include <skep/status.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace skep {

// A status with its text. Copying does not allocate, so that an Error can be thrown and stored
// freely.
class Error : public std::runtime_error {
  public:
    Error(skep_status status, const std::string &message, std::int32_t layer = SKEP_LAYER_CORE,
          std::int64_t native_code = 0)
        : std::runtime_error(message), status_(status), layer_(layer), native_code_(native_code) {}

    [[nodiscard]] skep_status status() const noexcept { return status_; }
    [[nodiscard]] std::int32_t layer() const noexcept { return layer_; }
    [[nodiscard]] std::int64_t native_code() const noexcept { return native_code_; }
    [[nodiscard]] const char *message() const noexcept { return what(); }

  private:
    skep_status status_;
    std::int32_t layer_;
    std::int64_t native_code_;
};

// A Value or the Error that prevented it. Both convert implicitly, so functions return either.
template <typename Value>
class [[nodiscard]] Result {
  public:
    template <typename Source = Value,
              typename = std::enable_if_t<std::is_constructible_v<Value, Source &&> &&
                                          !std::is_same_v<std::decay_t<Source>, Result> &&
                                          !std::is_same_v<std::decay_t<Source>, Error>>>
    Result(Source &&value) : state_(std::in_place_index<0>, std::forward<Source>(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    // The value; throws the Error if there is none. Of a temporary it is handed out whole, so that
    // `for (auto &item : list().value())` is right.
    Value &value() & { return checked(*this); }
    const Value &value() const & { return checked(*this); }
    Value value() && { return std::move(checked(*this)); }

    // The value of a Result that was tested before.
    Value &operator*() & { return *std::get_if<0>(&state_); }
    const Value &operator*() const & { return *std::get_if<0>(&state_); }
    Value &&operator*() && { return std::move(*std::get_if<0>(&state_)); }
    Value *operator->() { return std::get_if<0>(&state_); }
    const Value *operator->() const { return std::get_if<0>(&state_); }

    // The Error of a Result that was tested before.
    [[nodiscard]] const Error &error() const { return *std::get_if<1>(&state_); }

  private:
    template <typename Self>
    static auto &checked(Self &self) {
        if (!self.has_value()) throw *std::get_if<1>(&self.state_);
        return *std::get_if<0>(&self.state_);
    }

    std::variant<Value, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool has_value() const noexcept { return error_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }
    void value() const {
        if (!has_value()) throw error();
    }
    [[nodiscard]] const Error &error() const { return *std::get_if<1>(&error_); }

  private:
    std::variant<std::monostate, Error> error_;
};

}  // namespace skep
