// SPDX-License-Identifier: MIT
//! Rows, keys and payloads on one device.

use std::ffi::CString;
use std::mem::size_of;
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use skep_sys as sys;

use crate::bytes::ByteList;
use crate::callbacks::Callbacks;
use crate::device::sized;
use crate::error::check;
use crate::runtime::path_text;
use crate::{
    CallOptions, DeviceInfo, Dtype, Error, ErrorKind, Hits, IndexKind, KeyKind, Keys, Matrix,
    Metric, RangeHits, Result, Rows, SearchOptions, Texts,
};

/// What a new collection shall be.
#[derive(Clone, Copy, Debug)]
pub struct CollectionOptions<'a> {
    /// Components of a row, 1 to 65536.
    pub dim: usize,
    /// How rows are compared.
    pub metric: Metric,
    /// Type of a component.
    pub dtype: Dtype,
    /// Exact, or a graph.
    pub index: IndexKind,
    /// Numbers or texts.
    pub key_kind: KeyKind,
    /// A device's name; None: the best one.
    pub device: Option<&'a str>,
    /// A hint.
    pub reserve_rows: u64,
    /// Links of a node of an hnsw graph; 0: 16.
    pub m: u32,
    /// Width of the search that links an hnsw graph; 0: 200.
    pub ef_construction: u32,
    /// Of an hnsw graph's levels.
    pub seed: u64,
}

impl CollectionOptions<'_> {
    /// Flat, `f32`, squared Euclidean, u64 keys, on the best device.
    pub fn new(dim: usize) -> Self {
        CollectionOptions {
            dim,
            metric: Metric::L2,
            dtype: Dtype::F32,
            index: IndexKind::Flat,
            key_kind: KeyKind::U64,
            device: None,
            reserve_rows: 0,
            m: 0,
            ef_construction: 0,
            seed: 0,
        }
    }

    pub(crate) fn plain(&self, device: &CString) -> sys::skep_collection_options {
        sys::skep_collection_options {
            struct_size: size_of::<sys::skep_collection_options>() as u32,
            dim: u32::try_from(self.dim).unwrap_or(u32::MAX),
            metric: self.metric.number(),
            dtype: self.dtype.number(),
            index: self.index.number(),
            key_kind: self.key_kind.number(),
            device: device.as_ptr(),
            reserve_rows: self.reserve_rows,
            m: self.m,
            ef_construction: self.ef_construction,
            seed: self.seed,
        }
    }
}

/// What a collection is, fixed when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CollectionInfo {
    pub dim: usize,
    pub metric: Metric,
    pub dtype: Dtype,
    pub index: IndexKind,
    pub key_kind: KeyKind,
    pub m: u32,
    pub ef_construction: u32,
    pub seed: u64,
}

/// Figures of a collection; see skep_collection_stats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Stats {
    pub num_rows: u64,
    pub num_removed: u64,
    pub capacity_rows: u64,
    pub row_bytes: u64,
    pub reserved_bytes: u64,
    pub key_bytes: u64,
    pub payload_bytes: u64,
    pub num_searches: u64,
    pub num_exact_retries: u64,
    pub num_linked: u64,
    pub num_links: u64,
    pub num_levels: u64,
    pub graph_bytes: u64,
    pub graph_reserved_bytes: u64,
}

/// What goes with rows that are written.
#[derive(Clone, Default)]
pub struct Write<'a> {
    /// As many as rows; None numbers them on from the largest u64 key there ever was.
    pub keys: Option<Keys<'a>>,
    /// As many as rows; None for empty ones.
    pub payloads: Option<&'a Texts>,
    /// What may stop the call.
    pub call: CallOptions<'a>,
}

/// Rows read back, in the order of the keys asked for.
pub struct Found {
    /// One per key; zeros where there is none.
    pub rows: Matrix,
    /// One per key; empty where there is none.
    pub payloads: ByteList,
    /// Whether each key has a row.
    pub found: Vec<bool>,
}

/// Rows, keys and payloads on one device. Any number of calls may run at once, from any thread:
/// reads side by side and beside one write, writes one after another.
pub struct Collection {
    handle: *mut sys::skep_collection,
    info: CollectionInfo,
    callbacks: Arc<Callbacks>, // dropped after the handle
}

// SAFETY: skep.h lets every function of a collection be called from any thread, any number at once.
unsafe impl Send for Collection {}
unsafe impl Sync for Collection {}

impl Collection {
    /// Takes over a collection that libskep has just made.
    pub(crate) fn adopt(
        handle: *mut sys::skep_collection,
        callbacks: &Arc<Callbacks>,
    ) -> Result<Self> {
        // Dropped where something below fails.
        let placeholder = CollectionInfo {
            dim: 0,
            metric: Metric::L2,
            dtype: Dtype::F32,
            index: IndexKind::Flat,
            key_kind: KeyKind::U64,
            m: 0,
            ef_construction: 0,
            seed: 0,
        };
        let mut collection =
            Collection { handle, info: placeholder, callbacks: Arc::clone(callbacks) };
        // SAFETY: numbers.
        let mut plain: sys::skep_collection_info = unsafe { sized() };
        check(|error| unsafe { sys::skep_collection_get_info(handle, &mut plain, error) })?;
        collection.info = CollectionInfo {
            dim: plain.dim as usize,
            metric: Metric::from_number(plain.metric)?,
            dtype: Dtype::from_number(plain.dtype)?,
            index: IndexKind::from_number(plain.index)?,
            key_kind: KeyKind::from_number(plain.key_kind)?,
            m: plain.m,
            ef_construction: plain.ef_construction,
            seed: plain.seed,
        };
        Ok(collection)
    }

    /// What it is.
    pub fn info(&self) -> CollectionInfo {
        self.info
    }

    // --- writing ---

    /// Adds rows under consecutive numbers: all or none. Returns the first number.
    pub fn add<'a>(&self, rows: impl Into<Rows<'a>>) -> Result<u64> {
        self.add_with(rows, &Write::default())
    }

    /// Adds rows under keys that are new to the collection and to each other: all or none.
    pub fn add_keyed<'a, 'b>(
        &self,
        rows: impl Into<Rows<'a>>,
        keys: impl Into<Keys<'b>>,
    ) -> Result<()> {
        self.add_with(rows, &Write { keys: Some(keys.into()), ..Write::default() }).map(drop)
    }

    /// Adds rows with keys, payloads and a way to stop. Returns the first number of rows without
    /// keys, 0 otherwise.
    pub fn add_with<'a>(&self, rows: impl Into<Rows<'a>>, write: &Write<'_>) -> Result<u64> {
        let rows = rows.into();
        let keys = write.keys.as_ref().map(Keys::plain);
        let payloads = write.payloads.map(Texts::plain);
        let mut first_key = 0;
        write.call.with(|call| {
            // SAFETY: all arguments are borrowed until the call returns, which copies them.
            check(|error| unsafe {
                sys::skep_collection_add(
                    self.handle,
                    rows.plain(),
                    keys.as_ref().map_or(ptr::null(), |keys| keys),
                    payloads.as_ref().map_or(ptr::null(), |payloads| payloads),
                    call,
                    &mut first_key,
                    error,
                )
            })
        })?;
        Ok(first_key)
    }

    /// As [`Collection::add_keyed`], but a key that exists already gets the new row and an empty
    /// payload.
    pub fn upsert<'a, 'b>(
        &self,
        rows: impl Into<Rows<'a>>,
        keys: impl Into<Keys<'b>>,
    ) -> Result<()> {
        self.upsert_with(rows, &Write { keys: Some(keys.into()), ..Write::default() })
    }

    /// As upsert, with payloads and a way to stop. Keys are required.
    pub fn upsert_with<'a>(&self, rows: impl Into<Rows<'a>>, write: &Write<'_>) -> Result<()> {
        let rows = rows.into();
        let keys = write.keys.as_ref().map(Keys::plain);
        let payloads = write.payloads.map(Texts::plain);
        write.call.with(|call| {
            // SAFETY: as in add_with.
            check(|error| unsafe {
                sys::skep_collection_upsert(
                    self.handle,
                    rows.plain(),
                    keys.as_ref().map_or(ptr::null(), |keys| keys),
                    payloads.as_ref().map_or(ptr::null(), |payloads| payloads),
                    call,
                    error,
                )
            })
        })
    }

    /// Removes rows by key: all, or none where one key is not there or given twice.
    pub fn remove<'a>(&self, keys: impl Into<Keys<'a>>) -> Result<()> {
        let keys = keys.into();
        // SAFETY: keys are borrowed until the call returns.
        check(|error| unsafe { sys::skep_collection_remove(self.handle, &keys.plain(), error) })
    }

    /// Removes everything.
    pub fn clear(&self) -> Result<()> {
        // SAFETY: a live handle.
        check(|error| unsafe { sys::skep_collection_clear(self.handle, error) })
    }

    /// Makes room for that many rows in all.
    pub fn reserve(&self, num_rows: u64) -> Result<()> {
        // SAFETY: a live handle.
        check(|error| unsafe { sys::skep_collection_reserve(self.handle, num_rows, error) })
    }

    /// Gives the memory of removed rows back.
    pub fn compact(&self, call: &CallOptions<'_>) -> Result<()> {
        call.with(|call| {
            // SAFETY: a live handle.
            check(|error| unsafe { sys::skep_collection_compact(self.handle, call, error) })
        })
    }

    // --- reading ---

    /// Rows and payloads; an unknown key fails with `KeyNotFound`.
    pub fn get<'a>(&self, keys: impl Into<Keys<'a>>) -> Result<Found> {
        self.read(&keys.into(), false)
    }

    /// The same, with unknown keys told in [`Found::found`].
    pub fn find<'a>(&self, keys: impl Into<Keys<'a>>) -> Result<Found> {
        self.read(&keys.into(), true)
    }

    fn read(&self, keys: &Keys<'_>, is_missing_legal: bool) -> Result<Found> {
        let mut rows = Matrix::zeros(self.info.dtype, keys.len(), self.info.dim)?;
        let target = rows.plain_mut();
        let mut payloads = ptr::null_mut();
        let mut found = vec![1_u8; keys.len()];
        let flags = if is_missing_legal { found.as_mut_ptr() } else { ptr::null_mut() };
        // SAFETY: rows and found have one entry per key.
        check(|error| unsafe {
            sys::skep_collection_get(
                self.handle,
                &keys.plain(),
                &target,
                &mut payloads,
                flags,
                error,
            )
        })?;
        Ok(Found {
            rows,
            payloads: ByteList::adopt(payloads),
            found: found.into_iter().map(|flag| flag != 0).collect(),
        })
    }

    /// Whether each key has a row.
    pub fn contains<'a>(&self, keys: impl Into<Keys<'a>>) -> Result<Vec<bool>> {
        let keys = keys.into();
        let mut found = vec![0_u8; keys.len()];
        // SAFETY: found has one entry per key.
        check(|error| unsafe {
            sys::skep_collection_contains(self.handle, &keys.plain(), found.as_mut_ptr(), error)
        })?;
        Ok(found.into_iter().map(|flag| flag != 0).collect())
    }

    /// How many rows.
    pub fn count(&self) -> Result<u64> {
        let mut count = 0;
        // SAFETY: count is a place to write to.
        check(|error| unsafe { sys::skep_collection_count(self.handle, &mut count, error) })?;
        Ok(count)
    }

    /// All keys of a u64 collection, in the order of their rows.
    pub fn keys(&self) -> Result<Vec<u64>> {
        let mut keys = Vec::<u64>::new();
        loop {
            let mut num_keys = 0;
            // SAFETY: keys has room for as many as it says.
            check(|error| unsafe {
                sys::skep_collection_list_keys(
                    self.handle,
                    keys.as_mut_ptr(),
                    keys.len() as u64,
                    &mut num_keys,
                    ptr::null_mut(),
                    error,
                )
            })?;
            let is_whole = num_keys as usize <= keys.len();
            keys.resize(num_keys as usize, 0);
            if is_whole {
                return Ok(keys);
            }
        }
    }

    /// All keys of a string collection, in the order of their rows.
    pub fn text_keys(&self) -> Result<ByteList> {
        let mut list = ptr::null_mut();
        // SAFETY: list is a place to write to.
        check(|error| unsafe {
            sys::skep_collection_list_keys(
                self.handle,
                ptr::null_mut(),
                0,
                ptr::null_mut(),
                &mut list,
                error,
            )
        })?;
        Ok(ByteList::adopt(list))
    }

    /// The device that holds the rows; with "auto", the one that was chosen.
    pub fn device(&self) -> Result<DeviceInfo> {
        // SAFETY: numbers and arrays.
        let mut plain: sys::skep_device_info = unsafe { sized() };
        check(|error| unsafe { sys::skep_collection_get_device(self.handle, &mut plain, error) })?;
        Ok(DeviceInfo::from_plain(&plain))
    }

    /// Figures.
    pub fn stats(&self) -> Result<Stats> {
        // SAFETY: numbers.
        let mut plain: sys::skep_collection_stats = unsafe { sized() };
        check(|error| unsafe { sys::skep_collection_get_stats(self.handle, &mut plain, error) })?;
        Ok(Stats {
            num_rows: plain.num_rows,
            num_removed: plain.num_removed,
            capacity_rows: plain.capacity_rows,
            row_bytes: plain.row_bytes,
            reserved_bytes: plain.reserved_bytes,
            key_bytes: plain.key_bytes,
            payload_bytes: plain.payload_bytes,
            num_searches: plain.num_searches,
            num_exact_retries: plain.num_exact_retries,
            num_linked: plain.num_linked,
            num_links: plain.num_links,
            num_levels: plain.num_levels,
            graph_bytes: plain.graph_bytes,
            graph_reserved_bytes: plain.graph_reserved_bytes,
        })
    }

    // --- searching ---

    /// The k nearest rows of each query, exact on flat collections.
    pub fn search<'a>(&self, queries: impl Into<Rows<'a>>, k: usize) -> Result<Hits> {
        self.search_with(queries, &SearchOptions { k, ..SearchOptions::default() })
    }

    /// The same with options.
    pub fn search_with<'a>(
        &self,
        queries: impl Into<Rows<'a>>,
        options: &SearchOptions<'_>,
    ) -> Result<Hits> {
        let queries = queries.into();
        let (num_queries, k) = (queries.num_rows(), options.k);
        let num_answers =
            num_queries.checked_mul(k).filter(|&count| count <= isize::MAX as usize / 8);
        let num_answers = num_answers.ok_or_else(|| {
            Error::client(
                ErrorKind::LimitExceeded,
                format!("search: {} queries times k {} exceeds the address space", num_queries, k),
            )
        })?;
        let has_texts = self.info.key_kind == KeyKind::Text;
        let mut keys = vec![u64::MAX; if has_texts { 0 } else { num_answers }];
        let mut distances = vec![f32::INFINITY; num_answers];
        let mut counts = vec![0; num_queries];
        let (mut texts, mut payloads) = (ptr::null_mut(), ptr::null_mut());
        let output = sys::skep_search_output {
            struct_size: size_of::<sys::skep_search_output>() as u32,
            reserved: 0,
            keys: if has_texts { ptr::null_mut() } else { keys.as_mut_ptr() },
            strings: if has_texts { &mut texts } else { ptr::null_mut() },
            distances: distances.as_mut_ptr(),
            counts: counts.as_mut_ptr(),
            payloads: if options.payloads { &mut payloads } else { ptr::null_mut() },
        };
        let plain = options.plain();
        options.call.with(|call| {
            // SAFETY: the arrays have room for num_queries * k answers.
            check(|error| unsafe {
                sys::skep_collection_search(
                    self.handle,
                    queries.plain(),
                    &plain,
                    &output,
                    call,
                    error,
                )
            })
        })?;
        Ok(Hits {
            num_queries,
            k,
            keys,
            texts: ByteList::adopt(texts),
            distances,
            counts,
            payloads: ByteList::adopt(payloads),
        })
    }

    /// The smallest ef_search that brings a share `recall` of the k nearest rows; searches that ask
    /// for it take it. queries: None for points made from rows.
    pub fn calibrate(
        &self,
        k: usize,
        recall: f64,
        queries: Option<Rows<'_>>,
        call: &CallOptions<'_>,
    ) -> Result<u32> {
        let mut ef_search = 0;
        let plain = queries.as_ref().map_or(ptr::null(), |queries| queries.plain());
        call.with(|call| {
            // SAFETY: queries are borrowed until the call returns.
            check(|error| unsafe {
                let out = &mut ef_search;
                sys::skep_collection_calibrate(
                    self.handle,
                    k as u64,
                    recall,
                    plain,
                    call,
                    out,
                    error,
                )
            })
        })?;
        Ok(ef_search)
    }

    /// Every row whose distance is at most `radius`, nearest first.
    pub fn range_search<'a>(
        &self,
        queries: impl Into<Rows<'a>>,
        radius: f32,
        options: &SearchOptions<'_>,
    ) -> Result<RangeHits> {
        let queries = queries.into();
        let plain = options.plain();
        let mut handle = ptr::null_mut();
        options.call.with(|call| {
            // SAFETY: all arguments are borrowed until the call returns.
            check(|error| unsafe {
                sys::skep_collection_range_search(
                    self.handle,
                    queries.plain(),
                    radius,
                    &plain,
                    call,
                    &mut handle,
                    error,
                )
            })
        })?;
        // SAFETY: a result that nobody else has.
        unsafe { RangeHits::adopt(handle) }
    }

    // --- files ---

    /// Writes the collection as it is now to a .skep file, which is there whole at every moment.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        self.save_with(path, &CallOptions::default())
    }

    /// The same with a way to stop.
    pub fn save_with(&self, path: impl AsRef<Path>, call: &CallOptions<'_>) -> Result<()> {
        let path = path_text("save", path.as_ref())?;
        call.with(|call| {
            // SAFETY: path lives until the call returns.
            check(|error| unsafe {
                sys::skep_collection_save(self.handle, path.as_ptr(), call, error)
            })
        })
    }

    /// Writes an hnsw collection with u64 keys for hnswlib.
    pub fn export_hnswlib(&self, path: impl AsRef<Path>, call: &CallOptions<'_>) -> Result<()> {
        let path = path_text("export hnswlib", path.as_ref())?;
        call.with(|call| {
            // SAFETY: path lives until the call returns.
            check(|error| unsafe {
                sys::skep_collection_export_hnswlib(self.handle, path.as_ptr(), call, error)
            })
        })
    }

    pub(crate) fn handle(&self) -> *mut sys::skep_collection {
        self.handle
    }

    pub(crate) fn callbacks(&self) -> &Arc<Callbacks> {
        &self.callbacks
    }
}

impl Drop for Collection {
    fn drop(&mut self) {
        // SAFETY: ours alone; filters hold the C collection themselves.
        unsafe { sys::skep_collection_destroy(self.handle) }
    }
}
