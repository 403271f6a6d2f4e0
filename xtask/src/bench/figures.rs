//! The arithmetic: medians, the middle half, ratios of paired samples, and what a target comes to.

use super::entry::{Entry, Point, Target};

/// The value that half of the samples do not exceed; between two, their mean. Not a number if there is no sample.
pub(crate) fn median(samples: &[f64]) -> f64 {
    quantile(samples, 0.5)
}

/// Where the middle half of the samples begins and ends: a busy machine's outliers do not move it.
pub(crate) fn middle_half(samples: &[f64]) -> (f64, f64) {
    (quantile(samples, 0.25), quantile(samples, 0.75))
}

/// Linear between the two nearest samples.
fn quantile(samples: &[f64], share: f64) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

/// The median of the ratios of samples from the same rounds: what a busy machine does to both cancels out.
pub(crate) fn paired_ratio(of: &[f64], against: &[f64]) -> f64 {
    let ratios: Vec<_> = of.iter().zip(against).map(|(of, against)| of / against).collect();
    median(&ratios)
}

/// The ratio of two peers at a point, if both are there.
pub(crate) fn ratio(point: &Point, of: &str, against: &str) -> Option<f64> {
    Some(paired_ratio(point.samples.get(of)?, point.samples.get(against)?))
}

/// What a target's bound is held against; nothing if it is about a peer or a point that is not there.
pub(crate) fn value(entry: &Entry, target: &Target) -> Option<f64> {
    let at = |at| entry.points.iter().find(|point| point.at == Some(at));
    // At one point: the ratio to the other, or the value itself.
    let level = |point: &Point| match &target.against {
        Some(against) => ratio(point, &target.of, against),
        None => point.samples.get(&target.of).map(|samples| median(samples)),
    };
    match (target.from, target.to) {
        // The growth of a ratio is the ratio of the growths, and its samples are pairs.
        (Some(from), Some(to)) => Some(level(at(to)?)? / level(at(from)?)?),
        _ => level(entry.last()?),
    }
}

/// Whether a value keeps to the target's bound; what is not a number does not.
pub(crate) fn reached(target: &Target, value: f64) -> bool {
    let below = target.at_most.is_some_and(|most| value <= most);
    below || target.at_least.is_some_and(|least| value >= least)
}

/// Whether a peer is better than millpond, by the ratio of millpond to it.
pub(crate) fn ahead(entry: &Entry, ratio: f64) -> bool {
    if entry.more_is_better() { ratio < 1.0 } else { ratio > 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::{CURVE, POINT, entry};
    use super::*;

    #[test]
    fn medians_and_quartiles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
        assert_eq!(middle_half(&[5.0, 1.0, 2.0, 4.0, 3.0]), (2.0, 4.0));
    }

    #[test]
    fn ratios_are_of_pairs() {
        // The medians' ratio would be 0.5.
        assert_eq!(paired_ratio(&[1.0, 2.0, 9.0], &[10.0, 4.0, 1.0]), 0.5);
        assert_eq!(paired_ratio(&[1.0, 10.0, 100.0], &[4.0, 20.0, 100.0]), 0.5);
        assert!(paired_ratio(&[0.0], &[0.0]).is_nan());
    }

    fn verdict(points: &str, target: &str) -> anyhow::Result<(f64, bool)> {
        let entry = entry(points, target)?;
        let mut verdicts = entry.targets.iter().filter_map(|target| value(&entry, target).map(|value| (value, reached(target, value))));
        Ok(verdicts.next_back().unwrap_or((f64::NAN, false)))
    }

    #[test]
    fn targets_of_one_point() -> anyhow::Result<()> {
        assert_eq!(verdict(POINT, r#"{"of": "millpond", "at_most": 5}"#)?, (5.0, true));
        assert_eq!(verdict(POINT, r#"{"of": "millpond", "at_least": 6}"#)?, (5.0, false));
        assert_eq!(verdict(POINT, r#"{"of": "millpond", "against": "other", "at_most": 0.4}"#)?, (0.5, false));
        Ok(())
    }

    #[test]
    fn targets_of_a_curve_are_about_its_end_or_its_growth() -> anyhow::Result<()> {
        assert_eq!(verdict(CURVE, r#"{"of": "millpond", "against": "minimum", "at_most": 1.4}"#)?, (1.5, false));
        assert_eq!(verdict(CURVE, r#"{"of": "millpond", "from": 1000, "to": 1000000, "at_most": 1.5}"#)?, (1.5, true));
        assert_eq!(verdict(CURVE, r#"{"of": "millpond", "against": "minimum", "from": 1000, "to": 1000000, "at_most": 1}"#)?, (0.75, true));
        Ok(())
    }

    #[test]
    fn ahead_is_who_needs_less_unless_more_is_better() -> anyhow::Result<()> {
        let less = entry(POINT, "")?;
        let more = entry(POINT, r#"{"of": "millpond", "at_least": 1}"#)?;
        assert!(ahead(&less, 2.5) && !ahead(&less, 0.5) && !ahead(&less, 1.0));
        assert!(ahead(&more, 0.5) && !ahead(&more, 2.5));
        Ok(())
    }
}
