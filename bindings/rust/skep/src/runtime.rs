// SPDX-License-Identifier: MIT
//! Backends, devices and worker threads.

use std::ffi::CString;
use std::mem::size_of;
use std::os::raw::c_void;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;

use skep_sys as sys;

use crate::bytes::ByteList;
use crate::callbacks::{self, Callbacks};
use crate::device::sized;
use crate::error::check;
use crate::names::c_string;
use crate::{
    BackendInfo, CallOptions, Collection, CollectionOptions, DeviceInfo, Dtype, Error, Metric,
    Result,
};

/// How much of the log is wanted, or how important a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum LogLevel {
    Off,
    Error,
    Warning,
    Info,
    Debug,
}

impl LogLevel {
    pub(crate) fn from_number(number: i32) -> Self {
        match number {
            sys::SKEP_LOG_OFF => LogLevel::Off,
            sys::SKEP_LOG_ERROR => LogLevel::Error,
            sys::SKEP_LOG_WARNING => LogLevel::Warning,
            sys::SKEP_LOG_INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        }
    }

    fn number(self) -> i32 {
        match self {
            LogLevel::Off => sys::SKEP_LOG_OFF,
            LogLevel::Error => sys::SKEP_LOG_ERROR,
            LogLevel::Warning => sys::SKEP_LOG_WARNING,
            LogLevel::Info => sys::SKEP_LOG_INFO,
            LogLevel::Debug => sys::SKEP_LOG_DEBUG,
        }
    }
}

/// A backend that is about to be loaded.
#[allow(missing_docs)]
pub struct LoadAttempt<'a> {
    pub backend: &'a str,
    pub manifest_path: &'a str,
    pub library_path: &'a str,
}

/// How a runtime is made. The callbacks run on any thread, several at once, and live until the
/// runtime and every collection of it are gone.
#[derive(Default)]
pub struct RuntimeOptions {
    pub(crate) ignores_environment: bool,
    pub(crate) is_builtin_only: bool,
    num_threads: u32,
    log_level: Option<LogLevel>,
    backend_paths: Vec<PathBuf>,
    callbacks: Callbacks,
}

impl RuntimeOptions {
    /// Everything as usual.
    pub fn new() -> Self {
        RuntimeOptions::default()
    }

    /// Neither SKEP_BACKEND_PATH nor any other variable counts.
    pub fn ignore_environment(mut self) -> Self {
        self.ignores_environment = true;
        self
    }

    /// Looks for no plugins at all.
    pub fn builtin_only(mut self) -> Self {
        self.is_builtin_only = true;
        self
    }

    /// Workers for parallel work, the caller included; 0: one per usable processor.
    pub fn num_threads(mut self, num_threads: u32) -> Self {
        self.num_threads = num_threads;
        self
    }

    /// A folder of manifests, or a manifest; those given first are looked at first.
    pub fn backend_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.backend_paths.push(path.into());
        self
    }

    /// Receives log lines up to a level: level, component, message.
    pub fn log(
        mut self,
        level: LogLevel,
        log: impl Fn(LogLevel, &str, &str) + Send + Sync + 'static,
    ) -> Self {
        self.log_level = Some(level);
        self.callbacks.log = Some(Box::new(log));
        self
    }

    /// Asked before each plugin is loaded; false refuses it.
    pub fn allow_load(
        mut self,
        allow_load: impl Fn(&LoadAttempt<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.callbacks.allow_load = Some(Box::new(allow_load));
        self
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Default)]
pub struct OpenOptions<'a> {
    /// A device's name; None: the best one.
    pub device: Option<&'a str>,
    /// Use rows in place where the device can; the file must not change meanwhile.
    pub map: bool,
    /// Check structure only: for files of your own on storage that you trust.
    pub skip_checksums: bool,
    /// What may stop the call.
    pub call: CallOptions<'a>,
}

/// What an index file of hnswlib was made for; the file does not tell.
#[derive(Clone, Copy)]
pub struct HnswlibOptions<'a> {
    /// L2 for its L2 space, InnerProduct, or Cosine, whose rows are then of unit length.
    pub metric: Metric,
    /// What the rows become here.
    pub dtype: Dtype,
    /// A device's name; None: the best one.
    pub device: Option<&'a str>,
    /// What may stop the call.
    pub call: CallOptions<'a>,
}

impl Default for HnswlibOptions<'_> {
    fn default() -> Self {
        HnswlibOptions {
            metric: Metric::L2,
            dtype: Dtype::F32,
            device: None,
            call: CallOptions::default(),
        }
    }
}

/// Backends, devices and worker threads. Collections keep their runtime alive, so the order of
/// dropping does not matter.
pub struct Runtime {
    handle: *mut sys::skep_runtime,
    callbacks: Arc<Callbacks>, // dropped after the handle
}

// SAFETY: every function of skep.h may be called from any thread, any number at once.
unsafe impl Send for Runtime {}
unsafe impl Sync for Runtime {}

pub(crate) fn path_text(operation: &str, path: &Path) -> Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    CString::new(path.as_os_str().as_bytes()).map_err(|_| {
        Error::invalid(format!("{}: path {:?} holds a NUL; expected none", operation, path))
    })
}

pub(crate) fn device_text(device: Option<&str>) -> Result<CString> {
    c_string("device", device.unwrap_or("auto"))
}

impl Runtime {
    /// Reads manifests; opens no plugin, starts no driver.
    pub fn new() -> Result<Self> {
        Runtime::with(RuntimeOptions::new())
    }

    /// The same with options.
    pub fn with(options: RuntimeOptions) -> Result<Self> {
        let paths = options
            .backend_paths
            .iter()
            .map(|path| path_text("runtime", path))
            .collect::<Result<Vec<_>>>()?;
        let paths: Vec<_> = paths.iter().map(|path| path.as_ptr()).collect();
        let callbacks = Arc::new(options.callbacks);
        let mut flags = 0;
        if options.ignores_environment {
            flags |= sys::SKEP_RUNTIME_IGNORE_ENVIRONMENT;
        }
        if options.is_builtin_only {
            flags |= sys::SKEP_RUNTIME_BUILTIN_ONLY;
        }
        let plain = sys::skep_runtime_options {
            struct_size: size_of::<sys::skep_runtime_options>() as u32,
            flags,
            num_threads: options.num_threads,
            log_level: options.log_level.unwrap_or(LogLevel::Off).number(),
            backend_paths: paths.as_ptr(),
            num_backend_paths: paths.len() as u64,
            log: callbacks.log.as_ref().map(|_| callbacks::log as sys::skep_log_fn),
            allow_load: callbacks
                .allow_load
                .as_ref()
                .map(|_| callbacks::allow_load as sys::skep_allow_load_fn),
            user_data: Arc::as_ptr(&callbacks) as *mut c_void,
        };
        let mut handle = ptr::null_mut();
        // SAFETY: plain is whole; what its callbacks need outlives the runtime, see `callbacks`.
        check(|error| unsafe { sys::skep_runtime_create(&plain, &mut handle, error) })?;
        Ok(Runtime { handle, callbacks })
    }

    /// An empty collection.
    pub fn create(&self, options: &CollectionOptions<'_>) -> Result<Collection> {
        let device = device_text(options.device)?;
        let plain = options.plain(&device);
        let mut handle = ptr::null_mut();
        // SAFETY: plain and the device's name live until the call returns.
        check(|error| unsafe {
            sys::skep_collection_create(self.handle, &plain, &mut handle, error)
        })?;
        Collection::adopt(handle, &self.callbacks)
    }

    /// Opens a saved collection on the best device.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Collection> {
        self.open_with(path, &OpenOptions::default())
    }

    /// Opens a saved collection.
    pub fn open_with(
        &self,
        path: impl AsRef<Path>,
        options: &OpenOptions<'_>,
    ) -> Result<Collection> {
        let path = path_text("open", path.as_ref())?;
        let device = device_text(options.device)?;
        let mut plain = sys::skep_open_options {
            struct_size: size_of::<sys::skep_open_options>() as u32,
            flags: 0,
            device: device.as_ptr(),
        };
        if options.map {
            plain.flags |= sys::SKEP_OPEN_MAP;
        }
        if options.skip_checksums {
            plain.flags |= sys::SKEP_OPEN_SKIP_CHECKSUMS;
        }
        let mut handle = ptr::null_mut();
        options.call.with(|call| {
            // SAFETY: all arguments live until the call returns.
            check(|error| unsafe {
                sys::skep_collection_open(
                    self.handle,
                    path.as_ptr(),
                    &plain,
                    call,
                    &mut handle,
                    error,
                )
            })
        })?;
        Collection::adopt(handle, &self.callbacks)
    }

    /// A new collection of index hnsw with what is in an index file of hnswlib.
    pub fn import_hnswlib(
        &self,
        path: impl AsRef<Path>,
        options: &HnswlibOptions<'_>,
    ) -> Result<Collection> {
        let path = path_text("import hnswlib", path.as_ref())?;
        let device = device_text(options.device)?;
        let plain = sys::skep_hnswlib_options {
            struct_size: size_of::<sys::skep_hnswlib_options>() as u32,
            metric: options.metric.number(),
            dtype: options.dtype.number(),
            reserved: 0,
            device: device.as_ptr(),
        };
        let mut handle = ptr::null_mut();
        options.call.with(|call| {
            // SAFETY: all arguments live until the call returns.
            check(|error| unsafe {
                sys::skep_collection_import_hnswlib(
                    self.handle,
                    path.as_ptr(),
                    &plain,
                    call,
                    &mut handle,
                    error,
                )
            })
        })?;
        Collection::adopt(handle, &self.callbacks)
    }

    /// Devices of all usable backends, best first. The first call loads plugins and may start
    /// drivers.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>> {
        let mut count = 0;
        // SAFETY: places to write to.
        check(|error| unsafe { sys::skep_runtime_num_devices(self.handle, &mut count, error) })?;
        (0..count)
            .map(|index| {
                // SAFETY: numbers and arrays.
                let mut plain: sys::skep_device_info = unsafe { sized() };
                check(|error| unsafe {
                    sys::skep_runtime_device_at(self.handle, index, &mut plain, error)
                })?;
                Ok(DeviceInfo::from_plain(&plain))
            })
            .collect()
    }

    /// The device of a name: "cpu", "cuda" (its first), "cuda:1", "auto" (the best). Never falls
    /// back.
    pub fn find_device(&self, name: &str) -> Result<DeviceInfo> {
        let name = c_string("find device", name)?;
        // SAFETY: numbers and arrays.
        let mut plain: sys::skep_device_info = unsafe { sized() };
        check(|error| unsafe {
            sys::skep_runtime_find_device(self.handle, name.as_ptr(), &mut plain, error)
        })?;
        Ok(DeviceInfo::from_plain(&plain))
    }

    /// All candidate backends and what became of them so far.
    pub fn backends(&self) -> Result<Vec<BackendInfo>> {
        let mut count = 0;
        // SAFETY: places to write to.
        check(|error| unsafe { sys::skep_runtime_num_backends(self.handle, &mut count, error) })?;
        (0..count)
            .map(|index| {
                // SAFETY: numbers and arrays.
                let mut plain: sys::skep_backend_info = unsafe { sized() };
                check(|error| unsafe {
                    sys::skep_runtime_backend_at(self.handle, index, &mut plain, error)
                })?;
                Ok(BackendInfo::from_plain(&plain))
            })
            .collect()
    }

    /// Everything that was decided so far, as text.
    pub fn explain(&self) -> Result<String> {
        self.explain_as(sys::SKEP_FORMAT_TEXT)
    }

    /// Everything that was decided so far, as JSON.
    pub fn explain_json(&self) -> Result<String> {
        self.explain_as(sys::SKEP_FORMAT_JSON)
    }

    fn explain_as(&self, format: i32) -> Result<String> {
        let mut list = ptr::null_mut();
        // SAFETY: list is a place to write to.
        check(|error| unsafe { sys::skep_runtime_explain(self.handle, format, &mut list, error) })?;
        Ok(ByteList::adopt(list).text(0))
    }

    pub(crate) fn handle(&self) -> *mut sys::skep_runtime {
        self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // SAFETY: ours alone; collections hold the C runtime themselves.
        unsafe { sys::skep_runtime_destroy(self.handle) }
    }
}

/// What is in a .skep file, as JSON; reads the header and the metadata only.
pub fn describe_file(path: impl AsRef<Path>) -> Result<String> {
    let path = path_text("describe", path.as_ref())?;
    let mut list = ptr::null_mut();
    // SAFETY: list is a place to write to.
    check(|error| unsafe { sys::skep_file_describe(path.as_ptr(), &mut list, error) })?;
    Ok(ByteList::adopt(list).text(0))
}
