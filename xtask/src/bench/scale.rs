//! From values to places on a chart.

/// A value beyond this many times the least one asks for a logarithmic axis: the low lines would lie on each other.
const WIDE: f64 = 20.0;

#[derive(Debug)]
pub(crate) struct Scale {
    logarithmic: bool,
    from: f64,
    to: f64,
    /// Where `from` and `to` are drawn.
    ends: (f64, f64),
}

impl Scale {
    /// From the least of the values to the greatest.
    pub(crate) fn logarithmic(values: &[f64], ends: (f64, f64)) -> Self {
        let (from, to) = bounds(values);
        Self { logarithmic: true, from, to, ends }
    }

    /// From zero to the greatest value; over decades, if values lie far apart.
    pub(crate) fn fitting(values: &[f64], ends: (f64, f64)) -> Self {
        let (least, most) = bounds(values);
        if least > 0.0 && most / least > WIDE {
            let (from, to) = (10f64.powf(least.log10().floor()), 10f64.powf(most.log10().ceil()));
            return Self { logarithmic: true, from, to, ends };
        }
        Self { logarithmic: false, from: 0.0, to: most, ends }
    }

    pub(crate) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        let place = |value: f64| if self.logarithmic { value.ln() } else { value };
        let (from, to) = (place(self.from), place(self.to));
        // What is below the axis lies on it.
        let share = if from < to { (place(value.max(self.from)) - from) / (to - from) } else { 0.5 };
        self.ends.0 + share * (self.ends.1 - self.ends.0)
    }

    /// Round values: the decades, or some four steps of 1, 2 or 5.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let decades = (self.to / self.from).log10().round() as i32;
            return (0..=decades).map(|decade| self.from * 10f64.powi(decade)).collect();
        }
        let rough = self.to / 4.0;
        let unit = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0].into_iter().map(|times| times * unit).find(|step| *step >= rough).unwrap_or(10.0 * unit);
        (0..=4).map(|count| f64::from(count) * step).take_while(|tick| *tick <= self.to).collect()
    }
}

fn bounds(values: &[f64]) -> (f64, f64) {
    let bound = |pick: fn(f64, f64) -> f64| values.iter().copied().reduce(pick).unwrap_or(1.0);
    (bound(f64::min), bound(f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_values_are_drawn_from_zero() {
        let scale = Scale::fitting(&[40.0, 100.0], (300.0, 100.0));
        assert_eq!([0.0, 50.0, 100.0].map(|value| scale.at(value)), [300.0, 200.0, 100.0]);
        assert_eq!(scale.ticks(), [0.0, 50.0, 100.0]);
    }

    #[test]
    fn far_values_are_drawn_over_decades() {
        let scale = Scale::fitting(&[3.0, 300.0], (300.0, 0.0));
        assert!(scale.is_logarithmic());
        assert_eq!(scale.ticks(), [1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(scale.at(10.0).round(), 200.0);
    }

    #[test]
    fn a_single_value_is_in_the_middle_and_zeroes_are_drawn() {
        assert_eq!(Scale::logarithmic(&[10.0], (0.0, 100.0)).at(10.0), 50.0);
        assert!(Scale::fitting(&[0.0], (0.0, 100.0)).at(0.0).is_finite());
        assert_eq!(Scale::fitting(&[-1.0, 2.0], (0.0, 100.0)).at(-1.0), 0.0);
    }
}
