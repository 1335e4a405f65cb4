// SPDX-License-Identifier: MIT
//! What there is to know about devices and backends.

use std::ffi::CStr;
use std::mem::size_of;
use std::os::raw::c_char;

use skep_sys as sys;

use crate::{Dtype, Metric};

fn text(array: &[c_char]) -> String {
    let is_terminated = array.contains(&0);
    assert!(is_terminated, "libskep terminates its texts");
    // SAFETY: terminated within the array.
    unsafe { CStr::from_ptr(array.as_ptr()) }.to_string_lossy().into_owned()
}

/// A struct of C that is all numbers and arrays, zeroed but for its size.
///
/// # Safety
/// Zero is a value of every field, and the first one is struct_size.
pub(crate) unsafe fn sized<T>() -> T {
    let mut value = std::mem::MaybeUninit::<T>::zeroed();
    value.as_mut_ptr().cast::<u32>().write(size_of::<T>() as u32);
    value.assume_init()
}

/// What a device can do beyond the required operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Capability {
    RangeSearch,
    Graph,
    GraphTransfer,
    DeviceMatrices,
    AdoptRows,
    WarmUp,
    MemoryStats,
    ConcurrentSearch,
}

/// One device. Empty texts and zeros mean "does not apply".
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct DeviceInfo {
    /// What to pass as device: "cpu", "cuda:0".
    pub id: String,
    pub backend: String,
    pub ordinal: i32,
    /// The product: "NVIDIA H200".
    pub name: String,
    /// The code path in use.
    pub isa: String,
    pub uuid: String,
    pub pci_bus_id: String,
    pub driver_version: String,
    pub compute_capability: String,
    pub max_dim: u32,
    pub max_k: u64,
    pub max_batch: u64,
    pub total_memory_bytes: u64,
    /// A reading of that moment.
    pub free_memory_bytes: u64,
    pub num_compute_units: u32,
    capabilities: u64,
    supported_dtypes: [u32; sys::SKEP_NUM_METRICS],
}

impl DeviceInfo {
    pub(crate) fn from_plain(plain: &sys::skep_device_info) -> Self {
        DeviceInfo {
            id: text(&plain.id),
            backend: text(&plain.backend),
            ordinal: plain.ordinal,
            name: text(&plain.name),
            isa: text(&plain.isa),
            uuid: text(&plain.uuid),
            pci_bus_id: text(&plain.pci_bus_id),
            driver_version: text(&plain.driver_version),
            compute_capability: text(&plain.compute_capability),
            max_dim: plain.max_dim,
            max_k: plain.max_k,
            max_batch: plain.max_batch,
            total_memory_bytes: plain.total_memory_bytes,
            free_memory_bytes: plain.free_memory_bytes,
            num_compute_units: plain.num_compute_units,
            capabilities: plain.capabilities,
            supported_dtypes: plain.supported_dtypes,
        }
    }

    /// Whether the device can do this.
    pub fn has(&self, capability: Capability) -> bool {
        let bit = match capability {
            Capability::RangeSearch => sys::SKEP_CAPABILITY_RANGE_SEARCH,
            Capability::Graph => sys::SKEP_CAPABILITY_GRAPH,
            Capability::GraphTransfer => sys::SKEP_CAPABILITY_GRAPH_TRANSFER,
            Capability::DeviceMatrices => sys::SKEP_CAPABILITY_DEVICE_MATRICES,
            Capability::AdoptRows => sys::SKEP_CAPABILITY_ADOPT_ROWS,
            Capability::WarmUp => sys::SKEP_CAPABILITY_WARM_UP,
            Capability::MemoryStats => sys::SKEP_CAPABILITY_MEMORY_STATS,
            Capability::ConcurrentSearch => sys::SKEP_CAPABILITY_CONCURRENT_SEARCH,
        };
        self.capabilities & bit != 0
    }

    /// Whether collections of this metric and element type can live there.
    pub fn supports(&self, metric: Metric, dtype: Dtype) -> bool {
        self.supported_dtypes[metric.number() as usize] & (1 << dtype.number()) != 0
    }
}

/// What became of a candidate backend so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackendState {
    /// Its manifest is good; nothing was loaded yet.
    Found,
    /// Open and asked for its devices.
    Loaded,
    /// Not usable: see the message.
    Refused,
}

/// One candidate backend.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct BackendInfo {
    pub name: String,
    pub version: String,
    pub state: BackendState,
    pub origin: String,
    pub message: String,
    pub manifest_path: String,
    pub library_path: String,
    pub is_builtin: bool,
    pub num_devices: u32,
}

impl BackendInfo {
    pub(crate) fn from_plain(plain: &sys::skep_backend_info) -> Self {
        BackendInfo {
            name: text(&plain.name),
            version: text(&plain.version),
            state: match plain.state {
                sys::SKEP_BACKEND_FOUND => BackendState::Found,
                sys::SKEP_BACKEND_LOADED => BackendState::Loaded,
                _ => BackendState::Refused,
            },
            origin: text(&plain.origin),
            message: text(&plain.message),
            manifest_path: text(&plain.manifest_path),
            library_path: text(&plain.library_path),
            is_builtin: plain.is_builtin != 0,
            num_devices: plain.num_devices,
        }
    }
}
