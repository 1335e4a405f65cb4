// SPDX-License-Identifier: MIT
//! Keys and payloads as arguments.

use std::borrow::Cow;
use std::mem::size_of;
use std::ptr;

use skep_sys as sys;

/// Byte strings laid out as skep.h takes them: string keys or payloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    offsets: Vec<u64>, // [len + 1]
    bytes: Vec<u8>,
}

impl Texts {
    /// An empty list.
    pub fn new() -> Self {
        Texts { offsets: vec![0], bytes: Vec::new() }
    }

    /// Appends a copy of one item.
    pub fn push(&mut self, item: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(item.as_ref());
        self.offsets.push(self.bytes.len() as u64);
    }

    /// How many items.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn plain(&self) -> sys::skep_byte_list_view {
        sys::skep_byte_list_view {
            struct_size: size_of::<sys::skep_byte_list_view>() as u32,
            reserved: 0,
            count: self.len() as u64,
            offsets: self.offsets.as_ptr(),
            bytes: self.bytes.as_ptr().cast(),
        }
    }
}

impl Default for Texts {
    fn default() -> Self {
        Texts::new()
    }
}

impl<T: AsRef<[u8]>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut texts = Texts::new();
        items.into_iter().for_each(|item| texts.push(item));
        texts
    }
}

/// Keys of one call: numbers, or texts. Made from slices and arrays of `u64`, of `&str` or
/// `String`, and from [`Texts`].
#[derive(Clone, Debug)]
pub enum Keys<'a> {
    /// Keys of a u64 collection.
    U64(&'a [u64]),
    /// Keys of a string collection; bytes that are no UTF-8 are refused by the call.
    Text(Cow<'a, Texts>),
}

impl Keys<'_> {
    /// How many keys.
    pub fn len(&self) -> usize {
        match self {
            Keys::U64(numbers) => numbers.len(),
            Keys::Text(texts) => texts.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn plain(&self) -> sys::skep_keys {
        let mut plain = sys::skep_keys {
            struct_size: size_of::<sys::skep_keys>() as u32,
            kind: sys::SKEP_KEY_U64,
            count: self.len() as u64,
            u64: ptr::null(),
            offsets: ptr::null(),
            bytes: ptr::null(),
        };
        match self {
            Keys::U64(numbers) => plain.u64 = numbers.as_ptr(),
            Keys::Text(texts) => {
                plain.kind = sys::SKEP_KEY_STRING;
                plain.offsets = texts.offsets.as_ptr();
                plain.bytes = texts.bytes.as_ptr().cast();
            }
        }
        plain
    }
}

impl<'a> From<&'a [u64]> for Keys<'a> {
    fn from(numbers: &'a [u64]) -> Self {
        Keys::U64(numbers)
    }
}

impl<'a> From<&'a Vec<u64>> for Keys<'a> {
    fn from(numbers: &'a Vec<u64>) -> Self {
        Keys::U64(numbers)
    }
}

impl<'a, const N: usize> From<&'a [u64; N]> for Keys<'a> {
    fn from(numbers: &'a [u64; N]) -> Self {
        Keys::U64(numbers)
    }
}

impl<'a> From<&'a Texts> for Keys<'a> {
    fn from(texts: &'a Texts) -> Self {
        Keys::Text(Cow::Borrowed(texts))
    }
}

impl From<&[&str]> for Keys<'_> {
    fn from(texts: &[&str]) -> Self {
        Keys::Text(Cow::Owned(texts.iter().collect()))
    }
}

impl From<&[String]> for Keys<'_> {
    fn from(texts: &[String]) -> Self {
        Keys::Text(Cow::Owned(texts.iter().collect()))
    }
}

impl<const N: usize> From<&[&str; N]> for Keys<'_> {
    fn from(texts: &[&str; N]) -> Self {
        Keys::from(&texts[..])
    }
}
