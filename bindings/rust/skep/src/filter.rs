// SPDX-License-Identifier: MIT
//! Which rows may be answers.

use std::ptr;
use std::sync::Arc;

use skep_sys as sys;

use crate::callbacks::Callbacks;
use crate::error::check;
use crate::{Collection, Keys, Result};

/// Limits searches of one collection to the rows of some keys, or to all others. It follows the
/// collection and keeps it alive.
pub struct Filter {
    handle: *mut sys::skep_filter,
    _callbacks: Arc<Callbacks>, // dropped after the handle
}

// SAFETY: every function of skep.h may be called from any thread, any number at once.
unsafe impl Send for Filter {}
unsafe impl Sync for Filter {}

impl Filter {
    /// Only rows of these keys.
    pub fn allow<'a>(collection: &Collection, keys: impl Into<Keys<'a>>) -> Result<Self> {
        Filter::create(collection, sys::SKEP_FILTER_ALLOW, &keys.into())
    }

    /// Only rows of other keys.
    pub fn deny<'a>(collection: &Collection, keys: impl Into<Keys<'a>>) -> Result<Self> {
        Filter::create(collection, sys::SKEP_FILTER_DENY, &keys.into())
    }

    fn create(collection: &Collection, mode: i32, keys: &Keys<'_>) -> Result<Self> {
        let plain = keys.plain();
        let mut handle = ptr::null_mut();
        // SAFETY: keys are borrowed until the call returns, which copies them.
        check(|error| unsafe {
            sys::skep_filter_create(collection.handle(), mode, &plain, &mut handle, error)
        })?;
        Ok(Filter { handle, _callbacks: Arc::clone(collection.callbacks()) })
    }

    pub(crate) fn handle(&self) -> *mut sys::skep_filter {
        self.handle
    }
}

impl Drop for Filter {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { sys::skep_filter_destroy(self.handle) }
    }
}
