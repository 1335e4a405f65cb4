// SPDX-License-Identifier: MIT
//! Says where libskep is: SKEP_LIB_DIR, or what pkg-config knows of skep-core, or the linker's own
//! folders.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=SKEP_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rustc-link-lib=dylib=skep");
    if let Some(folder) = env::var("SKEP_LIB_DIR").ok().or_else(folder_of_pkg_config) {
        println!("cargo:rustc-link-search=native={}", folder);
        println!("cargo:lib_dir={}", folder);
    }
}

fn folder_of_pkg_config() -> Option<String> {
    let output =
        Command::new("pkg-config").args(["--variable=libdir", "skep-core"]).output().ok()?;
    let folder = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    if output.status.success() && !folder.is_empty() {
        Some(folder)
    } else {
        None
    }
}
