// SPDX-License-Identifier: MIT
//! Values of the conformance table (bindings/conformance/README.md) as Rust, and in one canonical
//! form in which an answer and an expectation can be compared.

use crate::json::Value;
use skep::{convert, Bf16, Dtype, KeyKind, Keys, Rows, Texts, F16};

/// The bytes of a text, a {"hex"} or a {"repeat", "times"}.
pub fn bytes_of(value: &Value) -> Vec<u8> {
    if let Some(text) = value.as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(hex) = value["hex"].as_str() {
        let digits = hex.as_bytes().chunks(2);
        return digits
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
    }
    value["repeat"].as_str().unwrap().repeat(value["times"].as_u64().unwrap() as usize).into_bytes()
}

/// A component or distance: a number, "nan", "inf" or "-inf".
pub fn number_of(value: &Value) -> f64 {
    match value.as_str() {
        None => value.as_f64().unwrap(),
        Some("inf") => f64::INFINITY,
        Some("-inf") => f64::NEG_INFINITY,
        Some("nan") => f64::NAN,
        Some(other) => panic!("no number: {}", other),
    }
}

pub fn value_of(number: f64) -> Value {
    if number.is_nan() {
        Value::from("nan")
    } else if number.is_infinite() {
        Value::from(if number < 0.0 { "-inf" } else { "inf" })
    } else {
        Value::from(number)
    }
}

/// A u64 key: a number, or a text of digits.
pub fn key_of(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

/// Keys of one call.
pub enum KeyList {
    Numbers(Vec<u64>),
    Texts(Texts),
}

impl KeyList {
    pub fn new(keys: &Value, kind: KeyKind) -> Self {
        match kind {
            KeyKind::U64 => KeyList::Numbers(list(keys).iter().map(key_of).collect()),
            KeyKind::Text => KeyList::Texts(list(keys).iter().map(bytes_of).collect()),
        }
    }

    pub fn keys(&self) -> Keys<'_> {
        match self {
            KeyList::Numbers(numbers) => numbers.into(),
            KeyList::Texts(texts) => texts.into(),
        }
    }
}

/// Components of an element type.
pub enum Components {
    F32(Vec<f32>),
    F16(Vec<F16>),
    Bf16(Vec<Bf16>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    I32(Vec<i32>),
}

/// Rows that own their components.
pub struct OwnedRows {
    components: Components,
    dim: usize,
}

// Infinity, with the sign and the NaN bit of a number: what conversion refuses must still reach the
// call under test.
fn bits_of_not_finite(number: f32, infinity: u16) -> u16 {
    let sign = if number < 0.0 { 0x8000 } else { 0 };
    infinity | sign | u16::from(number.is_nan())
}

fn f16_of(number: f32) -> F16 {
    if !number.is_finite() {
        return F16(bits_of_not_finite(number, 0x7C00));
    }
    convert(&[[number]], Dtype::F16).unwrap().row::<F16>(0).unwrap()[0]
}

fn bf16_of(number: f32) -> Bf16 {
    if !number.is_finite() {
        return Bf16(bits_of_not_finite(number, 0x7F80));
    }
    convert(&[[number]], Dtype::Bf16).unwrap().row::<Bf16>(0).unwrap()[0]
}

impl OwnedRows {
    /// dim: of an empty list.
    pub fn new(rows: &Value, dtype: Dtype, dim: usize) -> Self {
        let rows = list(rows);
        let dim = rows.first().map_or(dim, |row| list(row).len());
        let numbers = || rows.iter().flat_map(list).map(number_of);
        let components = match dtype {
            Dtype::F32 => Components::F32(numbers().map(|number| number as f32).collect()),
            Dtype::F16 => Components::F16(numbers().map(|number| f16_of(number as f32)).collect()),
            Dtype::Bf16 => {
                Components::Bf16(numbers().map(|number| bf16_of(number as f32)).collect())
            }
            Dtype::I8 => Components::I8(numbers().map(|number| number as i8).collect()),
            Dtype::U8 => Components::U8(numbers().map(|number| number as u8).collect()),
            Dtype::I32 => Components::I32(numbers().map(|number| number as i32).collect()),
        };
        OwnedRows { components, dim }
    }

    pub fn rows(&self) -> Rows<'_> {
        match &self.components {
            Components::F32(components) => Rows::new(components, self.dim),
            Components::F16(components) => Rows::new(components, self.dim),
            Components::Bf16(components) => Rows::new(components, self.dim),
            Components::I8(components) => Rows::new(components, self.dim),
            Components::U8(components) => Rows::new(components, self.dim),
            Components::I32(components) => Rows::new(components, self.dim),
        }
        .unwrap()
    }
}

/// The components of rows, row by row.
pub fn rows_of(rows: Rows<'_>) -> Value {
    let numbers: Vec<f64> = match rows.dtype() {
        Dtype::F32 => rows.components::<f32>().unwrap().iter().map(|&n| f64::from(n)).collect(),
        Dtype::I8 => rows.components::<i8>().unwrap().iter().map(|&n| f64::from(n)).collect(),
        Dtype::U8 => rows.components::<u8>().unwrap().iter().map(|&n| f64::from(n)).collect(),
        Dtype::I32 => rows.components::<i32>().unwrap().iter().map(|&n| f64::from(n)).collect(),
        Dtype::F16 | Dtype::Bf16 => return rows_of(convert(rows, Dtype::F32).unwrap().rows()),
    };
    let of_row = |row: &[f64]| Value::List(row.iter().map(|&number| value_of(number)).collect());
    Value::List(numbers.chunks(rows.dim().max(1)).map(of_row).collect())
}

/// Bytes as a value that compares with canonical ones.
pub fn text_of(bytes: &[u8]) -> Value {
    Value::List(bytes.iter().map(|&byte| Value::from(byte)).collect())
}

/// `field` of an expectation: numbers as f64 (distances rounded to f32), texts as their bytes, u64
/// keys as their digits.
pub fn canonical(field: &str, value: &Value, kind: KeyKind) -> Value {
    if let Some(items) = value.as_array() {
        return Value::List(items.iter().map(|item| canonical(field, item, kind)).collect());
    }
    match field {
        "keys" if kind == KeyKind::U64 => Value::from(key_of(value).to_string()),
        "keys" | "payloads" => text_of(&bytes_of(value)),
        "distances" | "similarity" => value_of(f64::from(number_of(value) as f32)),
        "rows" => value_of(number_of(value)),
        _ if value.as_f64().is_some() => Value::from(value.as_f64().unwrap()),
        _ => value.clone(),
    }
}
