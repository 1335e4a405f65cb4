// SPDX-License-Identifier: MIT
//! Vector files, conversion, exact ground truth and recall.

use std::path::Path;
use std::ptr;

use skep_sys as sys;

use crate::device::sized;
use crate::error::check;
use crate::runtime::path_text;
use crate::{CallOptions, Dtype, Error, ErrorKind, Matrix, Metric, Result, Rows, Runtime};

/// An opened vector file: fvecs, bvecs, ivecs, fbin, u8bin, i8bin, ibin or npy. Its rows are
/// mapped.
pub struct Vectors {
    handle: *mut sys::skep_vectors,
    view: sys::skep_matrix,
    dtype: Dtype,
}

// SAFETY: nothing changes an opened file; it may be read and closed on any thread.
unsafe impl Send for Vectors {}
unsafe impl Sync for Vectors {}

impl Vectors {
    /// Maps the file; every length is checked against the file's size first.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path_text("open vectors", path.as_ref())?;
        let mut handle = ptr::null_mut();
        // SAFETY: handle is a place to write to.
        check(|error| unsafe { sys::skep_vectors_open(path.as_ptr(), &mut handle, error) })?;
        // SAFETY: numbers and a pointer, for which NULL is legal.
        let mut vectors = Vectors { handle, view: unsafe { sized() }, dtype: Dtype::F32 };
        let view = &mut vectors.view;
        check(|error| unsafe { sys::skep_vectors_view(handle, view, error) })?;
        vectors.dtype = Dtype::from_number(vectors.view.dtype)?;
        Ok(vectors)
    }

    /// The element type of the file.
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }

    /// The rows, copied out of the file: those of some formats lie in it with gaps.
    pub fn to_matrix(&self) -> Result<Matrix> {
        let (num_rows, dim) = (self.view.num_rows as usize, self.view.dim as usize);
        let mut matrix = Matrix::zeros(self.dtype, num_rows, dim)?;
        let row_bytes = dim * crate::rows::element_size(self.dtype);
        let stride = match self.view.row_stride_bytes as usize {
            0 => row_bytes,
            stride => stride,
        };
        let target = matrix.plain_mut().data.cast::<u8>();
        for row in 0..num_rows {
            // SAFETY: the view has num_rows rows, stride apart; the matrix as many without gaps.
            unsafe {
                let source = self.view.data.cast::<u8>().add(row * stride);
                ptr::copy_nonoverlapping(source, target.add(row * row_bytes), row_bytes);
            }
        }
        Ok(matrix)
    }
}

impl Drop for Vectors {
    fn drop(&mut self) {
        // SAFETY: ours alone.
        unsafe { sys::skep_vectors_close(self.handle) }
    }
}

/// Writes rows in the format of the path's extension; what that cannot hold exactly fails the call.
pub fn write_vectors<'a>(
    path: impl AsRef<Path>,
    rows: impl Into<Rows<'a>>,
    call: &CallOptions<'_>,
) -> Result<()> {
    let path = path_text("write vectors", path.as_ref())?;
    let rows = rows.into();
    call.with(|call| {
        // SAFETY: all arguments are borrowed until the call returns.
        check(|error| unsafe { sys::skep_vectors_write(path.as_ptr(), rows.plain(), call, error) })
    })
}

/// Rows as another element type, rounded to its nearest value, ties to even.
pub fn convert<'a>(rows: impl Into<Rows<'a>>, dtype: Dtype) -> Result<Matrix> {
    let rows = rows.into();
    let mut converted = Matrix::zeros(dtype, rows.num_rows(), rows.dim())?;
    let target = converted.plain_mut();
    // SAFETY: target has the shape of rows.
    check(|error| unsafe { sys::skep_vectors_convert(rows.plain(), &target, error) })?;
    Ok(converted)
}

/// The true nearest rows, `[num_queries, k]`, padded with `u32::MAX` and infinity.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct GroundTruth {
    pub ids: Vec<u32>,
    pub distances: Vec<f32>,
}

/// The k nearest base rows of each query by a plain double-precision scan.
pub fn ground_truth<'a, 'b>(
    runtime: &Runtime,
    base: impl Into<Rows<'a>>,
    queries: impl Into<Rows<'b>>,
    metric: Metric,
    k: usize,
    call: &CallOptions<'_>,
) -> Result<GroundTruth> {
    let (base, queries) = (base.into(), queries.into());
    let size = queries.num_rows().checked_mul(k).filter(|&size| size <= isize::MAX as usize / 4);
    let size = size.ok_or_else(|| {
        let text = format!(
            "ground truth: {} queries times k {} exceeds the address space",
            queries.num_rows(),
            k
        );
        Error::client(ErrorKind::LimitExceeded, text)
    })?;
    let mut truth =
        GroundTruth { ids: vec![sys::SKEP_NO_ROW; size], distances: vec![f32::INFINITY; size] };
    call.with(|call| {
        // SAFETY: both arrays have num_queries * k entries.
        check(|error| unsafe {
            sys::skep_ground_truth(
                runtime.handle(),
                base.plain(),
                queries.plain(),
                metric.number(),
                k as u64,
                truth.ids.as_mut_ptr(),
                truth.distances.as_mut_ptr(),
                call,
                error,
            )
        })
    })?;
    Ok(truth)
}

/// Share of the true nearest that was found, averaged over queries. keys, distances: `[num_queries,
/// k]`; true_distances: `[num_queries, truth_k]`, ascending.
pub fn recall(
    num_queries: usize,
    keys: &[u64],
    distances: &[f32],
    true_distances: &[f32],
) -> Result<f64> {
    let width = |length: usize| {
        (num_queries != 0 && length % num_queries == 0).then(|| length / num_queries)
    };
    let shape = (width(keys.len()), width(distances.len()), width(true_distances.len()));
    let (k, truth_k) = match shape {
        (Some(k), Some(same), Some(truth_k)) if k == same => (k, truth_k),
        _ => {
            return Err(Error::invalid(format!(
                "recall: {} keys, {} distances, {} true distances; expected num_queries ({}) times k, the same, and \
                 num_queries times truth_k",
                keys.len(), distances.len(), true_distances.len(), num_queries
            )))
        }
    };
    let mut share = 0.0;
    // SAFETY: the lengths were checked above.
    check(|error| unsafe {
        sys::skep_recall(
            num_queries as u64,
            k as u64,
            keys.as_ptr(),
            distances.as_ptr(),
            truth_k as u64,
            true_distances.as_ptr(),
            &mut share,
            error,
        )
    })?;
    Ok(share)
}
