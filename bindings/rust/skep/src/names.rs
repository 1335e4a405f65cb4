// SPDX-License-Identifier: MIT
//! The enumerations of skep.h.

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::str::FromStr;

use skep_sys as sys;

use crate::error::check;
use crate::{Error, Result};

/// The version of libskep: "0.1.0".
pub fn version() -> &'static str {
    // SAFETY: a static ASCII text.
    unsafe { CStr::from_ptr(sys::skep_version()) }.to_str().unwrap_or("")
}

/// The higher-is-better score of a distance.
pub fn similarity(metric: Metric, distance: f32) -> f32 {
    // SAFETY: takes any numbers.
    unsafe { sys::skep_similarity(metric.number(), distance) }
}

pub(crate) fn c_string(operation: &str, text: &str) -> Result<CString> {
    CString::new(text).map_err(|_| {
        Error::invalid(format!("{}: '{:?}' holds a NUL; expected none", operation, text))
    })
}

type FromName = unsafe extern "C" fn(*const c_char, *mut i32, *mut sys::skep_error) -> i32;

fn number_of(from_name: FromName, text: &str) -> Result<i32> {
    let name = c_string("name", text)?;
    let mut number = 0;
    // SAFETY: name is a C string, number a place to write to.
    check(|error| unsafe { from_name(name.as_ptr(), &mut number, error) })?;
    Ok(number)
}

macro_rules! enumeration {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $number:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$item_doc])* $item,)* }

        impl $name {
            pub(crate) fn number(self) -> i32 {
                match self { $($name::$item => sys::$number,)* }
            }
            pub(crate) fn from_number(number: i32) -> Result<Self> {
                match number {
                    $(sys::$number => Ok($name::$item),)*
                    other => Err(Error::invalid(format!(
                        "{} {}: not known to this version of the crate", stringify!($name), other))),
                }
            }
        }
    };
}

macro_rules! named {
    ($name:ident, $to_name:ident, $from_name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                // SAFETY: a static text, since the number is one that libskep knows.
                let name = unsafe { CStr::from_ptr(sys::$to_name(self.number())) };
                out.write_str(&name.to_string_lossy())
            }
        }
        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                $name::from_number(number_of(sys::$from_name, text)?)
            }
        }
    };
}

enumeration! {
    /// How two vectors are compared; distances always sort ascending.
    Metric {
        /// 1 - q.x / (|q| |x|); 1 if either is the zero vector.
        Cosine = SKEP_METRIC_COSINE,
        /// Sum of squared differences.
        L2 = SKEP_METRIC_L2,
        /// The negated dot product.
        InnerProduct = SKEP_METRIC_INNER_PRODUCT,
    }
}
named!(Metric, skep_metric_name, skep_metric_from_name);

enumeration! {
    /// Element type of rows.
    Dtype {
        /// IEEE binary32.
        F32 = SKEP_DTYPE_F32,
        /// IEEE binary16.
        F16 = SKEP_DTYPE_F16,
        /// The upper half of a binary32.
        Bf16 = SKEP_DTYPE_BF16,
        /// Signed bytes.
        I8 = SKEP_DTYPE_I8,
        /// Unsigned bytes.
        U8 = SKEP_DTYPE_U8,
        /// Row numbers in vector files; never stored in a collection.
        I32 = SKEP_DTYPE_I32,
    }
}
named!(Dtype, skep_dtype_name, skep_dtype_from_name);

enumeration! {
    /// How a collection finds neighbours.
    IndexKind {
        /// Exact: every row is considered.
        Flat = SKEP_INDEX_FLAT,
        /// A hierarchical navigable small world graph.
        Hnsw = SKEP_INDEX_HNSW,
    }
}
named!(IndexKind, skep_index_kind_name, skep_index_kind_from_name);

enumeration! {
    /// What identifies a row. One kind per collection.
    KeyKind {
        /// Any number but `u64::MAX`.
        U64 = SKEP_KEY_U64,
        /// UTF-8 of 1 to 256 bytes.
        Text = SKEP_KEY_STRING,
    }
}
