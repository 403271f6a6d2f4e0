//! `cargo xtask build`: Rust to wasm, wasm to JavaScript, both to the npm tarball.
//!
//! Everything is built anew each time, which takes seconds: a stale package would cost more than it saves.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::run::{cargo, command, node, npm, output, root, run, step, target};
use crate::setup;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the package and returns its tarball.
pub(crate) fn build() -> Result<PathBuf> {
    step("build", || {
        let folder = target().join("npm");
        std::fs::create_dir_all(&folder)?;
        // Two builds at once would write the same files.
        let turn = File::create(folder.join("lock"))?;
        turn.lock()?;
        core()?;
        run(tsc("npm").args(["--noEmit", "false", "--emitDeclarationOnly"]))?;
        run(&mut node("npm/scripts/bundle.mjs"))?;
        output(npm("pack --silent --pack-destination").arg(&folder))?;
        let tarball = folder.join(format!("millpond-{VERSION}.tgz"));
        run(node("npm/scripts/sizes.mjs").arg(&tarball))?;
        Ok(tarball)
    })
}

/// The wasm module and its JavaScript side in `npm/src/wasm`, which the TypeScript sources import.
fn core() -> Result<()> {
    setup::wasm_target()?;
    setup::node()?;
    let mut rustc = cargo("rustc --quiet --package millpond-core");
    rustc.args(["--profile", "npm", "--target", "wasm32-unknown-unknown"]);
    run(rustc.env("CARGO_ENCODED_RUSTFLAGS", rustflags().join("\x1f")))?;
    bind().context("cannot bind the wasm module to JavaScript")?;
    run(&mut node("npm/scripts/core.mjs"))
}

fn rustflags() -> Vec<String> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    // Panics name their source: without this, by where it lies on the machine that built the package.
    let hide = |path: &Path, name| format!("--remap-path-prefix={}={name}", path.display());
    // One page of memory to begin with instead of seventeen: nothing in `state` recurses.
    let mut flags = vec!["-Clink-arg=-zstack-size=32768".to_owned(), hide(root(), "/millpond")];
    flags.extend(cargo.map(|folder| hide(&folder, "/cargo")));
    flags
}

fn bind() -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(target().join("wasm32-unknown-unknown/npm/millpond_core.wasm")).out_name("core").web(true)?;
    // Bundlers would take the default path for an asset to copy; the bytes are inlined instead.
    bindgen.omit_default_module_path(true).typescript(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(root().join("npm/src/wasm"))
}

/// The TypeScript compiler over a project of this repository.
pub(crate) fn tsc(project: &str) -> Command {
    command("node", &format!("npm/node_modules/typescript/bin/tsc -p {project}"))
}
