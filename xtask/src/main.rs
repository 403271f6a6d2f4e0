//! The single entry for people and CI: `cargo xtask demo | test | check | build | bench`.
//!
//! Whatever a fresh machine lacks is set up on the way, see `setup`.

mod bench;
mod check;
mod demo;
mod links;
mod package;
mod run;
mod setup;
mod test;
mod tidy;
mod web_page;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build wasm and the npm package, to target/npm/millpond-<version>.tgz, and print its sizes
    Build,
    /// Format, lints, docs, types and the project's own rules, without running a test
    Check,
    /// Every test: Rust native and in wasm, npm, the installed tarball, every host, the page
    Test {
        /// Run these parts only (may be given several times, or separated by commas)
        #[arg(long, value_enum, value_delimiter = ',')]
        only: Vec<test::Part>,
    },
    /// Build, start loopback servers as several origins, and serve the demo page until Ctrl-C
    Demo(demo::Options),
    /// Measure speed, size and responsiveness beside the peers, and print tables with the targets
    Bench(bench::Options),
    /// Build the example page in Rust (examples/web_page) and serve it until Ctrl-C
    WebPage {
        /// The page's port (default: any free one)
        #[arg(long, default_value_t = 0)]
        port: u16,
    },
    /// What cargo runs wasm test binaries with (see .cargo/config.toml)
    #[command(hide = true)]
    TestRunner {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    match act(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::Build => package::build().map(|_tarball| ExitCode::SUCCESS),
        Task::Check => check::check().map(|()| ExitCode::SUCCESS),
        Task::Test { only } => test::test(&only),
        Task::Demo(options) => demo::demo(&options).map(|()| ExitCode::SUCCESS),
        Task::Bench(options) => bench::bench(&options).map(|()| ExitCode::SUCCESS),
        Task::WebPage { port } => web_page::serve(port).map(|()| ExitCode::SUCCESS),
        Task::TestRunner { args } => test::runner(args).map(|()| ExitCode::SUCCESS),
    }
}
