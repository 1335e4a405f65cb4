// SPDX-License-Identifier: MIT
//! What searches are asked and what they answer.

use std::mem::size_of;
use std::{slice, str};

use skep_sys as sys;

use crate::bytes::{item, ByteList};
use crate::device::sized;
use crate::error::check;
use crate::{CallOptions, Filter, Result};

/// How a search is made. Range searches look at `filter` and `call` alone.
#[derive(Clone, Copy)]
pub struct SearchOptions<'a> {
    /// How many rows per query; 1 or more.
    pub k: usize,
    /// Width of the search of an hnsw collection; 0: chosen from k.
    pub ef_search: u32,
    /// The share of true neighbours wanted of an hnsw collection, in place of ef_search; 0: not
    /// asked.
    pub recall: f64,
    /// Which rows may be answers; None: all.
    pub filter: Option<&'a Filter>,
    /// Whether payloads are wanted as well.
    pub payloads: bool,
    /// What may stop the call.
    pub call: CallOptions<'a>,
}

impl Default for SearchOptions<'_> {
    fn default() -> Self {
        SearchOptions {
            k: 10,
            ef_search: 0,
            recall: 0.0,
            filter: None,
            payloads: false,
            call: CallOptions::default(),
        }
    }
}

impl SearchOptions<'_> {
    pub(crate) fn plain(&self) -> sys::skep_search_options {
        sys::skep_search_options {
            struct_size: size_of::<sys::skep_search_options>() as u32,
            ef_search: self.ef_search,
            recall: self.recall,
            k: self.k as u64,
            filter: self.filter.map_or(std::ptr::null_mut(), Filter::handle),
        }
    }
}

/// The key of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    /// Of a u64 collection.
    U64(u64),
    /// Of a string collection.
    Text(&'a str),
}

impl<'a> Key<'a> {
    fn of_bytes(bytes: &'a [u8]) -> Self {
        // Collections hold UTF-8 alone; anything else would be a defect of libskep, and shows as an
        // empty key.
        Key::Text(str::from_utf8(bytes).unwrap_or_default())
    }
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit<'a> {
    /// Whose row it is.
    pub key: Key<'a>,
    /// How far from the query, ascending in every metric.
    pub distance: f32,
    /// The row's payload, where payloads were asked for; empty otherwise.
    pub payload: &'a [u8],
}

/// Where the answers of a query are: `get(position)` among those of all queries.
trait Source {
    fn at(&self, position: usize) -> Hit<'_>;
}

/// The answers of one query, nearest first.
#[derive(Clone)]
pub struct Answers<'a> {
    source: &'a (dyn Source + Sync),
    begin: usize,
    end: usize,
}

impl<'a> Iterator for Answers<'a> {
    type Item = Hit<'a>;

    fn next(&mut self) -> Option<Hit<'a>> {
        if self.begin == self.end {
            return None;
        }
        self.begin += 1;
        Some(self.source.at(self.begin - 1))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.end - self.begin, Some(self.end - self.begin))
    }
}

impl ExactSizeIterator for Answers<'_> {}

/// Answers of a search, `[num_queries, k]`. Missing ones have key `u64::MAX` (an empty text) and
/// distance infinity in the arrays; [`Hits::of`] leaves them out.
#[non_exhaustive]
pub struct Hits {
    /// Queries asked.
    pub num_queries: usize,
    /// Answers asked for each.
    pub k: usize,
    /// `[num_queries, k]` of a u64 collection; empty otherwise.
    pub keys: Vec<u64>,
    /// `[num_queries, k]` of a string collection; empty otherwise.
    pub texts: ByteList,
    /// `[num_queries, k]`.
    pub distances: Vec<f32>,
    /// `[num_queries]` answers found.
    pub counts: Vec<u64>,
    /// `[num_queries, k]`, where payloads were asked for.
    pub payloads: ByteList,
}

impl Hits {
    /// The answers found for one query.
    ///
    /// # Panics
    /// Where there was no such query.
    pub fn of(&self, query: usize) -> Answers<'_> {
        let begin = query * self.k;
        Answers { source: self, begin, end: begin + self.counts[query] as usize }
    }

    /// The answers of every query, in order.
    pub fn iter(&self) -> impl Iterator<Item = Answers<'_>> + '_ {
        (0..self.num_queries).map(move |query| self.of(query))
    }
}

impl Source for Hits {
    fn at(&self, position: usize) -> Hit<'_> {
        Hit {
            key: match self.keys.get(position) {
                Some(&key) => Key::U64(key),
                None => Key::of_bytes(self.texts.get(position).unwrap_or_default()),
            },
            distance: self.distances[position],
            payload: self.payloads.get(position).unwrap_or_default(),
        }
    }
}

/// Answers of a range search: as many as there are.
pub struct RangeHits {
    handle: *mut sys::skep_range_result,
    view: sys::skep_range_view,
}

// SAFETY: nothing changes a result after it was made; it may be read and destroyed on any thread.
unsafe impl Send for RangeHits {}
unsafe impl Sync for RangeHits {}

impl RangeHits {
    /// # Safety
    /// `handle` is a result that nobody else has.
    pub(crate) unsafe fn adopt(handle: *mut sys::skep_range_result) -> Result<Self> {
        let mut hits = RangeHits { handle, view: sized() };
        let view = &mut hits.view;
        check(|error| sys::skep_range_result_view(handle, view, error))?;
        Ok(hits)
    }

    /// Queries asked.
    pub fn num_queries(&self) -> usize {
        self.view.num_queries as usize
    }

    /// `[num_queries + 1]`: where the answers of each query begin and end among all.
    pub fn offsets(&self) -> &[u64] {
        // SAFETY: an array of the result, which lives as long as self.
        unsafe { slice::from_raw_parts(self.view.offsets, self.num_queries() + 1) }
    }

    /// Distances of all answers.
    pub fn distances(&self) -> &[f32] {
        self.array(self.view.distances)
    }

    /// Keys of all answers of a u64 collection; empty otherwise.
    pub fn keys(&self) -> &[u64] {
        self.array(self.view.keys)
    }

    /// The answers of one query.
    ///
    /// # Panics
    /// Where there was no such query.
    pub fn of(&self, query: usize) -> Answers<'_> {
        let offsets = self.offsets();
        Answers { source: self, begin: offsets[query] as usize, end: offsets[query + 1] as usize }
    }

    /// The answers of every query, in order.
    pub fn iter(&self) -> impl Iterator<Item = Answers<'_>> + '_ {
        (0..self.num_queries()).map(move |query| self.of(query))
    }

    fn array<T>(&self, data: *const T) -> &[T] {
        let num_answers = self.offsets()[self.num_queries()] as usize;
        if data.is_null() || num_answers == 0 {
            return &[];
        }
        // SAFETY: one entry per answer, living as long as the result.
        unsafe { slice::from_raw_parts(data, num_answers) }
    }
}

impl Source for RangeHits {
    fn at(&self, position: usize) -> Hit<'_> {
        Hit {
            key: match self.keys().get(position) {
                Some(&key) => Key::U64(key),
                // SAFETY: a list of the result, which lives as long as self.
                None => Key::of_bytes(
                    unsafe { item(self.view.strings, position as u64) }.unwrap_or_default(),
                ),
            },
            distance: self.distances()[position],
            payload: &[],
        }
    }
}

impl Drop for RangeHits {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { sys::skep_range_result_destroy(self.handle) }
    }
}
