//! How far apart sync samples are: a prediction for the next one.

/// Compares each distance between sync samples with the one before.
#[derive(Debug, Default)]
pub(crate) struct GopMeter {
    last_90k: Option<i64>,
    distance_90k: Option<i64>,
}

impl GopMeter {
    /// There is a sync sample at `at_90k`. Returns how far away the next one will be if they come
    /// regularly; `None` if this one came unexpectedly, as after a splice or at a change of scene: then
    /// nothing is known of the next.
    pub(crate) fn sync_at(&mut self, at_90k: i64) -> Option<i64> {
        let distance_90k = at_90k - self.last_90k.replace(at_90k)?;
        let before_90k = self.distance_90k.replace(distance_90k)?;
        let regular = (distance_90k - before_90k).abs() <= before_90k / 10;
        regular.then_some(distance_90k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_regular_distance_is_expected_again() {
        let mut meter = GopMeter::default();
        let expected = [0, 100, 201, 250, 350, 450].map(|at| meter.sync_at(at));
        assert_eq!(expected, [None, None, Some(101), None, None, Some(100)]);
    }
}
