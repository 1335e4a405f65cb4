// SPDX-License-Identifier: MIT
//! Callbacks of a runtime. Whatever keeps the C runtime alive keeps them too.

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};

use skep_sys as sys;

use crate::runtime::{LoadAttempt, LogLevel};

pub(crate) type Log = Box<dyn Fn(LogLevel, &str, &str) + Send + Sync>;
pub(crate) type AllowLoad = Box<dyn Fn(&LoadAttempt<'_>) -> bool + Send + Sync>;

#[derive(Default)]
pub(crate) struct Callbacks {
    pub log: Option<Log>,
    pub allow_load: Option<AllowLoad>,
}

pub(crate) unsafe extern "C" fn log(
    user_data: *mut c_void,
    level: i32,
    component: *const c_char,
    _thread_id: u64,
    message: *const c_char,
) {
    let callbacks = &*user_data.cast::<Callbacks>();
    if let Some(log) = &callbacks.log {
        let component = CStr::from_ptr(component).to_string_lossy();
        let message = CStr::from_ptr(message).to_string_lossy();
        // A panic ends here: nothing may unwind through C, and a log line has nobody to tell.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            log(LogLevel::from_number(level), &component, &message)
        }));
    }
}

pub(crate) unsafe extern "C" fn allow_load(
    user_data: *mut c_void,
    attempt: *const sys::skep_load_attempt,
) -> i32 {
    let callbacks = &*user_data.cast::<Callbacks>();
    let attempt = &*attempt;
    let attempt = LoadAttempt {
        backend: &CStr::from_ptr(attempt.backend_name).to_string_lossy(),
        manifest_path: &CStr::from_ptr(attempt.manifest_path).to_string_lossy(),
        library_path: &CStr::from_ptr(attempt.library_path).to_string_lossy(),
    };
    let allows = callbacks.allow_load.as_ref().map_or(true, |allow_load| {
        catch_unwind(AssertUnwindSafe(|| allow_load(&attempt))).unwrap_or(false)
    });
    i32::from(allows)
}
