// SPDX-License-Identifier: MIT
//! What only Rust has to show: sharing between threads, stopping, callbacks.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use skep::*;

const DIM: usize = 8;

fn collection(runtime: &Runtime) -> Collection {
    let options = CollectionOptions { device: Some("cpu"), ..CollectionOptions::new(DIM) };
    runtime.create(&options).unwrap()
}

fn row(key: u64) -> [[f32; DIM]; 1] {
    [[key as f32; DIM]]
}

#[test]
fn handles_can_be_sent_and_shared() {
    fn assert_shared<T: Send + Sync>() {}
    assert_shared::<Runtime>();
    assert_shared::<Collection>();
    assert_shared::<Filter>();
    assert_shared::<Cancel>();
    assert_shared::<Vectors>();
    assert_shared::<Hits>();
    assert_shared::<RangeHits>();
    assert_shared::<Error>();
}

#[test]
fn sixteen_threads_search_while_one_adds() {
    const ROWS: u64 = 400;
    let runtime = Runtime::new().unwrap();
    let collection = collection(&runtime);
    collection.add(&row(0)).unwrap();
    let is_done = AtomicBool::new(false);

    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| loop {
                let newest = collection.count().unwrap() - 1;
                let hits = collection.search(&row(newest), 3).unwrap();
                let nearest = hits.of(0).next().unwrap();
                assert_eq!((nearest.key, nearest.distance), (Key::U64(newest), 0.0));
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
            });
        }
        for key in 1..ROWS {
            collection.add(&row(key)).unwrap();
        }
        is_done.store(true, Ordering::Relaxed);
    });

    assert_eq!(collection.count().unwrap(), ROWS);
}

#[test]
fn a_running_call_stops_when_its_switch_is_triggered() {
    let runtime = Runtime::new().unwrap();
    let cancel = Cancel::new().unwrap();
    let base = vec![1.0_f32; 64 * 40_000];
    let base = Rows::new(&base, 64).unwrap();

    let error = thread::scope(|scope| {
        // Seconds of double-precision work, were it not stopped.
        let call = CallOptions { cancel: Some(&cancel), ..CallOptions::default() };
        let runtime = &runtime;
        let running = scope.spawn(move || ground_truth(runtime, base, base, Metric::L2, 1, &call));
        thread::sleep(Duration::from_millis(20));
        cancel.trigger();
        running.join().unwrap().unwrap_err()
    });

    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_panic_in_progress_stops_the_call() {
    let runtime = Runtime::new().unwrap();
    let collection = collection(&runtime);
    let panics = |_, _| panic!("no more");
    let call = CallOptions { progress: Some(&panics), ..CallOptions::default() };

    let failed =
        collection.search_with(&row(1), &SearchOptions { call, ..SearchOptions::default() });

    assert_eq!(failed.err().unwrap().kind(), ErrorKind::Cancelled);
}

#[test]
fn callbacks_live_until_the_last_that_may_call_them() {
    let lines = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lines);
    let options =
        RuntimeOptions::new().builtin_only().num_threads(1).log(LogLevel::Debug, move |_, _, _| {
            counted.fetch_add(1, Ordering::Relaxed);
        });
    let runtime = Runtime::with(options).unwrap();
    let collection = collection(&runtime);
    let filter = Filter::deny(&collection, &[1_u64]).unwrap();
    assert!(lines.load(Ordering::Relaxed) > 0);

    drop(runtime);
    drop(collection);
    assert_eq!(Arc::strong_count(&lines), 2);
    drop(filter);
    assert_eq!(Arc::strong_count(&lines), 1);
}

#[test]
fn rows_that_do_not_divide_are_refused() {
    let error = Rows::new(&[1.0_f32, 2.0, 3.0], 2).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::DimensionMismatch);
    assert!(error.message().contains("3 components"));
    assert!(Rows::new(&[1.0_f32], 0).is_err());
    assert!(recall(1, &[1, 2], &[0.0], &[0.0, 1.0]).is_err());
}

#[test]
fn a_recall_can_be_asked_for() {
    let runtime = Runtime::new().unwrap();
    let options = CollectionOptions {
        index: IndexKind::Hnsw,
        device: Some("cpu"),
        ..CollectionOptions::new(1)
    };
    let collection = runtime.create(&options).unwrap();
    let rows = [[0.0_f32], [10.0], [20.0], [30.0]];
    collection.add(&rows).unwrap();
    let call = CallOptions::default();

    assert!(collection.calibrate(2, 1.0, Some(Rows::from(&rows)), &call).unwrap() >= 2);
    let options = SearchOptions { k: 2, recall: 1.0, ..SearchOptions::default() };
    let hits = collection.search_with(&[[12.0_f32]], &options).unwrap();
    assert_eq!(hits.keys, [1, 2]);
    let refused = collection.calibrate(2, 1.5, None, &call).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidArgument);
}
