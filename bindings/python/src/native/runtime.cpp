// SPDX-License-Identifier: MIT
#include "runtime.hpp"

#include "byte_lists.hpp"
#include "calls.hpp"
#include "object.hpp"

#include <string>
#include <vector>

namespace skep::python {
namespace {

struct RuntimeObject {
    PyObject_HEAD RuntimeHandle* handle;
};

PyObject* runtime_type = nullptr;

RuntimeHandle*& handle_slot(PyObject* self) {
    return reinterpret_cast<RuntimeObject*>(self)->handle;
}

std::vector<std::string> texts_of(PyObject* sequence) {
    std::vector<std::string> texts(static_cast<std::size_t>(PySequence_Size(sequence)));
    for (std::size_t at = 0; at < texts.size(); ++at) {
        texts[at] =
            text_of(checked(PySequence_GetItem(sequence, static_cast<Py_ssize_t>(at))).get());
    }
    return texts;
}

PyObject* runtime_new(PyTypeObject* type, PyObject* arguments, PyObject*) {
    return guarded([&] {
        unsigned int num_threads = 0;
        unsigned int flags = 0;
        PyObject* backend_paths = nullptr;
        if (PyArg_ParseTuple(arguments, "IIO!:Runtime", &num_threads, &flags, &PyTuple_Type,
                             &backend_paths) == 0) {
            throw PythonError();
        }
        const std::vector<std::string> paths = texts_of(backend_paths);
        std::vector<const char*> borrowed;
        borrowed.reserve(paths.size());
        for (const std::string& path : paths)
            borrowed.push_back(path.c_str());
        skep_runtime_options options = SKEP_RUNTIME_OPTIONS_INIT;
        options.num_threads = num_threads;
        options.flags = flags;
        options.backend_paths = borrowed.data();
        options.num_backend_paths = borrowed.size();

        Ref self = allocate(type);
        skep_runtime* made = nullptr;
        run_call([&](skep_error* error) { return skep_runtime_create(&options, &made, error); });
        RuntimeHandle handle(made, skep_runtime_destroy);
        handle_slot(self.get()) = new RuntimeHandle(std::move(handle));
        return self;
    });
}

void runtime_dealloc(PyObject* self) {
    {
        const WithoutInterpreterLock unlocked;
        delete handle_slot(self);
    }
    deallocate(self);
}

PyObject* runtime_devices(PyObject* self, PyObject*) {
    return guarded([&] {
        const RuntimeHandle runtime = *handle_slot(self);
        std::vector<skep_device_info> infos;
        run_call([&](skep_error* error) {
            uint64_t count = 0;
            skep_status status = skep_runtime_num_devices(runtime.get(), &count, error);
            infos.resize(static_cast<std::size_t>(count));
            for (uint64_t at = 0; status == SKEP_OK && at < count; ++at) {
                skep_device_info& info = infos[static_cast<std::size_t>(at)];
                info.struct_size = sizeof(info);
                status = skep_runtime_device_at(runtime.get(), at, &info, error);
            }
            return status;
        });
        Ref list = checked(PyList_New(0));
        for (const skep_device_info& info : infos) {
            checked(PyList_Append(list.get(), dict_of(info).get()));
        }
        return list;
    });
}

PyObject* runtime_find_device(PyObject* self, PyObject* name) {
    return guarded([&] {
        const RuntimeHandle runtime = *handle_slot(self);
        const std::string wanted = text_of(name);
        skep_device_info info{};
        info.struct_size = sizeof(info);
        run_call([&](skep_error* error) {
            return skep_runtime_find_device(runtime.get(), wanted.c_str(), &info, error);
        });
        return dict_of(info);
    });
}

Ref dict_of(const skep_backend_info& info) {
    constexpr const char* kStates[] = {"found", "loaded", "refused"};
    const char* state = info.state >= 0 && info.state <= 2 ? kStates[info.state] : "?";
    return checked(Py_BuildValue(
        "{ss,ss,si,sO,sI,ss,ss,ss,ss,ss,ss}", "state", state, "reason",
        info.reason == SKEP_OK ? "" : skep_status_name(info.reason), "priority", info.priority,
        "is_builtin", info.is_builtin != 0 ? Py_True : Py_False, "num_devices", info.num_devices,
        "name", info.name, "version", info.version, "origin", info.origin, "message", info.message,
        "manifest_path", info.manifest_path, "library_path", info.library_path));
}

PyObject* runtime_backends(PyObject* self, PyObject*) {
    return guarded([&] {
        const RuntimeHandle runtime = *handle_slot(self);
        uint64_t count = 0;
        run_call([&](skep_error* error) {
            return skep_runtime_num_backends(runtime.get(), &count, error);
        });
        Ref list = checked(PyList_New(0));
        for (uint64_t at = 0; at < count; ++at) {
            skep_backend_info info{};
            info.struct_size = sizeof(info);
            run_call([&](skep_error* error) {
                return skep_runtime_backend_at(runtime.get(), at, &info, error);
            });
            checked(PyList_Append(list.get(), dict_of(info).get()));
        }
        return list;
    });
}

PyObject* runtime_explain(PyObject* self, PyObject* format) {
    return guarded([&] {
        const RuntimeHandle runtime = *handle_slot(self);
        const long wanted = PyLong_AsLong(format);
        if (PyErr_Occurred() != nullptr) throw PythonError();
        ByteList report;
        run_call([&](skep_error* error) {
            return skep_runtime_explain(runtime.get(), static_cast<int32_t>(wanted), report.out(),
                                        error);
        });
        return report.text_at(0);
    });
}

PyMethodDef runtime_methods[] = {{"devices", runtime_devices, METH_NOARGS, nullptr},
                                 {"find_device", runtime_find_device, METH_O, nullptr},
                                 {"backends", runtime_backends, METH_NOARGS, nullptr},
                                 {"explain", runtime_explain, METH_O, nullptr},
                                 {nullptr, nullptr, 0, nullptr}};

PyType_Slot runtime_slots[] = {{Py_tp_new, reinterpret_cast<void*>(runtime_new)},
                               {Py_tp_dealloc, reinterpret_cast<void*>(runtime_dealloc)},
                               {Py_tp_methods, runtime_methods},
                               {0, nullptr}};

PyType_Spec runtime_spec = {"skep._native.Runtime", sizeof(RuntimeObject), 0, Py_TPFLAGS_DEFAULT,
                            runtime_slots};

}  // namespace

PyObject* make_runtime_type() {
    runtime_type = checked(PyType_FromSpec(&runtime_spec)).release();
    return runtime_type;
}

RuntimeHandle runtime_of(PyObject* object) {
    if (PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(runtime_type)) == 0) {
        PyErr_Format(PyExc_TypeError, "%R is no runtime", object);
        throw PythonError();
    }
    return *handle_slot(object);
}

Ref dict_of(const skep_device_info& info) {
    Ref dtypes = checked(PyDict_New());
    for (skep_metric metric = 0; metric < SKEP_NUM_METRICS; ++metric) {
        const Ref names = checked(PyList_New(0));
        for (skep_dtype dtype = 0; dtype < 32 && skep_dtype_name(dtype) != nullptr; ++dtype) {
            if ((info.supported_dtypes[metric] >> static_cast<unsigned>(dtype) & 1U) == 0) continue;
            checked(PyList_Append(names.get(),
                                  checked(PyUnicode_FromString(skep_dtype_name(dtype))).get()));
        }
        const Ref frozen = checked(PyList_AsTuple(names.get()));
        checked(PyDict_SetItemString(dtypes.get(), skep_metric_name(metric), frozen.get()));
    }
    return checked(Py_BuildValue(
        "{ss,ss,ss,ss,ss,ss,ss,ss,si,si,si,sK,sO,sI,sK,sK,sK,sK,sI,sI,sK}", "id", info.id,
        "backend", info.backend, "name", info.name, "isa", info.isa, "uuid", info.uuid,
        "pci_bus_id", info.pci_bus_id, "driver_version", info.driver_version, "compute_capability",
        info.compute_capability, "ordinal", info.ordinal, "memory_kind", info.memory_kind,
        "memory_device_id", info.memory_device_id, "capabilities",
        static_cast<unsigned long long>(info.capabilities), "supported_dtypes", dtypes.get(),
        "max_dim", info.max_dim, "max_k", static_cast<unsigned long long>(info.max_k), "max_batch",
        static_cast<unsigned long long>(info.max_batch), "total_memory_bytes",
        static_cast<unsigned long long>(info.total_memory_bytes), "free_memory_bytes",
        static_cast<unsigned long long>(info.free_memory_bytes), "num_compute_units",
        info.num_compute_units, "max_threads_per_block", info.max_threads_per_block,
        "max_shared_memory_per_block_bytes",
        static_cast<unsigned long long>(info.max_shared_memory_per_block_bytes)));
}

}  // namespace skep::python
