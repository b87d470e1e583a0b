//! The times of a FIT file.

/// Times below this count from when the device was switched on.
const ABSOLUTE_S_MIN: u32 = 0x1000_0000;
/// 1989-12-31T00:00:00Z, from which FIT counts, in seconds since 1970.
const EPOCH_S: i64 = 631_065_600;
const MS_PER_SECOND: i64 = 1_000;

/// Turns the times of one file into ours.
#[derive(Default)]
pub(super) struct Clock {
    created_s: Option<u32>,
    first_relative_s: Option<u32>,
}

impl Clock {
    /// Takes note of when the file was created.
    pub(super) fn set_created(&mut self, created_s: Option<u32>) {
        self.created_s = created_s.filter(|created_s| ABSOLUTE_S_MIN <= *created_s);
    }

    /// A time in milliseconds since 1970.
    ///
    /// The first of those that count from when the device was switched on is taken for the time at
    /// which the file was created. `None` where that is not known either.
    pub(super) fn time_ms(&mut self, time_s: u32) -> Option<i64> {
        let absolute_s = if ABSOLUTE_S_MIN <= time_s {
            i64::from(time_s)
        } else {
            let created_s = self.created_s?;
            let first_s = *self.first_relative_s.get_or_insert(time_s);
            i64::from(created_s) + i64::from(time_s) - i64::from(first_s)
        };
        Some((absolute_s + EPOCH_S) * MS_PER_SECOND)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2021-07-20T21:11:20Z.
    const TIME_S: u32 = 995_749_880;
    const TIME_MS: i64 = 1_626_815_480_000;

    #[test]
    fn times_count_from_1989() {
        assert_eq!(Clock::default().time_ms(TIME_S), Some(TIME_MS));
    }

    #[test]
    fn times_since_power_on_begin_when_the_file_was_created() {
        let mut clock = Clock::default();
        clock.set_created(Some(TIME_S));
        assert_eq!(clock.time_ms(500), Some(TIME_MS));
        assert_eq!(clock.time_ms(530), Some(TIME_MS + 30_000));
        assert_eq!(clock.time_ms(499), Some(TIME_MS - 1_000));
    }

    #[test]
    fn times_since_power_on_tell_nothing_by_themselves() {
        let mut clock = Clock::default();
        clock.set_created(Some(17));
        assert_eq!(clock.time_ms(500), None);
    }
}
