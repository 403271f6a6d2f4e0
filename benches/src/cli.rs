//! What a program is told to do.

use std::env::args;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};

use crate::{Plan, Scenario, rounds};

/// Does what the arguments say with the scenarios of a plan.
pub(crate) fn act(scenarios: impl FnOnce(Plan) -> Vec<Scenario>) -> ExitCode {
    match try_to_act(scenarios, &args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn try_to_act(scenarios: impl FnOnce(Plan) -> Vec<Scenario>, args: &[String]) -> Result<()> {
    let (options, words): (Vec<&str>, Vec<&str>) = args.iter().map(String::as_str).partition(|arg| arg.starts_with("--"));
    if let Some(unknown) = options.iter().find(|&&option| option != "--quick") {
        bail!("unknown option {unknown}, there is --quick");
    }
    let scenarios = scenarios(Plan { quick: !options.is_empty() });
    match words.as_slice() {
        ["list"] => list(&scenarios),
        ["once", id, peer, count] => once(find(&scenarios, id)?, peer, count)?,
        ["once", ..] => bail!("usage: once <scenario> <peer> <count>"),
        ids => measure(&scenarios, ids)?,
    }
    Ok(())
}

fn list(scenarios: &[Scenario]) {
    for scenario in scenarios {
        println!("{}", scenario.id);
        scenario.contenders.iter().for_each(|contender| println!("    {}", contender.name));
    }
}

fn once(scenario: &Scenario, peer: &str, count: &str) -> Result<()> {
    let count = count.parse().with_context(|| format!("not a number of tasks: {count}"))?;
    ensure!(count > 0, "no tasks are no work");
    (scenario.contender(peer)?.work)(count).map(drop)
}

fn measure(scenarios: &[Scenario], ids: &[&str]) -> Result<()> {
    ids.iter().try_for_each(|id| find(scenarios, id).map(drop))?;
    scenarios.iter().filter(|scenario| ids.is_empty() || ids.contains(&scenario.id)).try_for_each(rounds::measure)
}

fn find<'a>(scenarios: &'a [Scenario], id: &str) -> Result<&'a Scenario> {
    let known = || scenarios.iter().map(|scenario| scenario.id).collect::<Vec<_>>().join(", ");
    scenarios.iter().find(|scenario| scenario.id == id).with_context(|| format!("there is no scenario {id:?}, there are: {}", known()))
}
