//! How far apart sync samples are: a prediction for the next one.

/// The longest of the last few distances between sync samples.
#[derive(Debug, Default)]
pub(crate) struct GopMeter {
    last_90k: Option<i64>,
    recent_90k: [i64; RECENT],
    next: usize,
}

impl GopMeter {
    pub(crate) fn sync_at(&mut self, at_90k: i64) {
        if let Some(last) = self.last_90k.replace(at_90k)
            && let Some(slot) = self.recent_90k.get_mut(self.next)
        {
            *slot = at_90k - last;
            self.next = (self.next + 1) % RECENT;
        }
    }

    /// 0 before two sync samples have been seen.
    pub(crate) fn longest_90k(&self) -> i64 {
        self.recent_90k.iter().copied().max().unwrap_or(0)
    }
}

/// Enough that a splice, which makes one GOP short, does not hide how long the others are.
const RECENT: usize = 8;
