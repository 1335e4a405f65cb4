// SPDX-License-Identifier: MIT
#include "calls.hpp"

#include "call_thread.hpp"

#include <atomic>
#include <chrono>
#include <cmath>

namespace skep::python {
namespace {

bool is_given(PyObject* keyword) {
    return keyword != nullptr && keyword != Py_None;
}

uint64_t nanoseconds_of(PyObject* seconds) {
    const double value = PyFloat_AsDouble(seconds);
    if (value == -1.0 && PyErr_Occurred() != nullptr) throw PythonError();
    if (!(value > 0.0) || value > 1e9) {
        PyErr_Format(PyExc_ValueError, "timeout is %R; wanted are seconds above 0, up to 1e9",
                     seconds);
        throw PythonError();
    }
    return static_cast<uint64_t>(std::ceil(value * 1e9));
}

// An exception set aside while other Python code may run.
class SavedException {
  public:
    void save() { PyErr_Fetch(&type_, &value_, &traceback_); }
    [[nodiscard]] bool is_set() const { return type_ != nullptr; }
    [[noreturn]] void restore() {
        PyErr_Restore(type_, value_, traceback_);
        throw PythonError();
    }

  private:
    PyObject* type_ = nullptr;
    PyObject* value_ = nullptr;
    PyObject* traceback_ = nullptr;
};

// What the library's progress callback sees of one call.
struct Watch {
    Ref callback;  // NULL: nobody asked
    SavedException raised;
    std::atomic<bool> is_interrupted{false};
};

// Called without the interpreter lock, from any thread, never from two at once.
int32_t on_progress(void* user_data, uint64_t done, uint64_t total) {
    auto* watch = static_cast<Watch*>(user_data);
    if (watch->is_interrupted.load(std::memory_order_relaxed)) return 1;
    if (watch->callback == nullptr) return 0;
    const PyGILState_STATE state = PyGILState_Ensure();
    PyObject* answer =
        PyObject_CallFunction(watch->callback.get(), "KK", static_cast<unsigned long long>(done),
                              static_cast<unsigned long long>(total));
    if (answer == nullptr) watch->raised.save();
    const bool goes_on = answer != nullptr && answer != Py_False;
    Py_XDECREF(answer);
    PyGILState_Release(state);
    return goes_on ? 0 : 1;
}

bool is_main_thread() {
    const Ref threading = checked(PyImport_ImportModule("threading"));
    const Ref main = checked(PyObject_CallMethod(threading.get(), "main_thread", nullptr));
    const Ref identity = checked(PyObject_GetAttrString(main.get(), "ident"));
    const unsigned long main_identity = PyLong_AsUnsignedLong(identity.get());
    if (PyErr_Occurred() != nullptr) throw PythonError();
    return main_identity == PyThread_get_thread_ident();
}

// Runs body on the call thread and looks for signals until it is done.
skep_status run_interruptibly(const CallBody& body, const skep_call_options& options, Watch& watch,
                              SavedException& interruption, skep_error& error) {
    skep_status status = SKEP_OK;
    const std::function<void()> job = [&] { status = body(&options, &error); };
    CallThread* thread = CallThread::of_process();
    if (thread == nullptr || !thread->start(job)) {  // then not interruptible
        const WithoutInterpreterLock unlocked;
        job();
        return status;
    }
    for (bool is_done = false; !is_done;) {
        {
            const WithoutInterpreterLock unlocked;
            is_done = thread->wait_for(std::chrono::milliseconds(50));
        }
        if (!interruption.is_set() && PyErr_CheckSignals() < 0) {
            interruption.save();
            watch.is_interrupted.store(true, std::memory_order_relaxed);
        }
    }
    return status;
}

}  // namespace

void run_call(const CallKeywords& keywords, Duration duration, const CallBody& body) {
    skep_call_options options = SKEP_CALL_OPTIONS_INIT;
    Watch watch;
    if (is_given(keywords.timeout)) options.timeout_ns = nanoseconds_of(keywords.timeout);
    if (is_given(keywords.cancel)) options.cancel = cancel_handle_of(keywords.cancel);
    if (is_given(keywords.progress)) {
        const Ref arguments = checked(PyTuple_Pack(1, keywords.progress));
        watch.callback = call_helper("skep._progress", "as_callback", arguments.get());
    }
    const bool is_interruptible = duration == Duration::kMaybeLong && is_main_thread();
    if (is_interruptible || watch.callback != nullptr) {
        options.progress = on_progress;
        options.user_data = &watch;
    }

    skep_error error = SKEP_ERROR_INIT;
    skep_status status = SKEP_OK;
    SavedException interruption;
    if (is_interruptible) {
        status = run_interruptibly(body, options, watch, interruption, error);
    } else {
        const WithoutInterpreterLock unlocked;
        status = body(&options, &error);
    }
    // A Python exception says more than the SKEP_CANCELLED that it led to.
    if (interruption.is_set()) interruption.restore();
    if (watch.raised.is_set()) watch.raised.restore();
    check_status(status, error);
}

void run_call(const PlainBody& body) {
    skep_error error = SKEP_ERROR_INIT;
    skep_status status = SKEP_OK;
    {
        const WithoutInterpreterLock unlocked;
        status = body(&error);
    }
    check_status(status, error);
}

}  // namespace skep::python
