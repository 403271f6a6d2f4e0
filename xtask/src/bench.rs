//! `cargo xtask bench`: how fast, how big and how responsive millpond is beside its peers.
//!
//! The programs that measure print samples; everything that is made of them is made here:
//!
//! ```text
//!  programs, callgrind ─> entry ─> figures ─> rivals, say ─> table            on the terminal
//!                           └────> results (benches/results.json) ─> report ─> README, docs/performance.md and its charts
//! ```

mod bars;
mod callgrind;
mod curves;
mod entry;
mod figures;
mod page;
mod programs;
mod readme;
pub(crate) mod report;
mod results;
mod rivals;
mod say;
mod scale;
mod svg;
mod table;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::setup;
use entry::{Area, Entry};
use results::{Facts, Results};

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Measure these areas only (may be given several times, or separated by commas)
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Area>,
    /// Fewer tasks and rounds: to see that it works, not to quote
    #[arg(long)]
    quick: bool,
    /// Write what was measured to this file; areas not measured now stay in it, if they were measured in the same way on the same machine
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Measure nothing: make the README's table, docs/performance.md and its charts from this file
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = results::KEPT, conflicts_with_all = ["only", "quick", "json"])]
    report: Option<PathBuf>,
}

/// Measures the areas asked for (all, if none is named). A missed target is no failure: this is a measurement, not a test.
pub(crate) fn bench(options: &Options) -> Result<()> {
    match &options.report {
        Some(file) => report::write(file),
        None => measure(options),
    }
}

fn measure(options: &Options) -> Result<()> {
    let asked = |area: &Area| options.only.is_empty() || options.only.contains(area);
    let areas: Vec<_> = Area::value_variants().iter().copied().filter(asked).collect();
    if areas.iter().any(|area| matches!(area, Area::Browser | Area::Drive)) {
        setup::chromium()?;
    }
    let facts = Facts::find(options.quick)?;
    let (mut all, mut failed) = (Vec::new(), Vec::new());
    for area in areas {
        println!("\n==== {}: {}", area.name(), area.about());
        match programs::measure(area, options.quick) {
            Ok(entries) => {
                entries.iter().for_each(show);
                // At once: what a later area does must not lose it.
                options.json.as_deref().map_or(Ok(()), |file| save(file, Results { facts: facts.clone(), entries: entries.clone() }))?;
                all.extend(entries);
            }
            Err(error) => {
                eprintln!("error: {}: {error:#}", area.name());
                failed.push(area.name());
            }
        }
    }
    sum_up(&all);
    ensure!(failed.is_empty(), "failed: {}", failed.join(", "));
    Ok(())
}

/// A scenario and its targets, as text.
fn show(entry: &Entry) {
    println!("\n{} {}: {}\n{}\n", entry.area.name(), entry.id, entry.title, say::paragraph(&entry.says));
    print!("{}", table::of(entry).text());
    for verdict in say::verdicts(entry) {
        println!("  {:<12} {}", verdict.word(), verdict.text());
    }
}

fn sum_up(entries: &[Entry]) {
    let verdicts: Vec<_> = entries.iter().flat_map(|entry| say::verdicts(entry).into_iter().map(move |verdict| (entry, verdict))).collect();
    let missed: Vec<_> = verdicts.iter().filter(|(_, verdict)| !verdict.reached).collect();
    println!("\nMedians; {} is better than millpond. Ratios are medians of those of the same round.", say::AHEAD);
    println!("targets: {} of {} reached", verdicts.len() - missed.len(), verdicts.len());
    for (entry, verdict) in missed {
        println!("  NOT reached: {} {}: {}", entry.area.name(), entry.id, verdict.text());
    }
}

fn save(file: &Path, mut results: Results) -> Result<()> {
    if file.exists()
        && let Err(why) = results.complete(Results::read(file)?)
    {
        println!("\nthe results in {} are given up: {why}", file.display());
    }
    results.write(file)
}
