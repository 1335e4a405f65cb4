// SPDX-License-Identifier: MIT
//! Handles that come and go leave no memory. A process of its own: other tests would be seen.

use std::fs;

use skep::*;

fn resident_pages() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn handles_that_come_and_go_leave_no_memory() {
    let row = [[1.0_f32; 8]];
    let cycle = || {
        let runtime = Runtime::with(RuntimeOptions::new().builtin_only()).unwrap();
        let collection = runtime.create(&CollectionOptions::new(8)).unwrap();
        collection.add(&row).unwrap();
        let filter = Filter::allow(&collection, &[0_u64]).unwrap();
        let options =
            SearchOptions { filter: Some(&filter), payloads: true, ..SearchOptions::default() };
        collection.search_with(&row, &options).unwrap();
        collection.range_search(&row, 1.0, &options).unwrap();
        collection.get(&[0_u64]).unwrap();
    };
    (0..30).for_each(|_| cycle());
    let before = resident_pages();

    (0..300).for_each(|_| cycle());

    // A leak of one row, key table or stack per cycle would be several pages each.
    assert!(resident_pages() < before + 300);
}
