// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
#![warn(missing_docs)]

mod bytes;
mod call;
mod callbacks;
mod collection;
mod device;
mod error;
mod evaluation;
mod filter;
mod hits;
mod keys;
mod names;
mod rows;
mod runtime;

pub use bytes::ByteList;
pub use call::{CallOptions, Cancel};
pub use collection::{Collection, CollectionInfo, CollectionOptions, Found, Stats, Write};
pub use device::{BackendInfo, BackendState, Capability, DeviceInfo};
pub use error::{Error, ErrorKind, Layer, Result};
pub use evaluation::{convert, ground_truth, recall, write_vectors, GroundTruth, Vectors};
pub use filter::Filter;
pub use hits::{Answers, Hit, Hits, Key, RangeHits, SearchOptions};
pub use keys::{Keys, Texts};
pub use names::{similarity, version, Dtype, IndexKind, KeyKind, Metric};
pub use rows::{Bf16, Element, Matrix, Rows, F16};
pub use runtime::{
    describe_file, HnswlibOptions, LoadAttempt, LogLevel, OpenOptions, Runtime, RuntimeOptions,
};
