//! What a fresh machine lacks is installed here where that is safe, one line said for each; for the rest a clear message says what to do.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, command, npm, output, root};

/// The oldest Node the package supports, and so the oldest its build and tests run on.
const NODE: u32 = 20;

const FIREFOXES: [&str; 2] = ["firefox-esr", "firefox"];
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// rustc's library for wasm.
pub(crate) fn wasm_target() -> Result<()> {
    let sysroot = output(&mut command("rustc", "--print sysroot"))?;
    if Path::new(sysroot.trim()).join("lib/rustlib/wasm32-unknown-unknown").exists() {
        return Ok(());
    }
    println!("installing the wasm32-unknown-unknown target (rustup)…");
    rustup("target add wasm32-unknown-unknown")
}

/// rustfmt and clippy.
pub(crate) fn components() -> Result<()> {
    for (component, probe) in [("rustfmt", "fmt --version"), ("clippy", "clippy --version")] {
        if output(&mut cargo(probe)).is_err() {
            println!("installing {component} (rustup)…");
            rustup(&format!("component add {component}"))?;
        }
    }
    Ok(())
}

fn rustup(args: &str) -> Result<()> {
    let done = output(&mut command("rustup", args)).map(drop);
    done.with_context(|| format!("this needs rustup (https://rustup.rs): `rustup {args}`"))
}

/// Node, and the build tools of `npm/` as its lock file has them.
pub(crate) fn node() -> Result<()> {
    let version = output(&mut command("node", "--version"));
    let version = version.with_context(|| format!("Node {NODE} or newer is needed: https://nodejs.org"))?;
    let version = version.trim();
    ensure!(major(version) >= Some(NODE), "Node {NODE} or newer is needed, this is {version}: https://nodejs.org");

    packages("npm", "the build tools of npm/")
}

/// The runtimes beside Node in which the npm package is tried, as `npm/hosts` has them in its lock file.
pub(crate) fn runtimes() -> Result<()> {
    packages("npm/hosts", "Bun and Deno")
}

/// What the package is measured beside, as `npm/bench` has it in its lock file.
pub(crate) fn peers() -> Result<()> {
    packages("npm/bench", "the peers of npm/bench")
}

/// What the lock file of a folder has, unless it is there.
fn packages(folder: &str, what: &str) -> Result<()> {
    let folder = root().join(folder);
    if modified(&folder.join("node_modules/.package-lock.json")) < modified(&folder.join("package-lock.json")) {
        println!("installing {what} (npm ci)…");
        output(npm("ci --no-audit --no-fund").current_dir(folder))?;
    }
    Ok(())
}

/// The major number of a version as Node prints it.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

/// When a file was last written; `None`, the oldest of all, if there is no such file.
fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

/// A browser and its driver.
#[derive(Debug)]
pub(crate) struct Chromium {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

/// Finds Chromium and chromedriver, installing them where that needs nobody's password.
pub(crate) fn chromium() -> Result<Chromium> {
    if let Some(found) = find_chromium() {
        return Ok(found);
    }
    apt_get("chromium chromium-driver")?;
    match find_chromium() {
        Some(found) => Ok(found),
        None => bail!(
            "Chromium and chromedriver are needed here. Install them (Debian: `sudo apt-get install chromium chromium-driver`; \
             macOS: `brew install --cask chromium chromedriver`), or set CHROMIUM and CHROMEDRIVER to where they are"
        ),
    }
}

/// Chromium and chromedriver, if they are there already.
pub(crate) fn find_chromium() -> Option<Chromium> {
    let given = |name| std::env::var_os(name).map(PathBuf::from);
    let browser = given("CHROMIUM").or_else(|| BROWSERS.into_iter().find_map(on_path))?;
    let driver = given("CHROMEDRIVER").or_else(|| on_path("chromedriver"))?;
    Some(Chromium { browser, driver })
}

/// Finds Firefox, installing it where that needs nobody's password.
pub(crate) fn firefox() -> Result<PathBuf> {
    if let Some(found) = find_firefox() {
        return Ok(found);
    }
    apt_get("firefox-esr")?;
    find_firefox().context(
        "Firefox is needed here. Install it (Debian: `sudo apt-get install firefox-esr`; macOS: `brew install --cask firefox@esr`), \
         or set FIREFOX to where it is",
    )
}

fn find_firefox() -> Option<PathBuf> {
    std::env::var_os("FIREFOX").map(PathBuf::from).or_else(|| FIREFOXES.into_iter().find_map(on_path))
}

/// Finds valgrind, installing it where that needs nobody's password; says so if it has to be done without, as on systems that do not have it.
pub(crate) fn valgrind() -> Result<Option<PathBuf>> {
    if on_path("valgrind").is_none() {
        apt_get("valgrind")?;
    }
    let found = on_path("valgrind");
    if found.is_none() {
        println!("no valgrind: instructions are not counted. Install it for that (Debian: `sudo apt-get install valgrind`)");
    }
    Ok(found)
}

/// Debian's packages, where nobody has to be asked; elsewhere nothing.
fn apt_get(packages: &str) -> Result<()> {
    if on_path("apt-get").is_some() && is_root() {
        println!("installing {packages} (apt-get)…");
        output(&mut command("apt-get", "update -qq"))?;
        let mut install = command("apt-get", &format!("install -y -qq --no-install-recommends {packages}"));
        output(install.env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}

fn on_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| file.is_file())
}

fn is_root() -> bool {
    output(&mut command("id", "-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_compare_by_their_major_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert!(major("v18.0.0") < Some(NODE));
        assert!(major("nonsense") < Some(NODE));
    }

    #[test]
    fn a_missing_file_is_older_than_any() {
        assert!(modified(Path::new("no/such/file")) < modified(&root().join("Cargo.toml")));
    }
}
