// SPDX-License-Identifier: MIT
//! The calls of the conformance table, made through this crate.

use std::collections::HashMap;
use std::path::PathBuf;
use std::{env, fs};

use skep::*;

use crate::json::{object, parse, Value};
use crate::values::*;

/// One case: its collections, filters and files by name.
pub struct Calls {
    folder: PathBuf,
    device: String,
    runtime: Runtime,
    triggered: Cancel,
    collections: HashMap<String, Collection>,
    filters: HashMap<String, Filter>,
}

fn text<'a>(step: &'a Value, field: &str, fallback: &'a str) -> &'a str {
    step[field].as_str().unwrap_or(fallback)
}

fn number(step: &Value, field: &str) -> u64 {
    step[field].as_u64().unwrap_or(0)
}

fn flag(step: &Value, field: &str) -> bool {
    step[field].as_bool().unwrap_or(false)
}

fn dtype(step: &Value, field: &str, fallback: Dtype) -> Result<Dtype> {
    step[field].as_str().map_or(Ok(fallback), str::parse)
}

fn texts_of(texts: &ByteList) -> Value {
    Value::List(texts.iter().map(text_of).collect())
}

fn answers_of<'a>(queries: impl Iterator<Item = Answers<'a>>) -> Value {
    let (mut keys, mut distances, mut payloads) = (vec![], vec![], vec![]);
    for answers in queries {
        let hits: Vec<Hit<'_>> = answers.collect();
        keys.push(Value::List(
            hits.iter()
                .map(|hit| match hit.key {
                    Key::U64(key) => Value::from(key.to_string()),
                    Key::Text(text) => text_of(text.as_bytes()),
                })
                .collect(),
        ));
        distances
            .push(Value::List(hits.iter().map(|hit| value_of(f64::from(hit.distance))).collect()));
        payloads.push(Value::List(hits.iter().map(|hit| text_of(hit.payload)).collect()));
    }
    object! { "keys": keys, "distances": distances, "payloads": payloads }
}

/// Past the answers found stands what skep.h says of missing ones.
fn check_missing(hits: &Hits) {
    for query in 0..hits.num_queries {
        for rank in hits.counts[query] as usize..hits.k {
            let position = query * hits.k + rank;
            assert!(hits.keys.is_empty() || hits.keys[position] == u64::MAX);
            assert!(hits.texts.is_empty() || hits.texts.get(position) == Some(&[]));
            assert_eq!(hits.distances[position], f32::INFINITY);
            assert_eq!(hits.payloads.get(position), Some(&[][..]));
        }
    }
}

impl Calls {
    pub fn new(folder: PathBuf) -> Self {
        let triggered = Cancel::new().unwrap();
        triggered.trigger();
        Calls {
            folder,
            device: env::var("SKEP_CONFORMANCE_DEVICE").unwrap_or_else(|_| "cpu".to_owned()),
            runtime: Runtime::new().unwrap(),
            triggered,
            collections: HashMap::new(),
            filters: HashMap::new(),
        }
    }

    /// Whether this device or language has what a word of "requires" asks for.
    pub fn has(&self, requirement: &str) -> bool {
        let device = self.runtime.find_device(&self.device).unwrap();
        match requirement {
            "raw_key_bytes" => true,
            "closed_handles" => false, // what is dropped has no name left
            "range_search" => device.has(Capability::RangeSearch),
            "graph" => device.has(Capability::Graph),
            "graph_transfer" => device.has(Capability::GraphTransfer),
            other => panic!("unknown requirement: {}", other),
        }
    }

    /// The kind of keys that a step's answer has.
    pub fn key_kind(&self, step: &Value) -> KeyKind {
        let name = text(step, "on", "collection");
        self.collections.get(name).map_or(KeyKind::U64, |collection| collection.info().key_kind)
    }

    /// Makes the call of a step and returns its answer.
    pub fn make(&mut self, step: &Value) -> Result<Value> {
        let call = step["call"].as_str().unwrap();
        match call {
            "create" => {
                let made = self.create(step)?;
                self.collections.insert(text(step, "as", "collection").to_owned(), made);
                Ok(object! {})
            }
            "make_filter" => {
                let made = self.make_filter(step)?;
                self.filters.insert(text(step, "as", "filter").to_owned(), made);
                Ok(object! {})
            }
            _ if step.get("file").is_some() => self.make_on_file(call, step),
            "convert"
            | "ground_truth"
            | "recall"
            | "similarity"
            | "find_device"
            | "metric_from_name"
            | "dtype_from_name"
            | "index_kind_from_name" => self.make_on_runtime(call, step),
            "status_name" => Ok(object! { "name": status_name(step["number"].as_u64().unwrap()) }),
            _ => self.make_on_collection(call, step),
        }
    }

    fn create(&self, step: &Value) -> Result<Collection> {
        self.runtime.create(&CollectionOptions {
            metric: text(step, "metric", "l2").parse()?,
            dtype: dtype(step, "dtype", Dtype::F32)?,
            index: text(step, "index", "flat").parse()?,
            key_kind: match text(step, "key_kind", "u64") {
                "u64" => KeyKind::U64,
                _ => KeyKind::Text,
            },
            device: Some(text(step, "device", &self.device)),
            reserve_rows: number(step, "reserve_rows"),
            m: number(step, "m") as u32,
            ef_construction: number(step, "ef_construction") as u32,
            seed: number(step, "seed"),
            ..CollectionOptions::new(number(step, "dim") as usize)
        })
    }

    fn make_filter(&self, step: &Value) -> Result<Filter> {
        let collection = self.collection(step);
        let keys = KeyList::new(&step["keys"], collection.info().key_kind);
        match text(step, "mode", "") {
            "allow" => Filter::allow(collection, keys.keys()),
            _ => Filter::deny(collection, keys.keys()),
        }
    }

    fn make_on_file(&mut self, call: &str, step: &Value) -> Result<Value> {
        let path = self.folder.join(text(step, "file", ""));
        let name = text(step, "as", "collection").to_owned();
        let from_end = number(step, "bytes_from_end") as usize;
        match call {
            "write_file" => fs::write(path, bytes_of(&step["text"])).unwrap(),
            "cut_file" => {
                let bytes = fs::read(&path).unwrap();
                fs::write(path, &bytes[..bytes.len() - from_end]).unwrap();
            }
            "flip_byte" => {
                let mut bytes = fs::read(&path).unwrap();
                let position = bytes.len() - from_end;
                bytes[position] = !bytes[position];
                fs::write(path, bytes).unwrap();
            }
            "save" => self.collection(step).save(path)?,
            "export_hnswlib" => {
                self.collection(step).export_hnswlib(path, &CallOptions::default())?
            }
            "open" => {
                let options = OpenOptions {
                    device: Some(text(step, "device", &self.device)),
                    map: flag(step, "map"),
                    skip_checksums: flag(step, "skip_checksums"),
                    ..OpenOptions::default()
                };
                let opened = self.runtime.open_with(path, &options)?;
                self.collections.insert(name, opened);
            }
            "import_hnswlib" => {
                let options = HnswlibOptions {
                    metric: text(step, "metric", "l2").parse()?,
                    dtype: dtype(step, "dtype", Dtype::F32)?,
                    device: Some(&self.device),
                    ..HnswlibOptions::default()
                };
                let imported = self.runtime.import_hnswlib(path, &options)?;
                self.collections.insert(name, imported);
            }
            "describe" => {
                let described: Value = parse(&describe_file(path)?);
                let fields = described["collection"].as_object().unwrap();
                return Ok(fields
                    .iter()
                    .map(|(field, value)| (format!("collection.{}", field), value.clone()))
                    .collect());
            }
            "write_vectors" => {
                let rows = OwnedRows::new(&step["rows"], dtype(step, "dtype", Dtype::F32)?, 0);
                write_vectors(path, rows.rows(), &CallOptions::default())?;
            }
            "read_vectors" => {
                let vectors = Vectors::open(path)?;
                return Ok(
                    object! { "rows": rows_of(vectors.to_matrix()?.rows()), "dtype": vectors.dtype().to_string() },
                );
            }
            other => panic!("unknown call: {}", other),
        }
        Ok(object! {})
    }

    fn make_on_runtime(&self, call: &str, step: &Value) -> Result<Value> {
        let name = text(step, "name", "");
        Ok(match call {
            "convert" => {
                let rows = OwnedRows::new(&step["rows"], dtype(step, "from", Dtype::F32)?, 0);
                let converted = convert(rows.rows(), dtype(step, "to", Dtype::F32)?)?;
                object! { "rows": rows_of(converted.rows()) }
            }
            "ground_truth" => self.ground_truth(step)?,
            "recall" => {
                let flat = |field: &str| list(&step[field]).iter().flat_map(list);
                let keys: Vec<u64> = flat("keys").map(key_of).collect();
                let distances: Vec<f32> = flat("distances").map(|d| number_of(d) as f32).collect();
                let truth: Vec<f32> = flat("true_distances").map(|d| number_of(d) as f32).collect();
                object! { "recall": recall(list(&step["keys"]).len(), &keys, &distances, &truth)? }
            }
            "similarity" => {
                let distance = number_of(&step["distance"]) as f32;
                let metric = text(step, "metric", "").parse()?;
                object! { "similarity": value_of(f64::from(similarity(metric, distance))) }
            }
            "find_device" => {
                let info = self.runtime.find_device(name)?;
                object! { "id": info.id, "backend": info.backend }
            }
            "metric_from_name" => object! { "name": name.parse::<Metric>()?.to_string() },
            "dtype_from_name" => object! { "name": name.parse::<Dtype>()?.to_string() },
            _ => object! { "name": name.parse::<IndexKind>()?.to_string() },
        })
    }

    fn ground_truth(&self, step: &Value) -> Result<Value> {
        let dtype = dtype(step, "dtype", Dtype::F32)?;
        let base = OwnedRows::new(&step["base"], dtype, 0);
        let queries = OwnedRows::new(&step["queries"], dtype, 0);
        let k = number(step, "k") as usize;
        let metric = text(step, "metric", "").parse()?;
        let call = CallOptions::default();
        let truth = ground_truth(&self.runtime, base.rows(), queries.rows(), metric, k, &call)?;
        let found = |row: &[u32]| row.iter().filter(|&&id| id != u32::MAX).count();
        let (mut ids, mut distances) = (Vec::<Value>::new(), Vec::<Value>::new());
        for (row, far) in truth.ids.chunks(k).zip(truth.distances.chunks(k)) {
            ids.push(Value::from(
                row[..found(row)].iter().map(|&id| f64::from(id)).collect::<Vec<_>>(),
            ));
            distances.push(far[..found(row)].to_vec().into());
        }
        Ok(object! { "ids": ids, "distances": distances })
    }

    fn make_on_collection(&self, call: &str, step: &Value) -> Result<Value> {
        let collection = self.collection(step);
        let info = collection.info();
        let keys = || KeyList::new(&step["keys"], info.key_kind);
        match call {
            "clear" => collection.clear()?,
            "compact" => collection.compact(&CallOptions::default())?,
            "reserve" => collection.reserve(number(step, "num_rows"))?,
            "remove" => collection.remove(keys().keys())?,
            "add" | "upsert" => return self.write(call, collection, step),
            "search" => return self.search(collection, step),
            "range_search" => {
                let dtype = dtype(step, "dtype", info.dtype)?;
                let queries = OwnedRows::new(&step["queries"], dtype, info.dim);
                let radius = number_of(&step["radius"]) as f32;
                let stop = |_, _| false;
                let options = self.search_options(step, &stop);
                let hits = collection.range_search(queries.rows(), radius, &options)?;
                return Ok(answers_of(hits.iter()));
            }
            _ => return self.read(call, collection, step),
        }
        Ok(object! {})
    }

    fn write(&self, call: &str, collection: &Collection, step: &Value) -> Result<Value> {
        let info = collection.info();
        let rows = OwnedRows::new(&step["rows"], dtype(step, "dtype", info.dtype)?, info.dim);
        let payloads: Option<Texts> =
            step.get("payloads").map(|payloads| list(payloads).iter().map(bytes_of).collect());
        let keys = step.get("keys").map(|keys| KeyList::new(keys, info.key_kind));
        let stop = |_, _| false;
        let write = Write {
            keys: keys.as_ref().map(KeyList::keys),
            payloads: payloads.as_ref(),
            call: self.control(step, &stop),
        };
        if call == "upsert" {
            collection.upsert_with(rows.rows(), &write)?;
            return Ok(object! {});
        }
        let first_key = collection.add_with(rows.rows(), &write)?;
        Ok(if keys.is_some() {
            object! {}
        } else {
            object! { "first_key": first_key as f64 }
        })
    }

    fn read(&self, call: &str, collection: &Collection, step: &Value) -> Result<Value> {
        let info = collection.info();
        let keys = || KeyList::new(&step["keys"], info.key_kind);
        Ok(match call {
            "count" => object! { "count": collection.count()? as f64 },
            "keys" if info.key_kind == KeyKind::Text => {
                object! { "keys": texts_of(&collection.text_keys()?) }
            }
            "keys" => {
                let keys = collection.keys()?;
                object! { "keys": keys.iter().map(u64::to_string).collect::<Vec<_>>() }
            }
            "contains" => object! { "found": collection.contains(keys().keys())? },
            "get" => {
                let keys = keys();
                let got = match flag(step, "allow_missing") {
                    true => collection.find(keys.keys())?,
                    false => collection.get(keys.keys())?,
                };
                object! { "rows": rows_of(got.rows.rows()), "payloads": texts_of(&got.payloads), "found": got.found }
            }
            "device" => {
                let device = collection.device()?;
                object! { "id": device.id, "backend": device.backend }
            }
            "info" => {
                object! { "dim": info.dim as f64, "metric": info.metric.to_string(), "dtype": info.dtype.to_string(), "index": info.index.to_string(), "key_kind": if info.key_kind == KeyKind::U64 { "u64" } else { "string" }, "m": f64::from(info.m), "ef_construction": f64::from(info.ef_construction), "seed": info.seed as f64 }
            }
            "stats" => {
                let stats = collection.stats()?;
                object! { "num_rows": stats.num_rows as f64, "num_removed": stats.num_removed as f64, "num_searches": stats.num_searches as f64, "num_linked": stats.num_linked as f64 }
            }
            other => panic!("unknown call: {}", other),
        })
    }

    fn search(&self, collection: &Collection, step: &Value) -> Result<Value> {
        let info = collection.info();
        let dtype = dtype(step, "dtype", info.dtype)?;
        let queries = OwnedRows::new(&step["queries"], dtype, info.dim);
        let stop = |_, _| false;
        let hits = collection.search_with(queries.rows(), &self.search_options(step, &stop))?;
        check_missing(&hits);
        Ok(answers_of(hits.iter()))
    }

    fn search_options<'a>(
        &'a self,
        step: &Value,
        stop: &'a (dyn Fn(u64, u64) -> bool + Sync),
    ) -> SearchOptions<'a> {
        SearchOptions {
            k: number(step, "k") as usize,
            ef_search: number(step, "ef_search") as u32,
            recall: step["recall"].as_f64().unwrap_or(0.0),
            filter: step["filter"].as_str().map(|name| &self.filters[name]),
            payloads: true,
            call: self.control(step, stop),
        }
    }

    fn control<'a>(
        &'a self,
        step: &Value,
        stop: &'a (dyn Fn(u64, u64) -> bool + Sync),
    ) -> CallOptions<'a> {
        match text(step, "control", "") {
            "cancelled" => CallOptions { cancel: Some(&self.triggered), ..CallOptions::default() },
            "progress" => CallOptions { progress: Some(stop), ..CallOptions::default() },
            "expired" => CallOptions {
                timeout: Some(std::time::Duration::from_nanos(1)),
                ..CallOptions::default()
            },
            _ => CallOptions::default(),
        }
    }

    fn collection(&self, step: &Value) -> &Collection {
        &self.collections[text(step, "on", "collection")]
    }
}

/// This crate names statuses through ErrorKind; 0 is no error and has no kind.
fn status_name(number: u64) -> String {
    match number {
        0 => "SKEP_OK".to_owned(),
        other => ErrorKind::Other(other as i32).to_string(),
    }
}
