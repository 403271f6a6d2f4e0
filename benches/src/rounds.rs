//! Rounds: in each of them every contender runs once, in an order that rotates from round to round.

use anyhow::{Context, Result};

use crate::scenario::{Contender, Point, Scenario};

/// Below so many tasks the work is repeated within a round: a few microseconds are no time.
const FEW: u64 = 100_000;

/// Measures a scenario and prints its line.
pub(crate) fn measure(scenario: &Scenario) -> Result<()> {
    let samples = scenario.points.iter().map(|&point| measure_point(scenario, point)).collect::<Result<Vec<_>>>()?;
    println!("{}", scenario.line(&samples));
    Ok(())
}

/// The samples of each contender, one for each round.
fn measure_point(scenario: &Scenario, point: Point) -> Result<Vec<Vec<f64>>> {
    let mut samples = vec![Vec::new(); scenario.contenders.len()];
    // The first round warms up, and is thrown away.
    for round in 0..=point.rounds {
        eprint!("\r{}: round {round} of {} ", scenario.label(point.at), point.rounds);
        let mut everyone = scenario.contenders.iter().zip(&mut samples).collect::<Vec<_>>();
        let first = round as usize % everyone.len();
        everyone.rotate_left(first);
        for (contender, samples) in everyone {
            let sample = sample(contender, point.at).with_context(|| format!("{}: {}", scenario.id, contender.name))?;
            samples.extend((round > 0).then_some(sample));
        }
    }
    eprintln!();
    for (contender, samples) in scenario.contenders.iter().zip(&samples) {
        eprintln!("{:>12.2} {:<14} {}", median(samples), scenario.unit, contender.name);
    }
    Ok(samples)
}

fn sample(contender: &Contender, count: u64) -> Result<f64> {
    let repeats = (FEW / count.max(1)).max(1);
    let costs = (0..repeats).map(|_| (contender.work)(count)).sum::<Result<f64>>()?;
    Ok(costs / repeats as f64)
}

/// For who watches only.
fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
