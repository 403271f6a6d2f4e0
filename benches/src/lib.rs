//! The native benches: millpond beside its peers, each in the shape its own documentation recommends, all doing the same work.
//!
//! ```text
//!  bin/millpond-bench         what is timed      ─┐
//!  bin/millpond-bench-memory  what is allocated  ─┴─> scenarios ─> peers     each runs in turn, round by round
//! ```
//! There are two programs, because an allocator that counts disturbs the clock. Both take the same arguments:
//!
//! ```text
//! millpond-bench [--quick] [<scenario>…]            measures these scenarios, or all
//! millpond-bench list                               the scenarios, and below each its peers
//! millpond-bench once <scenario> <peer> <count>     does the work of one peer once, and prints nothing
//! ```
//!
//! Progress goes to stderr. To stdout goes one line of JSON for each scenario, with one sample for each round and peer: medians, ratios
//! and tables are made elsewhere. Rounds are interleaved: in each of them every peer runs once, in an order that rotates, so that the samples
//! of one round belong together, and what else the machine does meanwhile meets all. The first round is thrown away.
//!
//! `once` is for counting instructions: run it with two counts under `valgrind --tool=callgrind`, and divide the difference of the
//! instructions by the difference of the counts. What comes before and after the tasks is the same in both and falls out. It holds of the scenarios
//! that time everything they do: `tasks-…`, `map-…`, `yield-10`, `priorities` and `manager-tasks`; in the others it counts the preparations as well.

mod cli;
mod meter;
mod peers;
mod plan;
mod rounds;
mod scenario;
mod scenarios;
mod work;

use std::process::ExitCode;

use meter::Counter;
use plan::Plan;
use scenario::Scenario;

/// Measures times.
#[must_use]
pub fn time() -> ExitCode {
    cli::act(scenarios::timed)
}

/// Measures by what an allocator counts: how many allocations there were, given back or not, and how many bytes are in use.
#[must_use]
pub fn memory(allocations: fn() -> usize, bytes: fn() -> usize) -> ExitCode {
    cli::act(|plan| scenarios::counted(plan, Counter(allocations), Counter(bytes)))
}
