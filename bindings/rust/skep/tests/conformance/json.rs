// SPDX-License-Identifier: MIT
//! As much of JSON as the table needs. The crates have no dependencies, not even for tests:
//! fetching one takes the Cargo of Debian 12 a clone of the whole index of crates.io.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Index;

/// A value of JSON. Numbers of the table are exact in an f64; larger keys are texts there.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Value>),
    Object(BTreeMap<String, Value>),
}

static NULL: Value = Value::Null;

impl Value {
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.as_object()?.get(field)
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        self.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0).map(|n| n as u64)
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&Vec<Value>> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn as_object(&self) -> Option<&BTreeMap<String, Value>> {
        match self {
            Value::Object(fields) => Some(fields),
            _ => None,
        }
    }
}

/// A field that is not there is Null.
impl Index<&str> for Value {
    type Output = Value;
    fn index(&self, field: &str) -> &Value {
        self.get(field).unwrap_or(&NULL)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => out.write_str("null"),
            Value::Bool(value) => write!(out, "{}", value),
            Value::Number(value) => write!(out, "{}", value),
            Value::Text(text) => write!(out, "{:?}", text),
            Value::List(items) => {
                let items: Vec<_> = items.iter().map(Value::to_string).collect();
                write!(out, "[{}]", items.join(", "))
            }
            Value::Object(fields) => {
                let fields: Vec<_> =
                    fields.iter().map(|(name, value)| format!("{:?}: {}", name, value)).collect();
                write!(out, "{{{}}}", fields.join(", "))
            }
        }
    }
}

macro_rules! made_from {
    ($($source:ty, $value:ident => $made:expr;)*) => {$(
        impl From<$source> for Value {
            fn from($value: $source) -> Self { $made }
        }
    )*};
}
made_from! {
    bool, value => Value::Bool(value);
    f64, value => Value::Number(value);
    u8, value => Value::Number(f64::from(value));
    f32, value => Value::Number(f64::from(value));
    &str, value => Value::Text(value.to_owned());
    String, value => Value::Text(value);
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Self {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl FromIterator<(String, Value)> for Value {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        Value::Object(fields.into_iter().collect())
    }
}

/// `object! { "count": 3.0 }`.
macro_rules! object {
    ($($name:literal: $value:expr),* $(,)?) => {
        vec![$(($name.to_owned(), $crate::json::Value::from($value))),*]
            .into_iter()
            .collect::<$crate::json::Value>()
    };
}
pub(crate) use object;

/// Panics where the text is no JSON, with the position.
pub fn parse(text: &str) -> Value {
    let mut reader = Reader { text, position: 0 };
    let value = reader.value();
    reader.skip_space();
    assert_eq!(reader.position, text.len(), "text behind the JSON");
    value
}

struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.position..]
    }

    fn skip_space(&mut self) {
        self.position = self.text.len() - self.rest().trim_start().len();
    }

    fn take(&mut self, token: &str) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(token);
        self.position += if is_there { token.len() } else { 0 };
        is_there
    }

    fn expect(&mut self, token: &str) {
        assert!(self.take(token), "expected {} at byte {}", token, self.position);
    }

    fn value(&mut self) -> Value {
        if self.take("null") {
            Value::Null
        } else if self.take("true") {
            Value::Bool(true)
        } else if self.take("false") {
            Value::Bool(false)
        } else if self.take("[") {
            Value::List(self.items("]", Reader::value))
        } else if self.take("{") {
            let field = |reader: &mut Self| {
                reader.expect("\"");
                let name = reader.text_behind_quote();
                reader.expect(":");
                (name, reader.value())
            };
            self.items("}", field).into_iter().collect()
        } else if self.take("\"") {
            Value::Text(self.text_behind_quote())
        } else {
            self.number()
        }
    }

    fn items<T>(&mut self, end: &str, item: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut items = vec![];
        if self.take(end) {
            return items;
        }
        loop {
            items.push(item(self));
            if self.take(end) {
                return items;
            }
            self.expect(",");
        }
    }

    fn number(&mut self) -> Value {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
        let length = self.rest().find(|letter| !is_part(letter)).unwrap_or(self.rest().len());
        let number = self.rest()[..length].parse();
        let number = number.unwrap_or_else(|_| panic!("no value at byte {}", self.position));
        self.position += length;
        Value::Number(number)
    }

    fn text_behind_quote(&mut self) -> String {
        let mut text = String::new();
        loop {
            let letter = self.rest().chars().next().expect("an end of the text");
            self.position += letter.len_utf8();
            match letter {
                '"' => return text,
                '\\' => text.push(self.escaped()),
                other => text.push(other),
            }
        }
    }

    fn escaped(&mut self) -> char {
        let letter = self.rest().chars().next().expect("an escaped letter");
        self.position += letter.len_utf8();
        match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let digits = &self.text[self.position..self.position + 4];
                self.position += 4;
                // The table writes what is beyond four digits as it is.
                char::from_u32(u32::from_str_radix(digits, 16).unwrap()).expect("no half of a pair")
            }
            other => other,
        }
    }
}
