// SPDX-License-Identifier: MIT
//! Rows: borrowed ([`Rows`]) or owned ([`Matrix`]), of any element type.

use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::os::raw::c_void;

use skep_sys as sys;

use crate::{Dtype, Error, ErrorKind, Result};

/// The bits of an IEEE binary16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct F16(pub u16);

/// The bits of a bfloat16: the upper half of an `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bf16(pub u16);

/// A type that rows may be made of.
///
/// # Safety
/// The type has the layout of `DTYPE` in skep.h and every bit pattern is a value.
pub unsafe trait Element: Copy + 'static {
    /// Its name in skep.h.
    const DTYPE: Dtype;
}

macro_rules! elements {
    ($($element:ty => $dtype:ident,)*) => {$(
        // SAFETY: plain numbers of the size that skep.h gives.
        unsafe impl Element for $element {
            const DTYPE: Dtype = Dtype::$dtype;
        }
    )*};
}
elements! { f32 => F32, F16 => F16, Bf16 => Bf16, i8 => I8, u8 => U8, i32 => I32, }

pub(crate) fn element_size(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 | Dtype::I32 => 4,
        Dtype::F16 | Dtype::Bf16 => 2,
        Dtype::I8 | Dtype::U8 => 1,
    }
}

/// A borrowed row-major matrix `[num_rows, dim]` of any element type.
///
/// ```
/// let flat = [1.0_f32, 2.0, 3.0, 4.0];
/// assert_eq!(skep::Rows::new(&flat, 2).unwrap().num_rows(), 2);
/// assert_eq!(skep::Rows::from(&[[1_u8, 2, 3]]).dim(), 3);
/// ```
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    plain: sys::skep_matrix,
    _data: PhantomData<&'a [u8]>,
}

// SAFETY: a shared borrow of plain numbers.
unsafe impl Send for Rows<'_> {}
unsafe impl Sync for Rows<'_> {}

impl<'a> Rows<'a> {
    /// Rows of `dim` components each. No components are no rows.
    pub fn new<T: Element>(components: &'a [T], dim: usize) -> Result<Self> {
        if (dim == 0 && !components.is_empty()) || (dim != 0 && components.len() % dim != 0) {
            return Err(Error::client(
                ErrorKind::DimensionMismatch,
                format!("rows: {} components do not divide into rows of {}", components.len(), dim),
            ));
        }
        let num_rows = components.len().checked_div(dim).unwrap_or(0);
        let dim = u32::try_from(dim).map_err(|_| {
            Error::client(
                ErrorKind::InvalidDimension,
                format!("rows: dim is {}; expected 1 to {}", dim, sys::SKEP_MAX_DIM),
            )
        })?;
        // SAFETY: the slice holds num_rows * dim elements.
        Ok(unsafe { Rows::from_raw(T::DTYPE, components.as_ptr().cast(), num_rows, dim) })
    }

    /// # Safety
    /// `data` holds that many dense elements of `dtype` for the lifetime of the result.
    pub(crate) unsafe fn from_raw(
        dtype: Dtype,
        data: *const c_void,
        num_rows: usize,
        dim: u32,
    ) -> Self {
        Rows {
            plain: sys::skep_matrix {
                struct_size: size_of::<sys::skep_matrix>() as u32,
                dtype: dtype.number(),
                memory_kind: sys::SKEP_MEMORY_HOST,
                memory_device_id: 0,
                num_rows: num_rows as u64,
                dim,
                reserved: 0,
                row_stride_bytes: 0,
                data,
            },
            _data: PhantomData,
        }
    }

    /// How many rows.
    pub fn num_rows(&self) -> usize {
        self.plain.num_rows as usize
    }

    /// Components of a row.
    pub fn dim(&self) -> usize {
        self.plain.dim as usize
    }

    /// The type of a component.
    pub fn dtype(&self) -> Dtype {
        // Made from a Dtype, all of them.
        Dtype::from_number(self.plain.dtype).unwrap_or(Dtype::F32)
    }

    /// All components, row by row; None where T is not the type of these rows.
    pub fn components<T: Element>(&self) -> Option<&'a [T]> {
        let num_components = self.num_rows() * self.dim();
        if T::DTYPE != self.dtype() || self.plain.data as usize % align_of::<T>() != 0 {
            return None;
        }
        if num_components == 0 {
            return Some(&[]);
        }
        // SAFETY: dense, aligned, of this type, and borrowed for 'a.
        Some(unsafe { std::slice::from_raw_parts(self.plain.data.cast(), num_components) })
    }

    pub(crate) fn plain(&self) -> &sys::skep_matrix {
        &self.plain
    }
}

impl<'a, T: Element, const DIM: usize> From<&'a [[T; DIM]]> for Rows<'a> {
    fn from(rows: &'a [[T; DIM]]) -> Self {
        // SAFETY: arrays of arrays are dense. A DIM beyond u32 is refused by libskep, as 0 is.
        unsafe {
            let dim = u32::try_from(DIM).unwrap_or(u32::MAX);
            Rows::from_raw(T::DTYPE, rows.as_ptr().cast(), rows.len(), dim)
        }
    }
}

impl<'a, T: Element, const DIM: usize, const NUM_ROWS: usize> From<&'a [[T; DIM]; NUM_ROWS]>
    for Rows<'a>
{
    fn from(rows: &'a [[T; DIM]; NUM_ROWS]) -> Self {
        Rows::from(&rows[..])
    }
}

/// Rows that Skep has written: dense, `[num_rows, dim]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    dtype: Dtype,
    num_rows: usize,
    dim: usize,
    words: Vec<u32>, // aligned for every element type
}

impl Matrix {
    pub(crate) fn zeros(dtype: Dtype, num_rows: usize, dim: usize) -> Result<Self> {
        let num_bytes = num_rows
            .checked_mul(dim)
            .and_then(|components| components.checked_mul(element_size(dtype)))
            .ok_or_else(|| {
                Error::client(
                    ErrorKind::LimitExceeded,
                    format!("matrix: {} rows of {} exceed the address space", num_rows, dim),
                )
            })?;
        Ok(Matrix { dtype, num_rows, dim, words: vec![0; num_bytes / 4 + 1] })
    }

    /// As an argument.
    pub fn rows(&self) -> Rows<'_> {
        // SAFETY: words holds all components.
        unsafe {
            Rows::from_raw(self.dtype, self.words.as_ptr().cast(), self.num_rows, self.dim as u32)
        }
    }

    /// One row; None where T is not the type of these rows, or there is no such row.
    pub fn row<T: Element>(&self, index: usize) -> Option<&[T]> {
        let start = index.checked_mul(self.dim)?;
        self.rows().components()?.get(start..start + self.dim)
    }

    pub(crate) fn plain_mut(&mut self) -> sys::skep_mutable_matrix {
        sys::skep_mutable_matrix {
            struct_size: size_of::<sys::skep_mutable_matrix>() as u32,
            dtype: self.dtype.number(),
            memory_kind: sys::SKEP_MEMORY_HOST,
            memory_device_id: 0,
            num_rows: self.num_rows as u64,
            dim: self.dim as u32,
            reserved: 0,
            row_stride_bytes: 0,
            data: self.words.as_mut_ptr().cast(),
        }
    }
}
