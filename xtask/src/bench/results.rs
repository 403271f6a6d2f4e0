//! What a run has measured, and on what, as a file: `benches/results.json` is kept in the repository, and the pages are made from it.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::entry::{Area, Entry};
use crate::run::{cargo, command, output, root};
use crate::setup;

/// The results that the README and the docs show.
pub(crate) const KEPT: &str = "benches/results.json";

/// Dependencies of the benches that are no peers.
const TOOLS: [&str; 5] = ["anyhow", "serde_json", "stats_alloc", "esbuild", "playwright-core"];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Results {
    pub(crate) facts: Facts,
    pub(crate) entries: Vec<Entry>,
}

/// Where the figures come from. No date: it would say nothing that the repository's history does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Facts {
    /// Fewer tasks and rounds.
    pub(crate) quick: bool,
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) system: String,
    pub(crate) rustc: String,
    pub(crate) node: String,
    pub(crate) chromium: String,
    /// Each with its version.
    pub(crate) peers: Vec<String>,
}

impl Facts {
    pub(crate) fn find(quick: bool) -> Result<Self> {
        let chromium = setup::find_chromium().map(|found| output(Command::new(found.browser).arg("--version")));
        let mut peers = native_peers()?;
        peers.extend(npm_peers()?);
        peers.sort_unstable();
        Ok(Self {
            quick,
            cpu: cpu(),
            cores: std::thread::available_parallelism()?.get(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            rustc: version(&output(&mut command("rustc", "--version"))?),
            node: version(&output(&mut command("node", "--version"))?),
            chromium: chromium.transpose()?.as_deref().map(version).unwrap_or_default(),
            peers,
        })
    }
}

/// The first number with dots: `rustc 1.95.0 (59807616e 2026-04-14)` → `1.95.0`.
fn version(text: &str) -> String {
    let numbers = text.split_whitespace().map(|word| word.trim_start_matches('v'));
    numbers.into_iter().find(|word| word.starts_with(|char: char| char.is_ascii_digit())).unwrap_or_default().to_owned()
}

fn cpu() -> String {
    let linux = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let model = text.lines().find(|line| line.starts_with("model name"))?;
        Some(model.split_once(':')?.1.to_owned())
    });
    let model = linux.or_else(|| output(&mut command("sysctl", "-n machdep.cpu.brand_string")).ok());
    model.map_or_else(|| "unknown".to_owned(), |model| model.trim().to_owned())
}

fn native_peers() -> Result<Vec<String>> {
    let tree = output(&mut cargo("tree --package millpond-benches --edges normal --depth 1 --prefix none"))?;
    // Ours have their folder in brackets.
    let crates = tree.lines().filter(|line| !line.contains('(')).filter_map(|line| line.split_once(" v"));
    Ok(crates.filter(|(name, _)| !TOOLS.contains(name)).map(|(name, version)| format!("{name} {version}")).collect())
}

fn npm_peers() -> Result<Vec<String>> {
    let file = "npm/bench/package.json";
    let text = std::fs::read_to_string(root().join(file)).with_context(|| format!("cannot read {file}"))?;
    let package: serde_json::Value = serde_json::from_str(&text).with_context(|| format!("cannot read {file}"))?;
    let parts = ["dependencies", "devDependencies"].into_iter().filter_map(|part| package.get(part)?.as_object());
    let peers = parts.flatten().filter(|(name, _)| !TOOLS.contains(&name.as_str()));
    Ok(peers.map(|(name, version)| format!("{name} {}", version.as_str().unwrap_or_default())).collect())
}

impl Results {
    /// Reads the file of a run.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let read = || -> Result<Self> {
            let results: Self = serde_json::from_str(&std::fs::read_to_string(path)?)?;
            results.entries.iter().try_for_each(Entry::check)?;
            Ok(results)
        };
        read().with_context(|| format!("cannot use {}", path.display()))
    }

    /// Writes it with a line for each scenario, so that a change of one is seen as that.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let write = || -> Result<()> {
            let entries = self.entries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?.join(",\n");
            let text = format!("{{\n\"facts\": {},\n\"entries\": [\n{entries}\n]\n}}\n", serde_json::to_string(&self.facts)?);
            Ok(std::fs::write(path, text)?)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }

    /// Takes the areas that were not measured this time from an earlier run, if that was like this one.
    pub(crate) fn complete(&mut self, earlier: Self) -> Result<(), &'static str> {
        if earlier.facts != self.facts {
            return Err("they are of another machine, other versions or another mode");
        }
        let measured: Vec<Area> = self.entries.iter().map(|entry| entry.area).collect();
        self.entries.extend(earlier.entries.into_iter().filter(|entry| !measured.contains(&entry.area)));
        self.entries.sort_by_key(|entry| entry.area);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::entry::tests::{CURVE, POINT, entry};
    use super::*;

    pub(crate) fn results(entries: Vec<Entry>) -> Results {
        let text = |text: &str| text.to_owned();
        let facts = Facts {
            quick: true,
            cpu: text("A CPU"),
            cores: 2,
            system: text("linux x86_64"),
            rustc: text("1.95.0"),
            node: text("20.20.2"),
            chromium: text("156.0.1"),
            peers: vec![text("p-limit 7.3.3"), text("tokio 1.54.1")],
        };
        Results { facts, entries }
    }

    #[test]
    fn versions_are_found_in_what_programs_print() {
        let said =
            ["rustc 1.95.0 (59807616e 2026-04-14)", "v20.20.2\n", "Google Chrome 156.0.8078.73 built on Debian", "none"].map(version);
        assert_eq!(said, ["1.95.0", "20.20.2", "156.0.8078.73", ""]);
    }

    #[test]
    fn a_file_gives_what_was_written() -> Result<()> {
        let file = std::env::temp_dir().join(format!("millpond-results-{}.json", std::process::id()));
        let results = results(vec![entry(POINT, "")?, entry(CURVE, "")?]);
        results.write(&file)?;
        let read = Results::read(&file);
        std::fs::remove_file(&file)?;
        assert_eq!(read?, results);
        Ok(())
    }

    #[test]
    fn areas_that_were_not_measured_are_kept_from_a_like_run() -> Result<()> {
        let of = |area| entry(POINT, "").map(|entry| Entry { area, ..entry });
        let earlier = results(vec![of(Area::Native)?, of(Area::Node)?]);
        let mut now = results(vec![of(Area::Node)?, of(Area::Size)?]);
        assert_eq!(now.complete(earlier.clone()), Ok(()));
        assert_eq!(now.entries.iter().map(|entry| entry.area).collect::<Vec<_>>(), [Area::Native, Area::Node, Area::Size]);

        let mut whole = results(vec![of(Area::Node)?]);
        whole.facts.quick = false;
        assert!(whole.complete(earlier).is_err());
        assert_eq!(whole.entries.len(), 1);
        Ok(())
    }
}
