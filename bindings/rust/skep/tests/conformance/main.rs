// SPDX-License-Identifier: MIT
//! Runs bindings/conformance through this crate, every case of every file.

mod calls;
mod json;
mod values;

use std::path::{Path, PathBuf};
use std::{env, fs};

use calls::Calls;
use json::{parse, Value};
use values::{canonical, list};

fn cases_folder() -> PathBuf {
    env::var_os("SKEP_CONFORMANCE_CASES")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance/cases"))
}

/// Makes one step; the text says what is wrong with it.
fn run_step(calls: &mut Calls, step: &Value) -> Result<(), String> {
    let answer = calls.make(step);
    match (&answer, step.get("error")) {
        (Ok(answer), Some(expected)) => Err(format!("expected {}, got {}", expected, answer)),
        (Err(error), None) => Err(format!("failed: {}", error)),
        (Err(error), Some(expected)) => {
            if expected["status"].as_str() != Some(&error.kind().to_string()) {
                return Err(format!("expected {}, got {}", expected, error.kind()));
            }
            for part in list(&expected["message"]) {
                if !error.message().contains(part.as_str().unwrap()) {
                    return Err(format!("expected {} in '{}'", part, error.message()));
                }
            }
            Ok(())
        }
        (Ok(answer), None) => {
            let kind = calls.key_kind(step);
            let expected = step["expect"].as_object().into_iter().flatten();
            for (field, value) in expected {
                let value = canonical(field, value, kind);
                let found = answer.get(field).map(|found| match field.starts_with("collection.") {
                    true => canonical(field, found, kind),
                    false => found.clone(),
                });
                if found.as_ref() != Some(&value) {
                    return Err(format!("{}: expected {}, got {:?}", field, value, found));
                }
            }
            Ok(())
        }
    }
}

/// None where the case needs what is not there.
fn run_case(body: &Value, folder: PathBuf) -> Option<Result<(), String>> {
    let mut calls = Calls::new(folder);
    let needs = body["requires"].as_array().into_iter().flatten();
    if !needs.map(|word| word.as_str().unwrap()).all(|word| calls.has(word)) {
        return None;
    }
    for step in list(&body["steps"]) {
        if let Err(text) = run_step(&mut calls, step) {
            return Some(Err(format!("{}\n    {}", step, text)));
        }
    }
    Some(Ok(()))
}

#[test]
fn every_case_of_the_table_holds() {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance");
    let (mut failures, mut num_run, mut num_skipped) = (vec![], 0, 0);
    for entry in fs::read_dir(cases_folder()).unwrap() {
        let table: Value = parse(&fs::read_to_string(entry.unwrap().path()).unwrap());
        for body in list(&table["cases"]) {
            let folder = scratch.join(num_run.to_string());
            let _ = fs::remove_dir_all(&folder); // left by an earlier run, or not there
            fs::create_dir_all(&folder).unwrap();
            match run_case(body, folder) {
                None => num_skipped += 1,
                Some(Err(text)) => {
                    failures.push(format!("{}: {}: {}", table["topic"], body["name"], text))
                }
                Some(Ok(())) => {}
            }
            num_run += 1;
        }
    }
    println!("{} cases, {} of them skipped", num_run, num_skipped);
    assert!(num_run > 100, "the table was not found whole");
    assert!(failures.is_empty(), "{} cases failed:\n{}", failures.len(), failures.join("\n"));
}
