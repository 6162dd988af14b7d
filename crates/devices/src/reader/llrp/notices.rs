//! What a reader tells by itself, kept until an inventory can pass it on.

use std::collections::VecDeque;

/// How many different notices are kept; the oldest go first.
const KEPT: usize = 8;

/// What happened at a reader since the last inventory.
#[derive(Debug, Default)]
pub(super) struct Notices {
    kept: VecDeque<(String, u32)>,
    dropped: u32,
}

impl Notices {
    /// Adds one; the same again is counted.
    pub(super) fn add(&mut self, notice: String) {
        if let Some((_, count)) = self.kept.iter_mut().find(|(known, _)| *known == notice) {
            *count = count.saturating_add(1);
            return;
        }
        if self.kept.len() == KEPT {
            self.kept.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.kept.push_back((notice, 1));
    }

    /// Takes all of them, as they are told.
    pub(super) fn take(&mut self) -> Vec<String> {
        let dropped = std::mem::take(&mut self.dropped);
        let earlier = (dropped > 0).then(|| format!("{dropped} earlier notices not kept"));
        let told = |(notice, count)| if count == 1 { notice } else { format!("{notice} ({count} times)") };
        earlier.into_iter().chain(self.kept.drain(..).map(told)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_counted_and_the_oldest_go_first() {
        let mut notices = Notices::default();
        for n in 0..10 {
            notices.add(format!("notice {n}"));
        }
        notices.add("notice 9".to_owned());
        let told = notices.take();
        assert_eq!((told.len(), &*told[0], &*told[1]), (9, "2 earlier notices not kept", "notice 2"));
        assert_eq!(told[8], "notice 9 (2 times)");
        assert!(notices.take().is_empty());
    }
}
