//! `cargo xtask check`: everything that can be told without running a test.

use anyhow::{Result, ensure};

use crate::run::{cargo, root, run, step};
use crate::{bench, links, package, setup, tidy};

const WASM: &str = "--target wasm32-unknown-unknown";

/// Goes through all of them, the quickest first, and fails at the end if one did.
pub(crate) fn check() -> Result<()> {
    setup::components()?;
    setup::wasm_target()?;
    let checks: [(&str, &dyn Fn() -> Result<()>); 11] = [
        ("tidy: the project's own rules", &|| tidy::tidy(root())),
        ("the figures of the README and of docs/performance.md, by benches/results.json", &bench::report::check),
        ("rustfmt", &|| run(&mut cargo("fmt --all --check"))),
        ("clippy, native", &|| clippy("--workspace").and_then(|()| clippy("--package millpond --features metrics,tracing"))),
        ("clippy, wasm", &|| clippy(&format!("--package millpond {WASM}"))),
        ("clippy, wasm core", &|| clippy(&format!("--package millpond-core {WASM}"))),
        ("clippy, wasm page", &|| clippy(&format!("--package millpond-web-page {WASM}"))),
        ("clippy, wasm bench", &|| clippy(&format!("--package millpond-bench-drive {WASM}"))),
        ("rustdoc", &|| run(cargo("doc --quiet --package millpond --no-deps").env("RUSTDOCFLAGS", "-D warnings"))),
        ("links of the README, to files and to what rustdoc made", &links::links),
        ("tsc, on the package, its type tests and the page", &types),
    ];
    let failed: Vec<_> = checks.into_iter().filter(|(title, work)| !passes(title, work)).map(|(title, _)| title).collect();
    ensure!(failed.is_empty(), "failed: {}", failed.join("; "));
    println!("\nall checks passed");
    Ok(())
}

fn passes(title: &str, work: impl FnOnce() -> Result<()>) -> bool {
    step(title, work).inspect_err(|error| eprintln!("error: {error:#}")).is_ok()
}

/// The build checks the package's own sources; who uses it is checked against the types that come out of it.
fn types() -> Result<()> {
    package::build()?;
    ["npm/test/types", "www/jsconfig.json", "examples/web_page/jsconfig.json"]
        .into_iter()
        .try_for_each(|project| run(&mut package::tsc(project)))
}

fn clippy(args: &str) -> Result<()> {
    run(&mut cargo(&format!("clippy --quiet --all-targets {args} -- -D warnings")))
}
