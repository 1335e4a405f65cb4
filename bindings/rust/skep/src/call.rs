// SPDX-License-Identifier: MIT
//! How a long call may be stopped and watched.

use std::mem::size_of;
use std::os::raw::c_void;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::time::Duration;

use skep_sys as sys;

use crate::error::check;
use crate::Result;

/// A switch that stops running calls from another thread.
pub struct Cancel {
    handle: *mut sys::skep_cancel,
}

// SAFETY: all that one can do with a switch is to store to an atomic.
unsafe impl Send for Cancel {}
unsafe impl Sync for Cancel {}

impl Cancel {
    /// A switch that was not triggered.
    pub fn new() -> Result<Self> {
        let mut handle = ptr::null_mut();
        // SAFETY: handle is a place to write to.
        check(|error| unsafe { sys::skep_cancel_create(&mut handle, error) })?;
        Ok(Cancel { handle })
    }

    /// Makes every call that was given this switch fail with `Cancelled` soon.
    pub fn trigger(&self) {
        // SAFETY: a live switch.
        unsafe { sys::skep_cancel_trigger(self.handle) }
    }

    /// Makes the switch usable again.
    pub fn reset(&self) {
        // SAFETY: a live switch.
        unsafe { sys::skep_cancel_reset(self.handle) }
    }
}

impl Drop for Cancel {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { sys::skep_cancel_destroy(self.handle) }
    }
}

/// What may stop a call. A stopped call changes nothing.
#[derive(Clone, Copy, Default)]
pub struct CallOptions<'a> {
    /// From the call on; zero has passed already.
    pub timeout: Option<Duration>,
    /// Stops the call when it is triggered.
    pub cancel: Option<&'a Cancel>,
    /// Asked with done of total units, from this thread or a worker, never from two at once; false
    /// stops the call, and so does a panic.
    pub progress: Option<&'a (dyn Fn(u64, u64) -> bool + Sync)>,
}

type Progress<'a> = &'a (dyn Fn(u64, u64) -> bool + Sync);

unsafe extern "C" fn ask(user_data: *mut c_void, done: u64, total: u64) -> i32 {
    let progress = &*user_data.cast::<Progress<'_>>();
    // Nothing may unwind through C.
    let goes_on = catch_unwind(AssertUnwindSafe(|| progress(done, total))).unwrap_or(false);
    i32::from(!goes_on)
}

impl CallOptions<'_> {
    /// Runs `call` with the C form of these options.
    pub(crate) fn with<T>(&self, call: impl FnOnce(*const sys::skep_call_options) -> T) -> T {
        if self.timeout.is_none() && self.cancel.is_none() && self.progress.is_none() {
            return call(ptr::null());
        }
        let mut plain = sys::skep_call_options {
            struct_size: size_of::<sys::skep_call_options>() as u32,
            reserved: 0,
            timeout_ns: 0,
            cancel: ptr::null_mut(),
            progress: None,
            user_data: ptr::null_mut(),
        };
        if let Some(timeout) = self.timeout {
            plain.timeout_ns = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1);
        }
        if let Some(cancel) = self.cancel {
            plain.cancel = cancel.handle;
        }
        let mut progress = self.progress;
        if let Some(progress) = &mut progress {
            plain.progress = Some(ask);
            plain.user_data = (progress as *mut Progress<'_>).cast();
        }
        call(&plain)
    }
}
