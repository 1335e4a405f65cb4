// SPDX-License-Identifier: MIT
//! Owned lists of byte strings that libskep hands out.

use std::ptr;

use skep_sys as sys;

/// Keys, payloads or a report, as libskep made them. Empty by default.
pub struct ByteList {
    handle: *mut sys::skep_byte_list,
}

// SAFETY: nothing changes a list after it was made; it may be read and destroyed on any thread.
unsafe impl Send for ByteList {}
unsafe impl Sync for ByteList {}

impl ByteList {
    /// Takes over a list, or NULL for an empty one.
    pub(crate) fn adopt(handle: *mut sys::skep_byte_list) -> Self {
        ByteList { handle }
    }

    /// How many items.
    pub fn len(&self) -> usize {
        // SAFETY: a live list or NULL.
        unsafe { sys::skep_byte_list_count(self.handle) as usize }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One item.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        // SAFETY: the list lives as long as the result borrows it.
        unsafe { item(self.handle, index as u64) }
    }

    /// All items in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> + '_ {
        (0..self.len()).filter_map(move |index| self.get(index))
    }

    pub(crate) fn text(&self, index: usize) -> String {
        String::from_utf8_lossy(self.get(index).unwrap_or_default()).into_owned()
    }
}

/// # Safety
/// The list, if there is one, lives for 'a.
pub(crate) unsafe fn item<'a>(list: *const sys::skep_byte_list, index: u64) -> Option<&'a [u8]> {
    let mut size = 0;
    let bytes = sys::skep_byte_list_at(list, index, &mut size);
    if bytes.is_null() {
        return None;
    }
    Some(std::slice::from_raw_parts(bytes.cast(), size as usize))
}

impl Default for ByteList {
    fn default() -> Self {
        ByteList { handle: ptr::null_mut() }
    }
}

impl Drop for ByteList {
    fn drop(&mut self) {
        // SAFETY: ours alone; NULL is legal.
        unsafe { sys::skep_byte_list_destroy(self.handle) }
    }
}
